#pragma once

#include <cstdint>
#include <limits>

namespace thunderline {

/// Mixes a seed with the number of a stream, so that streams of one seed are independent
/// (SplitMix64's finaliser, Steele et al. 2014). Range: any; same in, same out, on every machine.
uint64_t derive_seed(uint64_t seed, uint64_t stream);

/// A seeded source of random numbers, xoshiro256++ (Blackman and Vigna 2019), for everything whose
/// exact sequence no specification names. Same seed, same numbers, on every machine. Satisfies
/// UniformRandomBitGenerator, but prefer the members: the standard's distributions differ by library.
/// Thread-safety: one thread.
class Random {
 public:
  using result_type = uint64_t;

  explicit Random(uint64_t seed);

  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return std::numeric_limits<uint64_t>::max(); }
  uint64_t operator()();

  /// Uniform in [0, 1), 53 bits.
  double unit();

  /// Uniform in [0, bound), without bias. Precondition: bound > 0.
  uint64_t below(uint64_t bound);

  /// Standard normal (Box–Muller, one of the pair).
  double normal();

 private:
  uint64_t state_[4];
};

/// A seed from the operating system, for where no seed was asked for.
uint64_t entropy_seed();

}  // namespace thunderline
