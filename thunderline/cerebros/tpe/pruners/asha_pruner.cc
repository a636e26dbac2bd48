#include "thunderline/cerebros/tpe/pruners/asha_pruner.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace thunderline::cerebros::tpe {
namespace {

std::vector<double> values_at_rung(const StudyView& study, const FrozenTrial& trial, size_t rung,
                                   double own) {
  std::vector<double> values = {own};
  for (const TrialPtr& other : study.trials) {
    if (other->number == trial.number || other->rung_values.size() <= rung) continue;
    values.push_back(other->rung_values[rung]);
  }
  return values;
}

/// Whether `own` is among the best 1/factor of `values`, or the best while they are too few.
bool is_promotable(double own, const std::vector<double>& values, int64_t factor,
                   Direction direction) {
  const size_t keep =
      std::max<size_t>(1, values.size() / static_cast<size_t>(factor));
  const auto better = std::count_if(values.begin(), values.end(), [&](double other) {
    return is_better(other, own, direction);
  });
  return static_cast<size_t>(better) < keep;
}

}  // namespace

bool AshaPruner::find_min_resource(const StudyView& study) {
  if (options_.min_resource) return true;
  std::optional<int64_t> last_step;
  for (const TrialPtr& trial : study.trials) {
    if (trial->state != TrialState::kComplete || trial->intermediate_values.empty()) continue;
    last_step = std::max(last_step.value_or(0), trial->intermediate_values.rbegin()->first);
  }
  if (!last_step) return false;
  options_.min_resource = std::max<int64_t>(*last_step / 100, 1);
  return true;
}

PruneDecision AshaPruner::judge(const StudyView& study, const FrozenTrial& trial) {
  PruneDecision decision;
  if (trial.intermediate_values.empty() || !find_min_resource(study)) return decision;
  const auto& [step, value] = *trial.intermediate_values.rbegin();
  for (size_t rung = trial.rung_values.size();; ++rung) {
    const double power = options_.min_early_stopping_rate + static_cast<double>(rung);
    const double rung_step = static_cast<double>(*options_.min_resource) *
                             std::pow(static_cast<double>(options_.reduction_factor), power);
    if (static_cast<double>(step) < rung_step) return decision;
    if (std::isnan(value)) {
      decision.prune = true;
      return decision;
    }
    decision.new_rungs.push_back(value);
    const std::vector<double> values = values_at_rung(study, trial, rung, value);
    if (values.size() <= static_cast<size_t>(options_.bootstrap_count) ||
        !is_promotable(value, values, options_.reduction_factor, study.direction)) {
      decision.prune = true;
      return decision;
    }
  }
}

}  // namespace thunderline::cerebros::tpe
