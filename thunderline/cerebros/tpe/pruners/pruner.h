#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/sampler.h"

namespace thunderline::cerebros::tpe {

/// What a pruner answers.
struct PruneDecision {
  bool prune = false;
  std::vector<double> new_rungs;  ///< Values to remember at the rungs that the trial just reached.
};

/// Says which trials are not worth going on with. The study calls under its lock.
class Pruner {
 public:
  virtual ~Pruner() = default;

  /// Judges a running trial by what it and the others reported so far.
  virtual PruneDecision judge(const StudyView& study, const FrozenTrial& trial) = 0;
};

/// Never prunes.
class NonePruner final : public Pruner {
 public:
  PruneDecision judge(const StudyView& study, const FrozenTrial& trial) override;
};

/// Makes "none", "median", "percentile" (25) or "asha" with Optuna's defaults. Errors:
/// kInvalidArgument.
Result<std::unique_ptr<Pruner>> make_pruner(std::string_view name);

}  // namespace thunderline::cerebros::tpe
