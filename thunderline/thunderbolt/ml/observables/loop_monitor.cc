#include "thunderline/thunderbolt/ml/observables/loop_monitor.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "thunderline/thunderbolt/ml/observables/surrogates.h"

namespace thunderline::thunderbolt {
namespace {

constexpr std::array<const char*, 4> kTickFields = {"mean_score", "reward", "waiting", "energy"};
constexpr std::array<const char*, kLoopPairs> kPairNames = {
    "score-reward",   "score-waiting", "score-energy",
    "reward-waiting", "reward-energy", "waiting-energy"};
/// The first pairs have the score in them. What locks without it is not the scorer's doing: where
/// energy is left nothing waits, whoever scores.
constexpr size_t kScorePairs = 3;
/// What two ways to compute one value may differ by: no more is outside a band.
constexpr double kRounding = 1e-9;

std::array<double, 4> numbers_of(const LoopTick& tick) {
  return {tick.mean_score, tick.reward, tick.waiting, tick.energy};
}

Status check_tick(const LoopTick& tick) {
  const std::array<double, 4> numbers = numbers_of(tick);
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (!std::isfinite(numbers[i])) {
      return fail(ErrorCode::kInvalidArgument, "a tick's number is not finite", kTickFields[i]);
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
  if (options.least_window < 16 || options.least_window > options.window) {
    return bad("must be in [16, window]", "least_window");
  }
  if (options.least_lambda_window < 64 || options.least_lambda_window > options.window) {
    return bad("must be in [64, window]", "least_lambda_window");
  }
  if (options.score_window < 10) return bad("must be at least 10", "score_window");
  if (options.surrogates < 19 || options.surrogates > 1999) {
    return bad("must be in [19, 1999]", "surrogates");
  }
  if (options.refresh_ticks < 1) return bad("must be at least 1", "refresh_ticks");
  if (options.history < 1) return bad("must be at least 1", "history");
  if (options.locked_ticks < 1) return bad("must be at least 1", "locked_ticks");
  if (options.chaotic_ticks < 1) return bad("must be at least 1", "chaotic_ticks");
  // What the series' length and the method's options allow is the method's to say.
  std::vector<double> ramp(options.least_lambda_window);
  for (size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<double>(i);
  TL_RETURN_IF_ERROR(rosenstein(ramp, options.rosenstein));
  return {};
}

/// PLV of each pair of the series that have a phase, in the order of kPairNames.
std::array<std::optional<double>, kLoopPairs> lock_pairs(
    const std::array<Phasors, kLoopSeries.size()>& phasors) {
  std::array<std::optional<double>, kLoopPairs> pairs;
  size_t pair = 0;
  for (size_t i = 0; i < phasors.size(); ++i) {
    for (size_t j = i + 1; j < phasors.size(); ++j, ++pair) {
      if (!phasors[i].empty() && !phasors[j].empty()) {
        pairs[pair] = phase_locking(phasors[i], phasors[j]);
      }
    }
  }
  return pairs;
}

struct PairFigures {
  double mean = 0.0;
  double largest = 0.0;  ///< Of those with the score.
};

std::optional<PairFigures> figures_of(
    const std::array<std::optional<double>, kLoopPairs>& pairs) {
  PairFigures figures;
  int count = 0;
  for (size_t pair = 0; pair < kLoopPairs; ++pair) {
    if (!pairs[pair]) continue;
    figures.mean += *pairs[pair];
    if (pair < kScorePairs) figures.largest = std::max(figures.largest, *pairs[pair]);
    ++count;
  }
  if (count == 0) return std::nullopt;
  figures.mean /= count;
  return figures;
}

bool above(double value, const std::optional<Band>& band) {
  return band && value > band->high + kRounding;
}

bool below(double value, const std::optional<Band>& band) {
  return band && value < band->low - kRounding;
}

void count_value(ObservableSummary& summary, const std::optional<double>& value, bool healthy) {
  if (!value) return;
  ++summary.ticks;
  summary.healthy += healthy;
  summary.sum += *value;
  summary.newest = value;
}

}  // namespace

const char* loop_pair_name(size_t pair) { return kPairNames.at(pair); }

std::optional<double> ObservableSummary::mean() const {
  if (ticks == 0) return std::nullopt;
  return sum / static_cast<double>(ticks);
}

std::optional<double> ObservableSummary::healthy_share() const {
  if (ticks == 0) return std::nullopt;
  return static_cast<double>(healthy) / static_cast<double>(ticks);
}

Result<LoopMonitor> LoopMonitor::create(Options options) {
  TL_RETURN_IF_ERROR(check_options(options));
  return LoopMonitor(options);
}

LoopMonitor::LoopMonitor(Options options)
    : options_(options), random_(options.seed), sigma_(options.score_window) {}

Result<LoopReading> LoopMonitor::add(const LoopTick& tick) {
  TL_RETURN_IF_ERROR(check_tick(tick));
  take(tick);
  LoopReading reading;
  reading.tick = latest_.tick + 1;
  reading.plv_band = latest_.plv_band;
  reading.pair_band = latest_.pair_band;
  reading.lambda_band = latest_.lambda_band;
  reading.observables.sigma = sigma_.sigma();
  reading.observables.entropy = sigma_.entropy_now();
  if (window_now() > 0) measure(reading);
  judge(reading);
  summarise(reading.observables);

  latest_ = reading;
  history_.push_back(reading);
  if (history_.size() > options_.history) history_.pop_front();
  return reading;
}

void LoopMonitor::restart() {
  sigma_ = SigmaWindow(options_.score_window);
  for (auto& series : series_) series.clear();
  banded_window_ = 0;
  locked_for_ = 0;
  chaotic_for_ = 0;
  standing_.clear();
  const uint64_t tick = latest_.tick;
  latest_ = {};
  latest_.tick = tick;
}

void LoopMonitor::take(const LoopTick& tick) {
  for (const float score : tick.scores) TL_CHECK(sigma_.add(score));
  const std::array<double, kSeries> numbers = numbers_of(tick);
  for (size_t i = 0; i < kSeries; ++i) {
    if (series_[i].size() == options_.window) series_[i].erase(series_[i].begin());
    series_[i].push_back(numbers[i]);
  }
}

/// The ticks that are looked at: `least_window`, doubled as often as there are ticks for it; 0 while
/// there are too few.
size_t LoopMonitor::window_now() const {
  const size_t ticks = series_[0].size();
  if (ticks >= options_.window) return options_.window;
  if (ticks < options_.least_window) return 0;
  size_t length = options_.least_window;
  while (2 * length <= ticks) length *= 2;
  return length;
}

const Fft& LoopMonitor::plan_for(size_t length) {
  std::unique_ptr<Fft>& plan = plans_[length];
  if (!plan) plan = std::make_unique<Fft>(length);
  return *plan;
}

std::span<const double> LoopMonitor::newest(size_t series, size_t length) const {
  return std::span(series_[series]).last(length);
}

void LoopMonitor::measure(LoopReading& reading) {
  const size_t length = window_now();
  const Windows windows = analyse(length);
  std::array<Phasors, kSeries> phasors;
  for (size_t i = 0; i < kSeries; ++i) {
    if (windows[i]) phasors[i] = unit_phasors(windows[i]->signal());
  }
  reading.pairs = lock_pairs(phasors);
  if (const auto figures = figures_of(reading.pairs)) reading.observables.plv = figures->mean;
  if (length >= options_.least_lambda_window) {
    reading.observables.lambda = lambda_of(newest(0, length));
  }
  ++ticks_since_bands_;
  if (length == banded_window_ && ticks_since_bands_ < options_.refresh_ticks) return;
  banded_window_ = length;
  ticks_since_bands_ = 0;
  refresh_bands(windows, reading);
  refresh_lambda_band(length, reading);
}

LoopMonitor::Windows LoopMonitor::analyse(size_t length) {
  const Fft& plan = plan_for(length);
  Windows windows;
  for (size_t i = 0; i < kSeries; ++i) {
    if (auto window = AnalyticWindow::create(plan, newest(i, length))) {
      windows[i] = std::move(*window);
    }
  }
  return windows;
}

std::optional<double> LoopMonitor::lambda_of(std::span<const double> series) const {
  const Result<RosensteinFit> fit = rosenstein(series, options_.rosenstein);
  if (!fit) return std::nullopt;  // Nothing in it diverges.
  return fit->exponent;
}

void LoopMonitor::refresh_bands(const Windows& windows, LoopReading& reading) {
  std::vector<double> means;
  std::vector<double> largest;
  std::array<Phasors, kSeries> phasors;
  for (size_t s = 0; s < options_.surrogates; ++s) {
    for (size_t i = 0; i < kSeries; ++i) {
      if (windows[i]) phasors[i] = unit_phasors(windows[i]->surrogate(random_));
    }
    const auto figures = figures_of(lock_pairs(phasors));
    if (!figures) break;  // Fewer than two series move.
    means.push_back(figures->mean);
    largest.push_back(figures->largest);
  }
  reading.plv_band.reset();
  reading.pair_band.reset();
  if (means.empty()) return;
  reading.plv_band = central_band(std::move(means));
  reading.pair_band = central_band(std::move(largest));
}

void LoopMonitor::refresh_lambda_band(size_t length, LoopReading& reading) {
  reading.lambda_band.reset();
  if (!reading.observables.lambda) return;
  const auto source =
      AmplitudeAdjustedSurrogates::create(plan_for(length), newest(0, length), random_);
  if (!source) return;
  std::vector<double> lambdas;
  for (size_t s = 0; s < options_.surrogates; ++s) {
    if (const auto lambda = lambda_of(source->next(random_))) lambdas.push_back(*lambda);
  }
  if (!lambdas.empty()) reading.lambda_band = central_band(std::move(lambdas));
}

std::optional<LoopAlert> LoopMonitor::locked(const LoopReading& reading) const {
  const double bound = options_.locked_plv;
  const std::optional<double>& mean = reading.observables.plv;
  if (mean && *mean > bound && above(*mean, reading.plv_band)) {
    return LoopAlert{LoopAlertKind::kLocked, "plv", *mean, bound, reading.plv_band, reading.tick};
  }
  for (size_t pair = 0; pair < kScorePairs; ++pair) {
    const std::optional<double>& plv = reading.pairs[pair];
    // Against the largest of the pairs: one of three is above its own band three times as often.
    if (!plv || *plv <= bound || !above(*plv, reading.pair_band)) continue;
    return LoopAlert{LoopAlertKind::kLocked, std::string("plv ") + kPairNames[pair], *plv, bound,
                     reading.pair_band, reading.tick};
  }
  return std::nullopt;
}

std::optional<LoopAlert> LoopMonitor::degenerate(const LoopReading& reading) const {
  const Observables& seen = reading.observables;
  const double least = options_.least_entropy_share * kLargestScoreEntropy;
  if (seen.entropy && *seen.entropy < least) {
    return LoopAlert{LoopAlertKind::kDegenerate, "entropy", *seen.entropy, least, std::nullopt,
                     reading.tick};
  }
  const Band& tolerated = options_.tolerated_sigma;
  if (!seen.sigma || tolerated.contains(*seen.sigma)) return std::nullopt;
  const double bound = *seen.sigma < tolerated.low ? tolerated.low : tolerated.high;
  return LoopAlert{LoopAlertKind::kDegenerate, "sigma", *seen.sigma, bound, std::nullopt,
                   reading.tick};
}

std::optional<LoopAlert> LoopMonitor::chaotic(const LoopReading& reading) const {
  const std::optional<double>& lambda = reading.observables.lambda;
  if (!lambda || *lambda <= options_.chaotic_lambda) return std::nullopt;
  // Either side counts: weak chaos grows more slowly than noise of its spectrum seems to.
  if (!above(*lambda, reading.lambda_band) && !below(*lambda, reading.lambda_band)) {
    return std::nullopt;
  }
  return LoopAlert{LoopAlertKind::kChaotic, "lambda", *lambda, options_.chaotic_lambda,
                   reading.lambda_band, reading.tick};
}

void LoopMonitor::judge(LoopReading& reading) {
  const std::optional<LoopAlert> lock = locked(reading);
  const std::optional<LoopAlert> collapse = degenerate(reading);
  const std::optional<LoopAlert> chaos = chaotic(reading);
  locked_for_ = lock ? locked_for_ + 1 : 0;
  chaotic_for_ = chaos ? chaotic_for_ + 1 : 0;
  reading.alerts = {locked_for_ >= options_.locked_ticks, collapse.has_value(),
                    chaotic_for_ >= options_.chaotic_ticks};

  const auto settle = [&](bool stands, bool stood, LoopAlertKind kind,
                          const std::optional<LoopAlert>& alert) {
    if (stands == stood) return;
    if (stands) {
      standing_.push_back(*alert);
      reading.raised.push_back(*alert);
    } else {
      std::erase_if(standing_, [&](const LoopAlert& old) { return old.kind == kind; });
    }
  };
  const LoopAlerts& before = latest_.alerts;
  settle(reading.alerts.locked, before.locked, LoopAlertKind::kLocked, lock);
  settle(reading.alerts.degenerate, before.degenerate, LoopAlertKind::kDegenerate, collapse);
  settle(reading.alerts.chaotic, before.chaotic, LoopAlertKind::kChaotic, chaos);
}

void LoopMonitor::summarise(const Observables& seen) {
  count_value(summary_.plv, seen.plv, seen.plv && kHealthyPlv.contains(*seen.plv));
  count_value(summary_.sigma, seen.sigma, seen.sigma && kHealthySigma.contains(*seen.sigma));
  count_value(summary_.lambda, seen.lambda, seen.lambda && *seen.lambda <= kHealthyLambdaLimit);
}

}  // namespace thunderline::thunderbolt
