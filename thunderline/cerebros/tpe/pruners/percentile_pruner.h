#pragma once

#include <cstdint>

#include "thunderline/cerebros/tpe/pruners/pruner.h"

namespace thunderline::cerebros::tpe {

/// Prunes a trial whose best value so far is worse than the given percentile of the complete
/// trials' values at the same step; at 50 the median rule of Vizier (Golovin et al. 2017).
/// Source: Optuna 5 `PercentilePruner` and `MedianPruner`; same fields, same defaults.
class PercentilePruner final : public Pruner {
 public:
  struct Options {
    double percentile = 50;    ///< 0 to 100: how many of the best go on.
    int startup_trials = 5;    ///< Nothing is pruned before so many are complete.
    int64_t warmup_steps = 0;  ///< Nothing is pruned before this step.
    int64_t interval_steps = 1;  ///< Judge once in so many steps after the warm-up. >= 1.
    int min_trials = 1;        ///< Values needed at the step. >= 1.
  };

  explicit PercentilePruner(Options options) : options_(options) {}

  PruneDecision judge(const StudyView& study, const FrozenTrial& trial) override;

 private:
  Options options_;
};

}  // namespace thunderline::cerebros::tpe
