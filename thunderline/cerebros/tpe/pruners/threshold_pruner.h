#pragma once

#include <cstdint>
#include <limits>

#include "thunderline/cerebros/tpe/pruners/pruner.h"

namespace thunderline::cerebros::tpe {

/// Prunes a trial whose newest value is NaN or leaves [lower, upper].
/// Source: Optuna 5 `ThresholdPruner`; same fields, same defaults.
class ThresholdPruner final : public Pruner {
 public:
  struct Options {
    double lower = -std::numeric_limits<double>::infinity();
    double upper = std::numeric_limits<double>::infinity();  ///< >= lower.
    int64_t warmup_steps = 0;    ///< Nothing is pruned before this step.
    int64_t interval_steps = 1;  ///< Judge once in so many steps after the warm-up. >= 1.
  };

  explicit ThresholdPruner(Options options) : options_(options) {}

  PruneDecision judge(const StudyView& study, const FrozenTrial& trial) override;

 private:
  Options options_;
};

}  // namespace thunderline::cerebros::tpe
