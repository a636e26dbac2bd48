#include "thunderline/cerebros/tpe/pruners/pruner.h"

#include <iterator>
#include <string>

#include "thunderline/cerebros/tpe/pruners/asha_pruner.h"
#include "thunderline/cerebros/tpe/pruners/hyperband_pruner.h"
#include "thunderline/cerebros/tpe/pruners/percentile_pruner.h"

namespace thunderline::cerebros::tpe {

std::vector<TrialPtr> Pruner::rivals(std::vector<TrialPtr> all, std::string_view,
                                     const FrozenTrial&) {
  return all;
}

bool is_first_of_interval(const FrozenTrial& trial, int64_t warmup_steps, int64_t interval_steps) {
  if (trial.intermediate_values.empty()) return false;
  const auto last = std::prev(trial.intermediate_values.end());
  if (last->first < warmup_steps) return false;
  const int64_t since = last->first - warmup_steps;
  const int64_t due = warmup_steps + since / interval_steps * interval_steps;
  return last == trial.intermediate_values.begin() || std::prev(last)->first < due;
}

PruneDecision NonePruner::judge(const StudyView&, const FrozenTrial&) { return {}; }

Result<std::unique_ptr<Pruner>> make_pruner(std::string_view name) {
  if (name == "none") return std::make_unique<NonePruner>();
  if (name == "asha") return std::make_unique<AshaPruner>(AshaPruner::Options{});
  if (name == "hyperband") return std::make_unique<HyperbandPruner>(HyperbandPruner::Options{});
  if (name == "median") return std::make_unique<PercentilePruner>(PercentilePruner::Options{});
  if (name == "percentile") {
    return std::make_unique<PercentilePruner>(PercentilePruner::Options{.percentile = 25});
  }
  return fail(ErrorCode::kInvalidArgument, "unknown pruner \"" + std::string(name) + "\"", "pruner",
              "use none, median, percentile, asha or hyperband");
}

}  // namespace thunderline::cerebros::tpe
