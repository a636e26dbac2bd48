#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "thunderline/cerebros/tpe/frozen_trial.h"

namespace thunderline::cerebros::tpe {

/// The good and the rest, each in the order of trial numbers. Lifetime: that of the trials.
struct TrialSplit {
  std::vector<const FrozenTrial*> below;
  std::vector<const FrozenTrial*> above;
};

/// Where a trial stands among others; smaller is better.
struct TrialRank {
  int group = 0;  ///< Complete, pruned, infeasible, running.
  double first = 0;
  double second = 0;
  int number = 0;  ///< Keeps ties in trial order.
  const FrozenTrial* trial = nullptr;

  bool operator<(const TrialRank& other) const;
};

/// Precondition: the trial is complete, pruned or running.
TrialRank rank_trial(const FrozenTrial& trial, Direction direction);

/// How many of `finished` (complete and pruned) trials are good: ceil(finished / 10), at most 25.
size_t good_count(size_t finished);

/// Splits complete, pruned and running trials as Optuna's TPE does: the `good` best are *below*:
/// complete ones by value, then pruned ones (later last step first, then by last value, NaN last,
/// those that reported nothing at the end), then infeasible ones by the sum of their violations.
/// Ties keep trial order. Running trials are always *above*.
TrialSplit split_trials(std::span<const FrozenTrial* const> trials, size_t good,
                        Direction direction);

}  // namespace thunderline::cerebros::tpe
