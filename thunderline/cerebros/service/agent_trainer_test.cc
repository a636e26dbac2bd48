#include "thunderline/cerebros/service/agent_trainer.h"

#include <gtest/gtest.h>

#include <map>

#include "thunderline/base/random.h"

namespace thunderline::cerebros::service {
namespace {

/// 300 rows of four numbers; the label is whether the first is above the second.
struct Data {
  std::vector<float> x, y;
  Data() {
    Random random(5);
    for (int i = 0; i < 300; ++i) {
      for (int j = 0; j < 4; ++j) x.push_back(static_cast<float>(random.unit()));
      y.push_back(x[x.size() - 4] > x[x.size() - 3] ? 1.0f : 0.0f);
    }
  }
  train::TrainingData view() const { return {x, y, {}, 300}; }
};

AgentTrainerOptions few() {
  AgentTrainerOptions options;
  options.trials = 6;
  options.epochs = 5;
  options.seed = 3;
  return options;
}

TEST(AgentStudy, LearnsAndKeepsTheBestTrialsModel) {
  const Data data;
  std::vector<int> told;
  const auto study = run_agent_study(
      scoring_space(), data.view(), 4, few(),
      {.on_trial = [&](const AgentTrial& trial) { told.push_back(trial.number); }}, {});
  ASSERT_TRUE(study);
  EXPECT_EQ(told, (std::vector<int>{0, 1, 2, 3, 4, 5}));
  ASSERT_EQ(study->trials.size(), 6u);
  for (const AgentTrial& trial : study->trials) {
    EXPECT_LE(study->best.val_loss, trial.val_loss.value());
  }
  EXPECT_EQ(study->best.val_loss,
            study->trials[static_cast<size_t>(study->best_trial)].val_loss.value());
  EXPECT_LT(study->best.val_loss, 0.69) << "better than a coin";
}

TEST(AgentStudy, IsTheSameBitForBitWhateverTheNumberOfJobs) {
  const Data data;
  AgentTrainerOptions one = few(), four = few();
  four.jobs = 4;
  const auto a = run_agent_study(scoring_space(), data.view(), 4, one, {}, {});
  const auto b = run_agent_study(scoring_space(), data.view(), 4, four, {}, {});
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->best.model, b->best.model);
  EXPECT_EQ(a->best_trial, b->best_trial);
}

TEST(AgentStudy, StopsWhenAskedTo) {
  const Data data;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(run_agent_study(scoring_space(), data.view(), 4, few(), {}, stop.get_token())
                .error().code, ErrorCode::kInterrupted);
}

/// Keeps trials as a store does, and stops the study once it has `limit` of them.
struct Keeper {
  std::map<int, AgentTrial> kept;
  size_t limit = 100;
  std::stop_source stop = {};
  int recalled = 0, batches = 0;

  StudyHooks hooks() {
    StudyHooks hooks;
    hooks.on_batch = [this] { ++batches; };
    hooks.keep = [this](const AgentTrial& trial) -> Status {
      kept[trial.number] = trial;
      if (kept.size() >= limit) stop.request_stop();
      return {};
    };
    hooks.recall = [this](int number, const tpe::Params& params) -> std::optional<AgentTrial> {
      const auto found = kept.find(number);
      if (found == kept.end()) return std::nullopt;
      EXPECT_EQ(found->second.params, params) << "the same seed suggests the same";
      ++recalled;
      return found->second;
    };
    return hooks;
  }
};

TEST(AgentStudy, InterruptedAfterAnyTrialEndsAsIfItHadNotBeen) {
  const Data data;
  const auto whole = run_agent_study(scoring_space(), data.view(), 4, few(), {}, {});
  ASSERT_TRUE(whole);
  for (size_t limit = 1; limit <= 6; ++limit) {
    Keeper keeper;
    keeper.limit = limit;
    const auto stopped = run_agent_study(scoring_space(), data.view(), 4, few(), keeper.hooks(),
                                         keeper.stop.get_token());
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, ErrorCode::kInterrupted);
    ASSERT_EQ(keeper.kept.size(), limit) << "the trial that was interrupted is not kept";
    keeper.limit = 100;
    const auto rest = run_agent_study(scoring_space(), data.view(), 4, few(), keeper.hooks(), {});
    ASSERT_TRUE(rest) << to_string(rest.error());
    EXPECT_EQ(keeper.recalled, static_cast<int>(limit));
    EXPECT_EQ(rest->best.model, whole->best.model) << limit;
    EXPECT_EQ(rest->best_trial, whole->best_trial);
    EXPECT_EQ(rest->best.val_loss, whole->best.val_loss);
    ASSERT_EQ(rest->trials.size(), whole->trials.size());
    for (size_t i = 0; i < rest->trials.size(); ++i) {
      EXPECT_EQ(rest->trials[i].params, whole->trials[i].params);
      EXPECT_EQ(rest->trials[i].val_loss, whole->trials[i].val_loss);
      EXPECT_EQ(rest->trials[i].epochs, whole->trials[i].epochs);
    }
  }
}

TEST(AgentStudy, GivesASignOfLifeAfterEachBatch) {
  const Data data;
  Keeper keeper;
  const auto study = run_agent_study(scoring_space(), data.view(), 4, few(), keeper.hooks(), {});
  ASSERT_TRUE(study);
  int epochs = 0;
  for (const AgentTrial& trial : study->trials) epochs += trial.epochs;
  EXPECT_EQ(keeper.batches, epochs * 4) << "240 rows in batches of 64";
}

TEST(AgentStudy, EndsWhenATrialCannotBeKept) {
  const Data data;
  StudyHooks hooks;
  hooks.keep = [](const AgentTrial&) -> Status { return fail(ErrorCode::kUnavailable, "full"); };
  const auto study = run_agent_study(scoring_space(), data.view(), 4, few(), hooks, {});
  ASSERT_FALSE(study);
  EXPECT_EQ(study.error().message, "full");
}

TEST(AgentStudy, SaysWhyWhenEveryTrialFailed) {
  const Data data;
  const auto space = tpe::SearchSpace::parse(
      R"([{"name": "learning_rate", "type": "float", "low": 0.001, "high": 0.01}])", "x").value();
  const auto study = run_agent_study(space, data.view(), 4, few(), {}, {});
  ASSERT_FALSE(study);
  EXPECT_EQ(study.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(study.error().message.find("hidden_dim"), std::string::npos);
}

}  // namespace
}  // namespace thunderline::cerebros::service
