#include "thunderline/cerebros/tpe/pruners/threshold_pruner.h"

#include <cmath>

namespace thunderline::cerebros::tpe {

PruneDecision ThresholdPruner::judge(const StudyView&, const FrozenTrial& trial) {
  if (!is_first_of_interval(trial, options_.warmup_steps, options_.interval_steps)) return {};
  const double value = trial.intermediate_values.rbegin()->second;
  const bool outside = std::isnan(value) || value < options_.lower || value > options_.upper;
  return {.prune = outside, .new_rungs = {}};
}

}  // namespace thunderline::cerebros::tpe
