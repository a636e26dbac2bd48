#include "thunderline/thunderchief/plan_chief.h"

#include <gtest/gtest.h>

#include "tests/support/plan_bench.h"

namespace thunderline::thunderchief {
namespace {

using testing::choose;
using testing::goal;
using testing::PlanBench;
using testing::sequence;
using testing::task;
using Names = std::vector<std::string>;

PlanState state_of(PlanBench& bench, const std::string& id) {
  return bench.chief->plan(id).value().state;
}

TEST(PlanChief, StartsExpandsAndExecutes) {
  PlanBench bench;
  bench.runner.trees["do g"] = sequence("tree", {task("a"), task("b")});
  ASSERT_TRUE(bench.chief->submit("p", goal("g"), "250 new rewards"));
  EXPECT_EQ(bench.tick(), (Names{"plan_start", "expand_node", "execute_step"}));
  EXPECT_EQ(bench.runner.under_way.at(0).task, "do a");
  ASSERT_TRUE(bench.report(true));
  EXPECT_EQ(bench.tick(), (Names{"execute_step"}));
  ASSERT_TRUE(bench.report(true));
  EXPECT_EQ(state_of(bench, "p"), PlanState::kDone);
  EXPECT_EQ(bench.chief->plan("p").value().why, "250 new rewards");
}

TEST(PlanChief, RollsBackWithTheCompensatingSteps) {
  PlanBench bench;
  ASSERT_TRUE(bench.chief->submit("p", sequence("s", {task("a", "unmake a"), task("b")}), ""));
  bench.tick();
  ASSERT_TRUE(bench.report(true));
  bench.tick();
  ASSERT_TRUE(bench.report(false, "broke"));
  EXPECT_EQ(bench.tick(), (Names{"rollback"}));
  EXPECT_EQ(bench.runner.under_way.at(0).task, "unmake a");
  EXPECT_TRUE(bench.runner.under_way[0].undo);
  ASSERT_TRUE(bench.report(true));
  EXPECT_EQ(bench.tick(), (Names{"rollback"}));
  EXPECT_EQ(state_of(bench, "p"), PlanState::kRolledBack);
}

TEST(PlanChief, GivesAPlanUpThatCannotBeUndone) {
  PlanBench bench;
  ASSERT_TRUE(bench.chief->submit("p", sequence("s", {task("a"), task("b")}), ""));
  bench.tick();
  ASSERT_TRUE(bench.report(true));
  bench.tick();
  ASSERT_TRUE(bench.report(false, "broke"));
  for (int attempt = 0; attempt < 3; ++attempt) {
    EXPECT_EQ(bench.tick(), (Names{"rollback"}));
    ASSERT_TRUE(bench.report(false, "stuck"));
  }
  EXPECT_EQ(state_of(bench, "p"), PlanState::kFailed);
  EXPECT_EQ(bench.tick(), Names{});
}

TEST(PlanChief, AGoalThatNobodyCanExpandFails) {
  PlanBench bench;
  ASSERT_TRUE(bench.chief->submit("p", choose("how", {goal("g"), task("a")}), ""));
  EXPECT_EQ(bench.tick(), (Names{"plan_start", "expand_node", "rollback", "execute_step"}));
  const Plan plan = bench.chief->plan("p").value();
  EXPECT_NE(plan.steps[1].why.find("nobody knows how"), std::string::npos);
}

TEST(PlanChief, ARunnerThatCannotBeginFailsTheStep) {
  PlanBench bench;
  bench.runner.refuse = true;
  ASSERT_TRUE(bench.chief->submit("p", task("a"), ""));
  EXPECT_EQ(bench.tick(), (Names{"plan_start", "execute_step", "rollback"}));
  EXPECT_EQ(state_of(bench, "p"), PlanState::kRolledBack);
  EXPECT_NE(bench.chief->plan("p").value().why.find("made to refuse"), std::string::npos);
}

TEST(PlanChief, GoesOnAtTheRunningStepAfterAKill) {
  PlanBench bench;
  ASSERT_TRUE(bench.chief->submit("p", sequence("s", {task("a"), task("b")}), ""));
  bench.tick();
  const std::string key = bench.runner.under_way.at(0).key;
  bench.revive();
  EXPECT_EQ(bench.tick(), (Names{"execute_step"}));
  EXPECT_EQ(bench.runner.under_way.at(0).key, key);
  EXPECT_EQ(bench.tick(), Names{}) << "once";
}

TEST(PlanChief, CancelsWhatRunsAlsoWhenAnotherProcessAsks) {
  PlanBench bench;
  ASSERT_TRUE(bench.chief->submit("p", task("a"), ""));
  bench.tick();
  auto other_state = StateStore::open(bench.path()).value();
  ASSERT_TRUE(PlanStore::open(*other_state).value().request_cancel("p", "by the user"));
  EXPECT_EQ(bench.tick(), (Names{"rollback"}));
  EXPECT_EQ(bench.runner.cancelled, (Names{"p/0"}));
  EXPECT_EQ(state_of(bench, "p"), PlanState::kCancelled);
  EXPECT_EQ(bench.chief->cancel("p", "").error().code, ErrorCode::kRefused);
  EXPECT_EQ(bench.chief->cancel("q", "").error().code, ErrorCode::kNotFound);
}

TEST(PlanChief, IgnoresReportsThatNobodyWaitsFor) {
  PlanBench bench;
  ASSERT_TRUE(bench.chief->submit("p", sequence("s", {task("a"), task("b")}), ""));
  bench.tick();
  const StepReport done{"p", 1};
  ASSERT_TRUE(bench.chief->report(done));
  ASSERT_TRUE(bench.chief->report(done));
  ASSERT_TRUE(bench.chief->report({"p", 2, false, false, "", "early"}));
  EXPECT_EQ(bench.chief->plan("p").value().steps[2].state, StepState::kPending);
  EXPECT_EQ(bench.chief->report({"p", 9}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(bench.chief->report({"q", 0}).error().code, ErrorCode::kNotFound);
}

TEST(PlanChief, ObservesNumbersOfOneWidthBetweenZeroAndOne) {
  PlanBench bench;
  const auto empty = bench.chief->observe_state();
  ASSERT_TRUE(bench.chief->submit("p", task("a"), ""));
  const auto busy = bench.chief->observe_state();
  EXPECT_EQ(empty.size(), busy.size());
  EXPECT_GT(busy[1], empty[1]);
  for (const float value : busy) EXPECT_TRUE(value >= 0 && value <= 1);
}

}  // namespace
}  // namespace thunderline::thunderchief
