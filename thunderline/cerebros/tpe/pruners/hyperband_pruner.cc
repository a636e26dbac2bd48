#include "thunderline/cerebros/tpe/pruners/hyperband_pruner.h"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace thunderline::cerebros::tpe {

bool HyperbandPruner::has_brackets(const StudyView& study) {
  if (!brackets_.empty()) return true;
  if (!options_.max_resource) {
    for (const TrialPtr& trial : study.trials) {
      if (trial->state != TrialState::kComplete || trial->intermediate_values.empty()) continue;
      const int64_t steps = trial->intermediate_values.rbegin()->first + 1;
      options_.max_resource = std::max(options_.max_resource.value_or(0), steps);
    }
  }
  if (!options_.max_resource) return false;
  const auto factor = static_cast<double>(options_.reduction_factor);
  const double ratio =
      static_cast<double>(*options_.max_resource) / static_cast<double>(options_.min_resource);
  const auto count = static_cast<int>(std::floor(std::log(ratio) / std::log(factor))) + 1;
  for (int bracket = 0; bracket < count; ++bracket) {
    const int s = count - 1 - bracket;
    budgets_.push_back(static_cast<int64_t>(std::ceil(count * std::pow(factor, s) / (s + 1))));
    brackets_.emplace_back(AshaPruner::Options{.min_resource = options_.min_resource,
                                               .reduction_factor = options_.reduction_factor,
                                               .min_early_stopping_rate = bracket,
                                               .bootstrap_count = options_.bootstrap_count});
  }
  return !brackets_.empty();
}

size_t HyperbandPruner::bracket_of(std::string_view study, int trial) const {
  const std::string key = std::string(study) + "_" + std::to_string(trial);
  const auto hash = static_cast<int64_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(key.data()), static_cast<uInt>(key.size())));
  int64_t rest = hash % std::accumulate(budgets_.begin(), budgets_.end(), int64_t{0});
  size_t bracket = 0;
  while ((rest -= budgets_[bracket]) >= 0) ++bracket;
  return bracket;
}

std::vector<TrialPtr> HyperbandPruner::rivals(std::vector<TrialPtr> all, std::string_view study,
                                              const FrozenTrial& trial) {
  if (brackets_.empty()) return all;
  const size_t bracket = bracket_of(study, trial.number);
  std::erase_if(all, [&](const TrialPtr& t) { return bracket_of(study, t->number) != bracket; });
  return all;
}

PruneDecision HyperbandPruner::judge(const StudyView& study, const FrozenTrial& trial) {
  if (!has_brackets(study)) return {};
  const std::vector<TrialPtr> same = rivals({study.trials.begin(), study.trials.end()},
                                            study.name, trial);
  return brackets_[bracket_of(study.name, trial.number)].judge(
      {.direction = study.direction, .trials = same, .name = study.name}, trial);
}

}  // namespace thunderline::cerebros::tpe
