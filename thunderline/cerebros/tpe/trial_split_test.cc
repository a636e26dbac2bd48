#include "thunderline/cerebros/tpe/trial_split.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace thunderline::cerebros::tpe {
namespace {

FrozenTrial complete(int number, double value) {
  FrozenTrial trial{.number = number, .state = TrialState::kComplete};
  trial.value = value;
  return trial;
}

FrozenTrial pruned(int number, std::map<int64_t, double> reports) {
  FrozenTrial trial{.number = number, .state = TrialState::kPruned};
  trial.intermediate_values = std::move(reports);
  return trial;
}

std::vector<int> below(const std::vector<FrozenTrial>& trials, size_t good,
                       Direction direction = Direction::kMinimize) {
  std::vector<const FrozenTrial*> pointers;
  for (const FrozenTrial& trial : trials) pointers.push_back(&trial);
  std::vector<int> numbers;
  for (const auto* trial : split_trials(pointers, good, direction).below) {
    numbers.push_back(trial->number);
  }
  return numbers;
}

TEST(GoodCount, IsATenthRoundedUpAndAtMostTwentyFive) {
  EXPECT_EQ(good_count(0), 0u);
  EXPECT_EQ(good_count(10), 1u);
  EXPECT_EQ(good_count(11), 2u);
  EXPECT_EQ(good_count(1000), 25u);
}

TEST(SplitTrials, TakesTheBestAndKeepsTrialOrderAmongTies) {
  const std::vector<FrozenTrial> trials = {complete(0, 3), complete(1, 1), complete(2, 1),
                                           complete(3, 1), complete(4, 5)};
  EXPECT_EQ(below(trials, 2), (std::vector<int>{1, 2}));
  EXPECT_EQ(below(trials, 2, Direction::kMaximize), (std::vector<int>{0, 4}));
}

TEST(SplitTrials, FillsUpFromPrunedTrialsByLastStepThenValue) {
  const std::vector<FrozenTrial> trials = {pruned(0, {}), pruned(1, {{3, NAN}}),
                                           pruned(2, {{2, 0.0}}), pruned(3, {{3, 7.0}}),
                                           complete(4, 9)};
  EXPECT_EQ(below(trials, 2), (std::vector<int>{3, 4}));
  EXPECT_EQ(below(trials, 3), (std::vector<int>{1, 3, 4}));
  EXPECT_EQ(below(trials, 4), (std::vector<int>{1, 2, 3, 4}));
}

TEST(SplitTrials, TakesInfeasibleTrialsLastByTheirViolation) {
  std::vector<FrozenTrial> trials = {complete(0, 1), complete(1, 2), pruned(2, {})};
  trials[0].constraints = {0.5, -3};
  trials.push_back(complete(3, 0));
  trials[3].constraints = {0.1, 0.2};
  EXPECT_EQ(below(trials, 1), (std::vector<int>{1}));
  EXPECT_EQ(below(trials, 3), (std::vector<int>{1, 2, 3}));
}

TEST(SplitTrials, NeverCallsARunningTrialGood) {
  const std::vector<FrozenTrial> trials = {FrozenTrial{.number = 0}, complete(1, 2)};
  EXPECT_EQ(below(trials, 2), (std::vector<int>{1}));
}

}  // namespace
}  // namespace thunderline::cerebros::tpe
