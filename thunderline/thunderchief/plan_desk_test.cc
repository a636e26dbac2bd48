#include "thunderline/thunderchief/plan_desk.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"
#include "thunderline/thunderchief/orchestrator/training_plan.h"

namespace thunderline::thunderchief {
namespace {

using Names = std::vector<std::string>;

struct PlanDeskTest : ::testing::Test {
  testing::TempFolder folder;
  testing::FakeClock clock;
  std::vector<thunderbolt::ChiefStep> steps;
  std::unique_ptr<PlanDesk> desk;

  void SetUp() override { open(); }
  /// Drops the desk as a kill does, and opens the home again.
  void open() {
    desk.reset();
    desk = PlanDesk::open(folder.path("state.db"), clock, [this](const auto& step) {
             steps.push_back(step);
             return Status{};
           }).value();
  }

  static TrainingGranted granted(int version = 1) {
    TrainingGranted message;
    message.id = static_cast<uint64_t>(version);
    message.curriculum.model = "m";
    message.curriculum.version = version;
    message.curriculum.reason = "600 rewards";
    return message;
  }
  void follow(const Message& message) { ASSERT_TRUE(desk->follow(message)); }
  void train() {
    follow(granted());
    follow(TrainingStarted{1, 1, 5, 100});
    follow(TrainingProgress{1, 4, 5, {}});
    follow(TrainingProgress{1, 5, 5, {}});
    follow(TrainingFinished{1, nullptr, {}});
  }
  /// "running tpe", or the workflow's end.
  std::string place() {
    const Workflow workflow = desk->workflow("m-1").value();
    for (const Node& node : workflow.nodes) {
      if (!is_final(node.state)) return name_of(node.state) + (" " + node.name);
    }
    return name_of(workflow.state);
  }
  std::string state() { return name_of(desk->plan("m-1").value().state); }
};

TEST_F(PlanDeskTest, FollowsATrainingFromStageToStage) {
  follow(granted());
  EXPECT_EQ(place(), "running collect");
  follow(TrainingStarted{1, 1, 5, 100});
  EXPECT_EQ(place(), "running tpe");
  follow(TrainingProgress{1, 4, 5, {}});
  EXPECT_EQ(place(), "running tpe");
  follow(TrainingProgress{1, 5, 5, {}});
  EXPECT_EQ(place(), "running train");
  follow(TrainingFinished{1, nullptr, {}});
  EXPECT_EQ(place(), "running evaluate");
  follow(ExportRequest{1, nullptr, {}, {}});
  EXPECT_EQ(place(), "running export");
  follow(ExportReady{1, "", 1, nullptr, {}, {}});
  EXPECT_EQ(place(), "running deploy");
  EXPECT_EQ(state(), "running");
  follow(ModelDeployed{1, "m", 1, 0.0});
  EXPECT_EQ(place(), "done");
  EXPECT_EQ(state(), "done");
  EXPECT_EQ(desk->plan("m-1").value().why, "600 rewards");
}

TEST_F(PlanDeskTest, ARefusedChallengerSkipsExportAndSaysWhy) {
  train();
  Evaluation evaluation;
  evaluation.reason = "no better by 2 standard errors";
  follow(ChallengerDropped{1, nullptr, evaluation, std::nullopt, {}});
  EXPECT_EQ(state(), "done");
  const Workflow workflow = desk->workflow("m-1").value();
  EXPECT_EQ(workflow.nodes[4].state, NodeState::kDone);
  EXPECT_EQ(workflow.nodes[5].state, NodeState::kSkipped);
  EXPECT_EQ(workflow.nodes[5].why, evaluation.reason);
  EXPECT_NE(desk->plan("m-1").value().steps.back().why.find(evaluation.reason), std::string::npos);
}

TEST_F(PlanDeskTest, AFailedTrainingIsRolledBackAndSaysWhere) {
  follow(granted());
  follow(TrainingStarted{1, 1, 5, 100});
  follow(ChallengerDropped{1, nullptr, {}, Error{ErrorCode::kInternal, "no trial ended", "", ""}, {}});
  EXPECT_EQ(state(), "rolled_back");
  EXPECT_NE(desk->plan("m-1").value().why.find("tpe: no trial ended"), std::string::npos);
}

TEST_F(PlanDeskTest, GoesOnWithTheSamePlanAfterAKill) {
  follow(granted());
  follow(TrainingStarted{1, 1, 5, 100});
  open();
  EXPECT_EQ(state(), "running");
  train();  // The agents begin again.
  EXPECT_EQ(place(), "running evaluate");
  const Workflow workflow = desk->workflow("m-1").value();
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(workflow.nodes[i].attempts, 1) << i;
}

TEST_F(PlanDeskTest, TakesFromTheLogWhatItDidNotHearBeforeAKill) {
  train();
  open();
  ModelRecord deployed;
  deployed.version = 1;
  deployed.decision = "deployed";
  ModelRecord refused;
  refused.version = 2;
  refused.decision = "refused";
  refused.reason = "worse";
  ModelRecord failed = refused;
  failed.version = 3;
  failed.decision = "failed";
  ASSERT_TRUE(desk->follow("m", {deployed, refused, failed}));
  EXPECT_EQ(state(), "done");
  EXPECT_EQ(desk->workflow("m-2").value().nodes[5].why, "worse");
  EXPECT_EQ(desk->plan("m-3").value().state, PlanState::kRolledBack);
}

TEST_F(PlanDeskTest, AnotherProcessCancelsATraining) {
  follow(granted());
  EXPECT_FALSE(desk->cancelled("m", 1));
  ASSERT_TRUE(cancel_from_outside(folder.path("state.db"), clock, "m-1", false));
  EXPECT_FALSE(desk->cancelled("m", 1));
  ASSERT_TRUE(desk->tick());
  EXPECT_TRUE(desk->cancelled("m", 1));
  EXPECT_EQ(state(), "cancelled");
  EXPECT_EQ(place(), "cancelled");
  follow(TrainingStarted{1, 1, 5, 100});  // Was under way.
  follow(ChallengerDropped{1, nullptr, {}, Error{ErrorCode::kRefused, "cancelled", "", ""}, {}});
  EXPECT_EQ(state(), "cancelled");
  open();
  EXPECT_TRUE(desk->cancelled("m", 1)) << "also in the next life";
}

TEST_F(PlanDeskTest, ATrainingWhoseModelIsBeingJudgedIsNotCancelledUnderItsRun) {
  train();
  const std::string path = folder.path("state.db");
  EXPECT_EQ(cancel_from_outside(path, clock, "m-1", false).error().code, ErrorCode::kRefused);
  EXPECT_TRUE(cancel_from_outside(path, clock, "m-1", true)) << "a killed run trains again";
}

TEST_F(PlanDeskTest, WithoutARunAPlanIsCancelledAtOnce) {
  follow(granted());
  desk.reset();
  ASSERT_TRUE(cancel_from_outside(folder.path("state.db"), clock, "m-1", true));
  const auto refused = cancel_from_outside(folder.path("state.db"), clock, "m-1", true);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_EQ(cancel_from_outside(folder.path("state.db"), clock, "x", true).error().code,
            ErrorCode::kNotFound);
  open();
  EXPECT_EQ(state(), "cancelled");
}

TEST_F(PlanDeskTest, LogsWhatItsChiefsDidButNotTheirWaiting) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(desk->tick());
  EXPECT_TRUE(steps.empty());
  follow(granted());
  ASSERT_GE(steps.size(), 4u);
  EXPECT_EQ(steps[0].source, "plan");
  EXPECT_EQ(steps[0].action, 0) << "plan_start";
  EXPECT_EQ(steps.back().source, "vine");
}

TEST(TrainingPlan, IsTheChainOfTheSevenStages) {
  const auto spec = training_workflow("m-1/2", training_goal(PlanDeskTest::granted().curriculum).input);
  ASSERT_TRUE(spec);
  const auto workflow = make_workflow(*spec, 0);
  ASSERT_TRUE(workflow);
  Names names;
  for (const Node& node : workflow->nodes) names.push_back(node.name);
  EXPECT_EQ(names, (Names{"collect", "feature", "tpe", "train", "evaluate", "export", "deploy"}));
  EXPECT_FALSE(training_workflow("w", "[]"));
  PlanStep other;
  other.task = "bake";
  EXPECT_EQ(expand_training(other).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace thunderline::thunderchief
