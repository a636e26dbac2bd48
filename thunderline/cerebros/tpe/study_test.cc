#include "thunderline/cerebros/tpe/study.h"

#include <gtest/gtest.h>

#include <cmath>

#include "thunderline/cerebros/tpe/storage/memory_storage.h"

namespace thunderline::cerebros::tpe {
namespace {

std::unique_ptr<Study> new_study(Direction direction = Direction::kMinimize) {
  return Study::create({.name = "s", .direction = direction}).value();
}

TEST(Study, FindsTheBestOfItsCompleteTrials) {
  const auto study = new_study(Direction::kMaximize);
  EXPECT_EQ(study->best_trial().error().code, ErrorCode::kNotFound);
  for (double value : {0.2, 0.9, 0.9, 0.5}) {
    ASSERT_TRUE(study->tell(study->ask().value().number(), value));
  }
  EXPECT_EQ(study->best_trial().value()->number, 1);
}

TEST(Study, LeavesInfeasibleTrialsOutOfTheBest) {
  const auto study = new_study();
  Trial first = study->ask().value();
  ASSERT_TRUE(first.set_constraints({-1, 0.5}));
  ASSERT_TRUE(study->tell(first.number(), 0.0));
  ASSERT_TRUE(study->tell(study->ask().value().number(), 3.0));
  EXPECT_EQ(study->best_trial().value()->number, 1);
  EXPECT_FALSE(study->ask().value().set_constraints({std::nan("")}));
}

TEST(Study, RefusesOutcomesThatMakeNoSense) {
  const auto study = new_study();
  EXPECT_EQ(study->tell(0, 1.0).error().code, ErrorCode::kNotFound);
  const int number = study->ask().value().number();
  EXPECT_EQ(study->tell(number, std::nan("")).error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(study->tell(number, TrialState::kComplete));
  EXPECT_FALSE(study->tell(number, TrialState::kFail, 1.0));
  EXPECT_FALSE(study->tell(number, TrialState::kRunning));
  EXPECT_TRUE(study->tell(number, 1.0));
  EXPECT_EQ(study->tell(number, 2.0).error().code, ErrorCode::kRefused);
  EXPECT_EQ(study->trials().value()[0]->value, 1.0);
}

TEST(Study, KeepsTheLastReportAsAPrunedTrialsValue) {
  const auto study = new_study();
  Trial trial = study->ask().value();
  ASSERT_TRUE(trial.report(0, 0.5));
  ASSERT_TRUE(trial.report(3, 0.25));
  ASSERT_TRUE(trial.report(3, 0.75));  // the first report of a step stands
  EXPECT_FALSE(trial.report(-1, 0.5));
  ASSERT_TRUE(study->tell(trial.number(), TrialState::kPruned));
  EXPECT_EQ(study->trials().value()[0]->value, 0.25);
  EXPECT_EQ(study->best_trial().error().code, ErrorCode::kNotFound);
}

TEST(Trial, GivesTheSameValueForTheSameName) {
  const auto study = new_study();
  Trial trial = study->ask().value();
  const double x = trial.suggest_float("x", 0, 1).value();
  EXPECT_EQ(trial.suggest_float("x", 0, 1).value(), x);
  EXPECT_EQ(trial.suggest_int("x", 0, 9).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(study->running_trial(trial.number()).value().suggest_float("x", 0, 1).value(), x);
}

TEST(Trial, RefusesBadRangesAndFinishedTrials) {
  const auto study = new_study();
  Trial trial = study->ask().value();
  EXPECT_EQ(trial.suggest_float("lr", 2, 1).error().where, "lr");
  EXPECT_FALSE(trial.suggest_categorical("c", {}));
  ASSERT_TRUE(study->tell(trial.number(), TrialState::kFail));
  EXPECT_EQ(trial.suggest_float("x", 0, 1).error().code, ErrorCode::kRefused);
  EXPECT_EQ(study->running_trial(trial.number()).error().code, ErrorCode::kRefused);
}

TEST(Study, AsksForEnqueuedTrialsFirstAndUsesTheirValues) {
  const auto study = new_study();
  EXPECT_EQ(study->enqueue({{"x", 0.25}, {"n", int64_t{3}}}).value(), 0);
  EXPECT_EQ(study->enqueue({{"x", int64_t{7}}}).value(), 1);
  EXPECT_FALSE(study->enqueue({{"x", 1.0}, {"x", 2.0}}));
  EXPECT_FALSE(study->enqueue({{"x", std::nan("")}}));
  Trial first = study->ask().value();
  EXPECT_EQ(first.number(), 0);
  EXPECT_EQ(first.suggest_float("x", 0, 1).value(), 0.25);
  EXPECT_EQ(first.suggest_int("n", 1, 4).value(), 3);
  Trial second = study->ask().value();
  EXPECT_LE(second.suggest_float("x", 0, 1).value(), 1);  // 7 does not fit and is dropped
  EXPECT_EQ(study->ask().value().number(), 2);
}

TEST(Study, PutsRecordedTrialsBackWithoutDrawingNumbers) {
  const SearchSpace space = SearchSpace::parse(
      R"([{"name":"x","type":"float","low":0,"high":1},
          {"name":"n","type":"int","low":1,"high":9}])",
      "t").value();
  const auto original = new_study();
  const auto rebuilt = new_study();
  for (int i = 0; i < 5; ++i) {
    const Params params = original->ask().value().suggest_all(space).value();
    ASSERT_TRUE(rebuilt->enqueue(params));
    Trial copy = rebuilt->ask().value();
    EXPECT_EQ(copy.suggest_all(space).value(), params);
    ASSERT_TRUE(rebuilt->tell(copy.number(), i));
  }
  // The stream stands where it began.
  EXPECT_EQ(rebuilt->ask().value().suggest_all(space).value(),
            original->trials().value()[0]->values());
}

TEST(Study, AnEnqueuedWholeNumberFitsAFloatParameter) {
  const auto study = new_study();
  ASSERT_TRUE(study->enqueue({{"x", int64_t{1}}}));
  EXPECT_EQ(study->ask().value().suggest_float("x", 0, 2).value(), 1.0);
}

TEST(Study, CancelsAWaitingTrialByFailingIt) {
  const auto study = new_study();
  const int number = study->enqueue({{"x", 0.5}}).value();
  EXPECT_FALSE(study->tell(number, 1.0));
  EXPECT_TRUE(study->tell(number, TrialState::kFail));
  EXPECT_EQ(study->ask().value().number(), 1);
}

TEST(Study, GoesOnWithAStoredStudyOnAFreshStream) {
  const auto storage = std::make_shared<MemoryStorage>();
  const auto open = [&](bool load, Direction direction = Direction::kMinimize) {
    return Study::create({.name = "s",
                          .direction = direction,
                          .storage = storage,
                          .load_if_exists = load});
  };
  const double first = open(false).value()->ask().value().suggest_float("x", 0, 1).value();
  EXPECT_EQ(open(false).error().code, ErrorCode::kRefused);
  EXPECT_EQ(open(true, Direction::kMaximize).error().code, ErrorCode::kRefused);
  const auto again = open(true).value();
  Trial trial = again->ask().value();
  EXPECT_EQ(trial.number(), 1);
  EXPECT_NE(trial.suggest_float("x", 0, 1).value(), first);
  EXPECT_EQ(Study::create({.name = ""}).error().code, ErrorCode::kInvalidArgument);
}

/// Runs rounds of four, each from a stream of its own; what `stop_after` rounds left is gone on
/// with in a second study, as a restarted process would.
std::vector<Params> run_rounds(int rounds, int stop_after) {
  const auto storage = std::make_shared<MemoryStorage>();
  const SearchSpace space = SearchSpace::parse(
      R"([{"name":"x","type":"float","low":0,"high":1},
          {"name":"n","type":"int","low":1,"high":9}])",
      "t").value();
  std::unique_ptr<Study> study;
  for (int round = 0; round < rounds; ++round) {
    if (round == 0 || round == stop_after) {
      study = Study::create({.name = "s", .seed = 7, .storage = storage, .load_if_exists = true})
                  .value();
    }
    study->reseed_sampler(resume_seed(7, study->trials().value().size()));
    std::vector<Trial> trials;
    for (int i = 0; i < 4; ++i) trials.push_back(study->ask().value());
    for (Trial& trial : trials) {
      const Params params = trial.suggest_all(space).value();
      EXPECT_EQ(params.size(), 2u);
    }
    for (Trial& trial : trials) {
      const double x = trial.suggest_float("x", 0, 1).value();
      EXPECT_TRUE(study->tell(trial.number(), x * x));
    }
  }
  std::vector<Params> all;
  const std::vector<TrialPtr> trials = study->trials().value();
  for (const TrialPtr& trial : trials) all.push_back(trial->values());
  return all;
}

TEST(Study, ResumesBitForBitWhenEachRoundHasItsOwnStream) {
  EXPECT_EQ(run_rounds(8, -1), run_rounds(8, 5));
}

TEST(Study, StopsTrialsThroughItsPruner) {
  const auto study =
      Study::create({.name = "s", .pruner = make_pruner("median").value()}).value();
  for (int i = 0; i < 5; ++i) {
    Trial trial = study->ask().value();
    ASSERT_TRUE(trial.report(0, i));
    EXPECT_FALSE(trial.should_prune().value());
    ASSERT_TRUE(study->tell(trial.number(), i));
  }
  Trial bad = study->ask().value();
  ASSERT_TRUE(bad.report(0, 2.5));
  EXPECT_TRUE(bad.should_prune().value());
  Trial good = study->ask().value();
  ASSERT_TRUE(good.report(0, 1.5));
  EXPECT_FALSE(good.should_prune().value());
}

}  // namespace
}  // namespace thunderline::cerebros::tpe
