#include "thunderline/cerebros/service/agent_trainer.h"

#include <gtest/gtest.h>

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
      [&](const AgentTrial& trial) { told.push_back(trial.number); }, {});
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
