#pragma once

#include <span>
#include <vector>

#include "thunderline/base/random.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderbolt/ml/observables/fft.h"
#include "thunderline/thunderbolt/ml/observables/loop_alert.h"
#include "thunderline/thunderbolt/ml/observables/plv.h"

namespace thunderline::thunderbolt {

/// Makes series with the values of a given one and (nearly) its spectrum, but nothing else of it: the
/// null of λ̂. The values count as well as the spectrum, for a mean of a few scores is far from
/// Gaussian, and phase shuffling alone would make it so: then its shape would pass for dynamics.
/// Source: Theiler et al. 1992, "Testing for nonlinearity in time series", §2.4.2 (algorithm II,
/// amplitude-adjusted Fourier transform).
/// Lifetime: keeps a reference to the plan.
class AmplitudeAdjustedSurrogates {
 public:
  /// Errors: as AnalyticWindow.
  static Result<AmplitudeAdjustedSurrogates> create(const Fft& plan, std::span<const double> series,
                                                    Random& random);

  /// A new surrogate. Shapes: [window].
  std::vector<double> next(Random& random) const;

 private:
  AmplitudeAdjustedSurrogates(AnalyticWindow gaussian, std::vector<double> sorted)
      : gaussian_(std::move(gaussian)), sorted_(std::move(sorted)) {}

  AnalyticWindow gaussian_;     // Normal noise in the order of the series' ranks.
  std::vector<double> sorted_;  // The series' values.
};

/// The middle 99 % of `values`: a share r/(n + 1) of draws lies below the r-th of n, so with 199
/// values it is their extremes; of more, 0.5 % are left out on each side.
/// Precondition: not empty.
Band central_band(std::vector<double> values);

}  // namespace thunderline::thunderbolt
