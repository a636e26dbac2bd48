#include "thunderline/cerebros/tpe/pruners/percentile_pruner.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace thunderline::cerebros::tpe {
namespace {

/// The best value reported at any step; nothing when all are NaN.
std::optional<double> best_value(const FrozenTrial& trial, Direction direction) {
  std::optional<double> best;
  for (const auto& [step, value] : trial.intermediate_values) {
    if (std::isnan(value)) continue;
    if (!best || is_better(value, *best, direction)) best = value;
  }
  return best;
}

/// Linear interpolation between order statistics, as numpy.percentile. Precondition: not empty.
double percentile_of(std::vector<double> values, double percentile) {
  std::sort(values.begin(), values.end());
  const double place = percentile / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  // At an order statistic the neighbour has no say: it may be infinite.
  if (place == static_cast<double>(below)) return values[below];
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

}  // namespace

PruneDecision PercentilePruner::judge(const StudyView& study, const FrozenTrial& trial) {
  if (trial.intermediate_values.empty()) return {};
  const int64_t step = trial.intermediate_values.rbegin()->first;
  int complete = 0;
  int reported = 0;
  std::vector<double> values;
  for (const TrialPtr& other : study.trials) {
    if (other->state != TrialState::kComplete) continue;
    ++complete;
    const auto it = other->intermediate_values.find(step);
    if (it == other->intermediate_values.end()) continue;
    ++reported;
    if (!std::isnan(it->second)) values.push_back(it->second);
  }
  if (complete == 0 || complete < options_.startup_trials ||
      !is_first_of_interval(trial, options_.warmup_steps, options_.interval_steps)) return {};
  const std::optional<double> best = best_value(trial, study.direction);
  if (!best) return {.prune = true, .new_rungs = {}};
  if (reported < options_.min_trials || values.empty()) return {};
  const bool maximize = study.direction == Direction::kMaximize;
  const double bar = percentile_of(
      std::move(values), maximize ? 100 - options_.percentile : options_.percentile);
  return {.prune = is_better(bar, *best, study.direction), .new_rungs = {}};
}

}  // namespace thunderline::cerebros::tpe
