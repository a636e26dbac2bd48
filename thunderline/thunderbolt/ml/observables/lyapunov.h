#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline::thunderbolt {

/// How Rosenstein's method reads a series.
struct RosensteinOptions {
  /// Samples in an embedded state, (x_t, x_{t+lag}, …). Range: ≥ 1 each.
  size_t dimension = 3;
  size_t lag = 1;
  /// Neighbours must be more than this many samples apart in time (about the mean period).
  size_t exclusion = 8;
  /// The line is fitted to the mean log distance after fit_begin … fit_end samples.
  /// Range: fit_begin < fit_end.
  size_t fit_begin = 0;
  size_t fit_end = 4;
  /// Time between samples; the exponent is per unit of it. Range: > 0.
  double sample_time = 1.0;
};

/// What came of it.
struct RosensteinFit {
  double exponent = 0.0;           ///< Largest Lyapunov exponent. Units: nats per unit of time.
  std::vector<double> divergence;  ///< Mean ln distance after k samples. Shapes: [fit_end + 1].
};

/// The largest finite-time Lyapunov exponent of a recorded series: each embedded state's nearest
/// neighbour is followed, and the slope of the mean log distance against time is the exponent. Pairs
/// that come to within rounding of each other are left out of the mean at that time.
/// It overestimates on noise: independent values look chaotic (compare with surrogates).
/// Errors: kInvalidArgument for options out of range, samples that are not finite, and a series too
/// short for them; kBadData when no pair is left to follow (a constant or exactly periodic series).
/// Cost: O(samples² · dimension) at worst; neighbours are looked for in order of one coordinate.
/// Source: Rosenstein, Collins and De Luca 1993, "A practical method for calculating largest Lyapunov
/// exponents from small data sets".
Result<RosensteinFit> rosenstein(std::span<const double> series, const RosensteinOptions& options);

/// One step of a known map and of its derivative along the orbit: writes f(x) to `next_state` and the
/// Jacobian-vector product J_f(x)·v to `next_tangent`. Shapes: all [n].
using JvpStep =
    std::function<void(std::span<const double> state, std::span<const double> tangent,
                       std::span<double> next_state, std::span<double> next_tangent)>;

struct JvpOptions {
  size_t transient_steps = 1'000;  ///< Steps before the growth counts: to the attractor.
  size_t steps = 100'000;          ///< Steps that count. Range: ≥ 1.
  double step_time = 1.0;          ///< Time of a step; the exponent is per unit of it. Range: > 0.
  uint64_t seed = 1;               ///< Of the first tangent's direction.
};

/// The largest Lyapunov exponent of a known map: the mean log growth of a tangent vector that is
/// scaled back to length 1 at every step. −∞ when the tangent vanishes.
/// Errors: kInvalidArgument for options out of range or an empty state; kBadData when the orbit
/// leaves the finite numbers.
/// Source: Benettin et al. 1980, "Lyapunov characteristic exponents for smooth dynamical systems".
Result<double> lyapunov_by_jvp(const JvpStep& step, std::span<const double> initial_state,
                               const JvpOptions& options);

}  // namespace thunderline::thunderbolt
