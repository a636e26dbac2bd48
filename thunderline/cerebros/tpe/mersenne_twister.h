#pragma once

#include <cstdint>
#include <random>

namespace thunderline::cerebros::tpe {

/// The random numbers of NumPy's `RandomState(seed)`, on which Optuna's samplers stand: MT19937
/// seeded by init_genrand (Matsumoto and Nishimura 1998; `std::mt19937` is the same generator).
/// Thread-safety: one thread.
class MersenneTwister {
 public:
  explicit MersenneTwister(uint32_t seed) : engine_(seed) {}

  /// Uniform in [0, 1) with 53 bits, from two words (genrand_res53).
  double unit() {
    const uint64_t high = engine_() >> 5;
    const uint64_t low = engine_() >> 6;
    return static_cast<double>((high << 26) | low) * 0x1.0p-53;
  }

 private:
  std::mt19937 engine_;
};

}  // namespace thunderline::cerebros::tpe
