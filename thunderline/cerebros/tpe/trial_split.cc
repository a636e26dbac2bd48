#include "thunderline/cerebros/tpe/trial_split.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace thunderline::cerebros::tpe {
namespace {

double violation(const FrozenTrial& trial) {
  double sum = 0;
  for (double c : trial.constraints) sum += std::max(c, 0.0);
  return sum;
}

}  // namespace

bool TrialRank::operator<(const TrialRank& other) const {
  return std::tie(group, first, second, number) <
         std::tie(other.group, other.first, other.second, other.number);
}

TrialRank rank_trial(const FrozenTrial& trial, Direction direction) {
  const double sign = direction == Direction::kMinimize ? 1.0 : -1.0;
  TrialRank rank{.number = trial.number, .trial = &trial};
  if (trial.state == TrialState::kRunning) {
    rank.group = 3;
  } else if (!trial.is_feasible()) {
    rank.group = 2;
    rank.first = violation(trial);
  } else if (trial.state == TrialState::kComplete) {
    rank.first = sign * *trial.value;
  } else {
    rank.group = 1;
    rank.first = 1;  // reported nothing
    if (!trial.intermediate_values.empty()) {
      const auto& [step, value] = *trial.intermediate_values.rbegin();
      rank.first = -static_cast<double>(step);
      rank.second =
          std::isnan(value) ? std::numeric_limits<double>::infinity() : sign * value;
    }
  }
  return rank;
}

size_t good_count(size_t finished) { return std::min<size_t>((finished + 9) / 10, 25); }

TrialSplit split_trials(std::span<const FrozenTrial* const> trials, size_t good,
                        Direction direction) {
  std::vector<TrialRank> ranks;
  ranks.reserve(trials.size());
  size_t running = 0;
  for (const FrozenTrial* trial : trials) {
    ranks.push_back(rank_trial(*trial, direction));
    if (trial->state == TrialState::kRunning) ++running;
  }
  const auto middle =
      ranks.begin() + static_cast<ptrdiff_t>(std::min(good, trials.size() - running));
  std::partial_sort(ranks.begin(), middle, ranks.end());

  const auto by_number = [](const FrozenTrial* a, const FrozenTrial* b) {
    return a->number < b->number;
  };
  TrialSplit split;
  for (auto it = ranks.begin(); it != middle; ++it) split.below.push_back(it->trial);
  std::sort(split.below.begin(), split.below.end(), by_number);
  split.above.reserve(ranks.size() - split.below.size());
  for (auto it = middle; it != ranks.end(); ++it) split.above.push_back(it->trial);
  std::sort(split.above.begin(), split.above.end(), by_number);
  return split;
}

}  // namespace thunderline::cerebros::tpe
