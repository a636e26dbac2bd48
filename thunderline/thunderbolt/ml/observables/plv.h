#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

#include "thunderline/base/random.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderbolt/ml/observables/fft.h"

namespace thunderline::thunderbolt {

/// Unit numbers exp(iφ_n), one for each sample; 0 where the amplitude vanishes. Shapes: [window].
using Phasors = std::vector<std::complex<double>>;

/// A window of a series in the frequency domain: where its phases come from, and its surrogates.
/// The analytic signal is z = x − mean(x) + i·H(x), H the Hilbert transform, made by clearing the
/// negative frequencies (Marple 1999); no filter is applied before.
/// Lifetime: keeps a reference to the plan.
class AnalyticWindow {
 public:
  /// Errors: kInvalidArgument for another length than the plan's, fewer than 4 samples, a sample that
  /// is not finite, and a constant series: it has no phase.
  static Result<AnalyticWindow> create(const Fft& plan, std::span<const double> series);

  /// The analytic signal, of mean 0. Shapes: [window].
  std::vector<std::complex<double>> signal() const;

  /// The analytic signal of a surrogate: the same amplitude at every frequency, independent uniform
  /// phases. Source: Theiler et al. 1992, "Testing for nonlinearity in time series", §2.4.1.
  std::vector<std::complex<double>> surrogate(Random& random) const;

 private:
  AnalyticWindow(const Fft& plan, std::vector<std::complex<double>> spectrum)
      : plan_(&plan), spectrum_(std::move(spectrum)) {}

  const Fft* plan_;
  std::vector<std::complex<double>> spectrum_;  // Of the analytic signal: negative frequencies 0.
};

/// The phases of an analytic signal, as unit numbers.
Phasors unit_phasors(std::span<const std::complex<double>> signal);

/// The phase of each sample of `series`. Units: radians in (−π, π]. Errors: as AnalyticWindow.
Result<std::vector<double>> instantaneous_phase(std::span<const double> series);

/// PLV = |mean over the window of exp(i(φ_a − φ_b))|. Range: [0, 1]; 1 for a constant difference of
/// phase, about 1/√N for independent noise. Source: Lachaux et al. 1999, "Measuring phase synchrony
/// in brain signals", with the mean over the samples of one window in place of that over trials.
/// Precondition: equal sizes.
double phase_locking(const Phasors& a, const Phasors& b);

/// The same from the series. Errors: as AnalyticWindow, and for unequal lengths.
Result<double> phase_locking_value(std::span<const double> a, std::span<const double> b);

/// The mean of `phase_locking` over all pairs. Precondition: at least 2, of equal sizes.
double mean_phase_locking(std::span<const Phasors> all);

}  // namespace thunderline::thunderbolt
