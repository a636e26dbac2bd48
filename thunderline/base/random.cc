#include "thunderline/base/random.h"

#include <bit>
#include <cmath>
#include <numbers>
#include <random>

namespace thunderline {
namespace {

uint64_t split_mix(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

uint64_t derive_seed(uint64_t seed, uint64_t stream) {
  uint64_t state = seed;
  const uint64_t mixed = split_mix(state);
  state = mixed ^ (stream * 0xd1342543de82ef95ULL + 1);
  return split_mix(state);
}

Random::Random(uint64_t seed) {
  for (uint64_t& word : state_) word = split_mix(seed);
}

uint64_t Random::operator()() {
  const uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double Random::unit() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

uint64_t Random::below(uint64_t bound) {
  // Values under the remainder would make the low results likelier: draw again.
  const uint64_t remainder = (0 - bound) % bound;
  uint64_t value = (*this)();
  while (value < remainder) value = (*this)();
  return value % bound;
}

double Random::normal() {
  const double u = 1.0 - unit();
  const double v = unit();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

uint64_t entropy_seed() {
  std::random_device device;
  return (static_cast<uint64_t>(device()) << 32) | device();
}

}  // namespace thunderline
