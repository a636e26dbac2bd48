#include "thunderline/thunderbolt/ml/observables/loop_monitor.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace thunderline::thunderbolt {
namespace {

constexpr std::array<const char*, 4> kSeriesNames = {"mean_score", "reward", "waiting", "energy"};
constexpr double kTailShare = 0.005;
/// What two ways to compute one value may differ by: no more is outside a band.
constexpr double kRounding = 1e-9;

std::array<double, 4> numbers_of(const LoopTick& tick) {
  return {tick.mean_score, tick.reward, tick.waiting, tick.energy};
}

Status check_tick(const LoopTick& tick) {
  const std::array<double, 4> numbers = numbers_of(tick);
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (!std::isfinite(numbers[i])) {
      return fail(ErrorCode::kInvalidArgument, "a tick's number is not finite", kSeriesNames[i]);
    }
  }
  for (size_t i = 0; i < tick.scores.size(); ++i) {
    if (!(tick.scores[i] >= 0.0f && tick.scores[i] <= 1.0f)) {
      return fail(ErrorCode::kInvalidArgument, "a score must be in [0, 1]",
                  "scores[" + std::to_string(i) + "]");
    }
  }
  return {};
}

Status check_options(const LoopMonitor::Options& options) {
  const auto bad = [](const char* what, const char* where) {
    return fail(ErrorCode::kInvalidArgument, what, where);
  };
  if (options.window < 64 || options.window > 4096) return bad("must be in [64, 4096]", "window");
  if (options.score_window < 10) return bad("must be at least 10", "score_window");
  if (options.surrogates < 19 || options.surrogates > 1999) {
    return bad("must be in [19, 1999]", "surrogates");
  }
  if (options.refresh_ticks < 1) return bad("must be at least 1", "refresh_ticks");
  if (options.history < 1) return bad("must be at least 1", "history");
  // What the series' length and the method's options allow is the method's to say.
  std::vector<double> ramp(options.window);
  for (size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<double>(i);
  TL_RETURN_IF_ERROR(rosenstein(ramp, options.rosenstein));
  return {};
}

}  // namespace

Result<LoopMonitor> LoopMonitor::create(Options options) {
  TL_RETURN_IF_ERROR(check_options(options));
  return LoopMonitor(options);
}

LoopMonitor::LoopMonitor(Options options)
    : options_(options),
      plan_(std::make_unique<Fft>(options.window)),
      random_(options.seed),
      sigma_(options.score_window) {}

Result<LoopReading> LoopMonitor::add(const LoopTick& tick) {
  TL_RETURN_IF_ERROR(check_tick(tick));
  for (const float score : tick.scores) TL_CHECK(sigma_.add(score));
  const std::array<double, kSeries> numbers = numbers_of(tick);
  for (size_t i = 0; i < kSeries; ++i) {
    if (series_[i].size() == options_.window) series_[i].erase(series_[i].begin());
    series_[i].push_back(numbers[i]);
  }

  LoopReading reading;
  reading.tick = latest_.tick + 1;
  reading.plv_band = latest_.plv_band;
  reading.lambda_band = latest_.lambda_band;
  reading.observables.sigma = sigma_.sigma();
  reading.observables.entropy = sigma_.entropy_now();
  if (series_[0].size() == options_.window) {
    const Windows windows = analyse();
    std::vector<Phasors> phasors;
    for (const auto& window : windows) {
      if (window) phasors.push_back(unit_phasors(window->signal()));
    }
    if (phasors.size() >= 2) reading.observables.plv = mean_phase_locking(phasors);
    reading.observables.lambda = lambda_of(series_[0]);
    if ((reading.tick - options_.window) % options_.refresh_ticks == 0) {
      refresh_bands(windows, reading);
    }
  }
  reading.alerts = judge(reading);

  latest_ = reading;
  history_.push_back(reading);
  if (history_.size() > options_.history) history_.pop_front();
  return reading;
}

LoopMonitor::Windows LoopMonitor::analyse() const {
  Windows windows;
  for (size_t i = 0; i < kSeries; ++i) {
    if (auto window = AnalyticWindow::create(*plan_, series_[i])) windows[i] = std::move(*window);
  }
  return windows;
}

std::optional<double> LoopMonitor::lambda_of(std::span<const double> series) const {
  const Result<RosensteinFit> fit = rosenstein(series, options_.rosenstein);
  if (!fit) return std::nullopt;  // Nothing in it diverges.
  return fit->exponent;
}

void LoopMonitor::refresh_bands(const Windows& windows, LoopReading& reading) {
  std::vector<double> plvs;
  std::vector<double> lambdas;
  std::vector<Phasors> phasors;
  std::vector<double> series(options_.window);
  for (size_t s = 0; s < options_.surrogates; ++s) {
    phasors.clear();
    for (size_t i = 0; i < kSeries; ++i) {
      if (!windows[i]) continue;
      const std::vector<std::complex<double>> signal = windows[i]->surrogate(random_);
      phasors.push_back(unit_phasors(signal));
      if (i > 0) continue;
      for (size_t t = 0; t < series.size(); ++t) series[t] = signal[t].real();
      if (const auto lambda = lambda_of(series)) lambdas.push_back(*lambda);
    }
    if (phasors.size() >= 2) plvs.push_back(mean_phase_locking(phasors));
  }
  reading.plv_band.reset();
  reading.lambda_band.reset();
  if (!plvs.empty()) reading.plv_band = band_of(std::move(plvs));
  if (!lambdas.empty()) reading.lambda_band = band_of(std::move(lambdas));
}

Band LoopMonitor::band_of(std::vector<double> values) const {
  std::sort(values.begin(), values.end());
  // Rank r of n leaves a share r/(n + 1) below it.
  const auto rank = static_cast<size_t>(kTailShare * static_cast<double>(values.size() + 1));
  const size_t skipped = std::max<size_t>(rank, 1) - 1;
  return {values[skipped], values[values.size() - 1 - skipped]};
}

LoopAlerts LoopMonitor::judge(const LoopReading& reading) const {
  const Observables& seen = reading.observables;
  const auto outside = [](double value, const std::optional<Band>& band) {
    return band && (value < band->low - kRounding || value > band->high + kRounding);
  };
  LoopAlerts alerts;
  alerts.loop = seen.plv && *seen.plv > options_.loop_plv && outside(*seen.plv, reading.plv_band);
  alerts.degenerate =
      (seen.sigma && !options_.tolerated_sigma.contains(*seen.sigma)) ||
      (seen.entropy && *seen.entropy < options_.least_entropy_share * kLargestScoreEntropy);
  alerts.chaotic = seen.lambda && *seen.lambda > options_.chaotic_lambda &&
                   outside(*seen.lambda, reading.lambda_band);
  return alerts;
}

}  // namespace thunderline::thunderbolt
