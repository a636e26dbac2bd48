#pragma once

#include <cstdint>
#include <optional>

#include "thunderline/cerebros/tpe/pruners/pruner.h"

namespace thunderline::cerebros::tpe {

/// Asynchronous successive halving (Li et al. 2018): rung k is at step
/// min_resource · reduction_factor^(min_early_stopping_rate + k); of the values that reached a rung
/// the best 1/reduction_factor go on. Source: Optuna 5 `SuccessiveHalvingPruner`; same fields and
/// defaults.
class AshaPruner final : public Pruner {
 public:
  struct Options {
    /// Steps; unset: a hundredth of the longest complete trial's, once there is one.
    std::optional<int64_t> min_resource;
    int64_t reduction_factor = 4;         ///< >= 2.
    int min_early_stopping_rate = 0;      ///< >= 0.
    int bootstrap_count = 0;  ///< At a rung with no more values than this, trials stop.
  };

  explicit AshaPruner(Options options) : options_(options) {}

  PruneDecision judge(const StudyView& study, const FrozenTrial& trial) override;

 private:
  bool find_min_resource(const StudyView& study);

  Options options_;
};

}  // namespace thunderline::cerebros::tpe
