#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "thunderline/cerebros/tpe/pruners/asha_pruner.h"
#include "thunderline/cerebros/tpe/pruners/pruner.h"

namespace thunderline::cerebros::tpe {

/// Hyperband (Li et al. 2018): several brackets of successive halving, each of which begins later
/// than the one before. A trial's bracket follows from the study's name and the trial's number; trials
/// compete, and the sampler learns, within their bracket. Source: Optuna 5 `HyperbandPruner`; same
/// fields, same defaults.
class HyperbandPruner final : public Pruner {
 public:
  struct Options {
    int64_t min_resource = 1;  ///< Steps. >= 1.
    /// Steps, >= min_resource; unset ("auto"): one more than the longest complete trial's last step,
    /// once there is one.
    std::optional<int64_t> max_resource;
    int64_t reduction_factor = 3;  ///< >= 2.
    int bootstrap_count = 0;       ///< As for `AshaPruner`; > 0 needs max_resource.
  };

  explicit HyperbandPruner(Options options) : options_(options) {}

  PruneDecision judge(const StudyView& study, const FrozenTrial& trial) override;
  std::vector<TrialPtr> rivals(std::vector<TrialPtr> all, std::string_view study,
                               const FrozenTrial& trial) override;

 private:
  bool has_brackets(const StudyView& study);
  size_t bracket_of(std::string_view study, int trial) const;

  Options options_;
  std::vector<AshaPruner> brackets_;
  std::vector<int64_t> budgets_;  ///< Of trials, one a bracket.
};

}  // namespace thunderline::cerebros::tpe
