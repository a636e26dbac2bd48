#pragma once

#include <cstdint>
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

  /// Those of all trials of `study` that `trial` competes with, of which alone the sampler learns for
  /// it: all of them but for Hyperband.
  virtual std::vector<TrialPtr> rivals(std::vector<TrialPtr> all, std::string_view study,
                                       const FrozenTrial& trial);
};

/// Whether the newest report is past the warm-up and the first in its interval of steps.
bool is_first_of_interval(const FrozenTrial& trial, int64_t warmup_steps, int64_t interval_steps);

/// Never prunes.
class NonePruner final : public Pruner {
 public:
  PruneDecision judge(const StudyView& study, const FrozenTrial& trial) override;
};

/// Makes "none", "median", "percentile" (25), "asha" or "hyperband" with Optuna's defaults. The
/// others have none. Errors: kInvalidArgument.
Result<std::unique_ptr<Pruner>> make_pruner(std::string_view name);

}  // namespace thunderline::cerebros::tpe
