#include "thunderline/thunderbolt/ml/observables/plv.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace thunderline::thunderbolt {
namespace {

constexpr size_t kFewestSamples = 4;
/// A spread below this share of the values' size is rounding, not signal.
constexpr double kConstant = 1e-12;

Status check_series(std::span<const double> series, size_t length) {
  if (series.size() != length) {
    return fail(ErrorCode::kInvalidArgument, "series of unequal lengths",
                std::to_string(series.size()) + " and " + std::to_string(length));
  }
  if (series.size() < kFewestSamples) {
    return fail(ErrorCode::kInvalidArgument, "too few samples for a phase",
                std::to_string(series.size()));
  }
  for (size_t i = 0; i < series.size(); ++i) {
    if (!std::isfinite(series[i])) {
      return fail(ErrorCode::kInvalidArgument, "a sample is not finite",
                  "index " + std::to_string(i));
    }
  }
  const auto [low, high] = std::minmax_element(series.begin(), series.end());
  const double size = std::max(std::abs(*low), std::abs(*high));
  if (*high - *low <= kConstant * size) {
    return fail(ErrorCode::kInvalidArgument, "a constant series has no phase");
  }
  return {};
}

/// exp(iφ), φ uniform: of a point in the unit disc, the square has a uniform angle too, and needs no
/// root to be scaled to length 1.
std::complex<double> uniform_turn(Random& random) {
  for (;;) {
    const double real = 2.0 * random.unit() - 1.0;
    const std::complex<double> point(real, 2.0 * random.unit() - 1.0);
    const double power = std::norm(point);
    if (power > 1e-6 && power < 1.0) return product(point, point) * (1.0 / power);
  }
}

double mean_of(std::span<const double> series) {
  double sum = 0.0;
  for (const double value : series) sum += value;
  return sum / static_cast<double>(series.size());
}

}  // namespace

Result<AnalyticWindow> AnalyticWindow::create(const Fft& plan, std::span<const double> series) {
  TL_RETURN_IF_ERROR(check_series(series, plan.length()));
  const size_t n = series.size();
  const double mean = mean_of(series);
  std::vector<std::complex<double>> spectrum(n);
  for (size_t i = 0; i < n; ++i) spectrum[i] = series[i] - mean;
  plan.forward(spectrum);
  spectrum[0] = 0.0;
  const size_t nyquist = n / 2;  // Its own mirror image when n is even: neither doubled nor cleared.
  for (size_t k = 1; k < n; ++k) {
    if (k < nyquist || (k == nyquist && n % 2 == 1)) {
      spectrum[k] *= 2.0;
    } else if (k > nyquist) {
      spectrum[k] = 0.0;
    }
  }
  return AnalyticWindow(plan, std::move(spectrum));
}

std::vector<std::complex<double>> AnalyticWindow::signal() const {
  std::vector<std::complex<double>> signal = spectrum_;
  plan_->inverse(signal);
  return signal;
}

std::vector<std::complex<double>> AnalyticWindow::surrogate(Random& random) const {
  const size_t n = spectrum_.size();
  std::vector<std::complex<double>> shuffled(n, 0.0);
  for (size_t k = 1; k <= n / 2; ++k) {
    if (n % 2 == 0 && k == n / 2) {  // A real series has a real Nyquist term: only its sign is free.
      shuffled[k] = random.unit() < 0.5 ? spectrum_[k] : -spectrum_[k];
    } else {
      shuffled[k] = product(spectrum_[k], uniform_turn(random));
    }
  }
  plan_->inverse(shuffled);
  return shuffled;
}

Phasors unit_phasors(std::span<const std::complex<double>> signal) {
  Phasors phasors(signal.size());
  for (size_t i = 0; i < signal.size(); ++i) {
    const double power = std::norm(signal[i]);
    if (power > 0.0) phasors[i] = signal[i] * (1.0 / std::sqrt(power));
  }
  return phasors;
}

Result<std::vector<double>> instantaneous_phase(std::span<const double> series) {
  const Fft plan(std::max<size_t>(series.size(), 1));
  TL_ASSIGN_OR_RETURN(const AnalyticWindow window, AnalyticWindow::create(plan, series));
  std::vector<double> phases;
  phases.reserve(series.size());
  for (const std::complex<double>& value : window.signal()) phases.push_back(std::arg(value));
  return phases;
}

double phase_locking(const Phasors& a, const Phasors& b) {
  TL_CHECK(a.size() == b.size() && !a.empty());
  std::complex<double> sum = 0.0;
  for (size_t i = 0; i < a.size(); ++i) sum += product(a[i], std::conj(b[i]));
  return std::abs(sum) / static_cast<double>(a.size());
}

Result<double> phase_locking_value(std::span<const double> a, std::span<const double> b) {
  const Fft plan(std::max<size_t>(a.size(), 1));
  TL_ASSIGN_OR_RETURN(const AnalyticWindow first, AnalyticWindow::create(plan, a));
  TL_ASSIGN_OR_RETURN(const AnalyticWindow second, AnalyticWindow::create(plan, b));
  return phase_locking(unit_phasors(first.signal()), unit_phasors(second.signal()));
}

double mean_phase_locking(std::span<const Phasors> all) {
  TL_CHECK(all.size() >= 2);
  double sum = 0.0;
  int pairs = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = i + 1; j < all.size(); ++j, ++pairs) sum += phase_locking(all[i], all[j]);
  }
  return sum / pairs;
}

}  // namespace thunderline::thunderbolt
