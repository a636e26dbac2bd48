#include "thunderline/cerebros/tpe/pruners/pruner.h"

#include <string>

#include "thunderline/cerebros/tpe/pruners/asha_pruner.h"
#include "thunderline/cerebros/tpe/pruners/percentile_pruner.h"

namespace thunderline::cerebros::tpe {

PruneDecision NonePruner::judge(const StudyView&, const FrozenTrial&) { return {}; }

Result<std::unique_ptr<Pruner>> make_pruner(std::string_view name) {
  if (name == "none") return std::make_unique<NonePruner>();
  if (name == "asha") return std::make_unique<AshaPruner>(AshaPruner::Options{});
  if (name == "median") return std::make_unique<PercentilePruner>(PercentilePruner::Options{});
  if (name == "percentile") {
    return std::make_unique<PercentilePruner>(PercentilePruner::Options{.percentile = 25});
  }
  return fail(ErrorCode::kInvalidArgument, "unknown pruner \"" + std::string(name) + "\"", "pruner",
              "use none, median, percentile or asha");
}

}  // namespace thunderline::cerebros::tpe
