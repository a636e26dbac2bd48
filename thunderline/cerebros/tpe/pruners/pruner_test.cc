#include "thunderline/cerebros/tpe/pruners/pruner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "thunderline/cerebros/tpe/pruners/asha_pruner.h"
#include "thunderline/cerebros/tpe/pruners/percentile_pruner.h"

namespace thunderline::cerebros::tpe {
namespace {

using Reports = std::map<int64_t, double>;

/// A study of complete trials with these reports.
std::vector<TrialPtr> complete(const std::vector<Reports>& reports) {
  std::vector<TrialPtr> trials;
  for (const Reports& r : reports) {
    FrozenTrial trial{.number = static_cast<int>(trials.size()), .state = TrialState::kComplete};
    trial.value = 0;
    trial.intermediate_values = r;
    trials.push_back(std::make_shared<const FrozenTrial>(std::move(trial)));
  }
  return trials;
}

FrozenTrial running(Reports reports) {
  FrozenTrial trial{.number = 100};
  trial.intermediate_values = std::move(reports);
  return trial;
}

bool prunes(Pruner& pruner, const std::vector<TrialPtr>& trials, Reports reports,
            Direction direction = Direction::kMinimize) {
  return pruner.judge({direction, trials}, running(std::move(reports))).prune;
}

TEST(PercentilePruner, StopsTrialsWorseThanTheMedianAtTheSameStep) {
  PercentilePruner pruner({.startup_trials = 2});
  const auto trials = complete({{{0, 1}, {1, 10}}, {{0, 3}, {1, 20}}});
  EXPECT_FALSE(prunes(pruner, trials, {{0, 2}}));
  EXPECT_TRUE(prunes(pruner, trials, {{0, 2.1}}));
  EXPECT_TRUE(prunes(pruner, trials, {{0, 1.9}}, Direction::kMaximize));
  // The trial's own best counts, not its last value.
  EXPECT_FALSE(prunes(pruner, trials, {{0, 2}, {1, 99}}));
  EXPECT_FALSE(prunes(pruner, trials, {{7, 99}}));
}

TEST(PercentilePruner, WaitsForStartupWarmupAndInterval) {
  const auto trials = complete({{{0, 1}, {4, 1}, {5, 1}}, {{0, 1}, {4, 1}, {5, 1}}});
  PercentilePruner patient({.startup_trials = 3});
  EXPECT_FALSE(prunes(patient, trials, {{0, 9}}));
  PercentilePruner warm({.startup_trials = 1, .warmup_steps = 1});
  EXPECT_FALSE(prunes(warm, trials, {{0, 9}}));
  PercentilePruner rare({.startup_trials = 1, .interval_steps = 4});
  EXPECT_TRUE(prunes(rare, trials, {{0, 9}, {4, 9}}));
  EXPECT_FALSE(prunes(rare, trials, {{0, 9}, {4, 9}, {5, 9}}));
}

TEST(PercentilePruner, StopsATrialThatReportedOnlyNan) {
  PercentilePruner pruner({.startup_trials = 1});
  EXPECT_TRUE(prunes(pruner, complete({{{0, 1}}}), {{0, NAN}}));
  EXPECT_FALSE(prunes(pruner, complete({{{0, NAN}}}), {{0, 5}}));
  EXPECT_FALSE(prunes(pruner, {}, {{0, 5}}));
  EXPECT_FALSE(prunes(pruner, complete({{{0, 1}}}), {}));
}

TEST(PercentilePruner, InterpolatesBetweenOrderStatistics) {
  PercentilePruner strict({.percentile = 25, .startup_trials = 1});
  const auto trials = complete({{{0, 0}}, {{0, 1}}, {{0, 2}}, {{0, 3}}});  // 25 %: 0.75
  EXPECT_FALSE(prunes(strict, trials, {{0, 0.74}}));
  EXPECT_TRUE(prunes(strict, trials, {{0, 0.76}}));
}

TEST(AshaPruner, PromotesTheBestQuarterOfEachRung) {
  AshaPruner pruner({.min_resource = 1});
  std::vector<TrialPtr> trials;
  std::vector<bool> pruned;
  for (int i = 0; i < 8; ++i) {
    FrozenTrial trial{.number = i};
    trial.intermediate_values = {{1, static_cast<double>(i)}};
    const PruneDecision decision = pruner.judge({Direction::kMaximize, trials}, trial);
    EXPECT_EQ(decision.new_rungs, std::vector<double>{static_cast<double>(i)});
    trial.rung_values = decision.new_rungs;
    pruned.push_back(decision.prune);
    trials.push_back(std::make_shared<const FrozenTrial>(std::move(trial)));
  }
  // Each is the best so far, so each goes on; a worse one stops.
  EXPECT_EQ(pruned, std::vector<bool>(8, false));
  EXPECT_FALSE(prunes(pruner, trials, {{1, 6.5}}, Direction::kMaximize));  // second of nine
  EXPECT_TRUE(prunes(pruner, trials, {{1, 5.5}}, Direction::kMaximize));
}

TEST(AshaPruner, JudgesAtRungsOnlyAndLearnsTheResourceFromCompleteTrials) {
  AshaPruner pruner({});
  EXPECT_FALSE(prunes(pruner, {}, {{50, 1}}));
  const auto trials = complete({{{0, 1}, {1000, 1}}});  // min resource 10
  EXPECT_TRUE(pruner.judge({Direction::kMinimize, trials}, running({{9, 5}})).new_rungs.empty());
  EXPECT_EQ(pruner.judge({Direction::kMinimize, trials}, running({{40, 5}})).new_rungs,
            (std::vector<double>{5, 5}));
  EXPECT_TRUE(prunes(pruner, trials, {{10, NAN}}));
}

TEST(MakePruner, KnowsItsNames) {
  for (const char* name : {"none", "median", "percentile", "asha"}) EXPECT_TRUE(make_pruner(name));
  EXPECT_EQ(make_pruner("wish").error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(prunes(**make_pruner("none"), complete({{{0, 1}}}), {{0, NAN}}));
}

}  // namespace
}  // namespace thunderline::cerebros::tpe
