#include "thunderline/thunderchief/plan/plan.h"

#include <gtest/gtest.h>

#include "tests/support/plan_bench.h"

namespace thunderline::thunderchief {
namespace {

using testing::choose;
using testing::goal;
using testing::sequence;
using testing::task;
using Kind = NextMove::Kind;

Plan make(const StepSpec& root) { return make_plan("p", root, "because", 1).value(); }

Error refusal(const StepSpec& root) {
  const auto made = make_plan("p", root, "", 0);
  EXPECT_FALSE(made);
  return made ? Error{} : made.error();
}

/// Takes the next move, which must be of this kind and for the step of this name.
void expect_move(const Plan& plan, Kind kind, const std::string& step) {
  const NextMove next = next_move(plan);
  EXPECT_EQ(static_cast<int>(next.kind), static_cast<int>(kind)) << step;
  EXPECT_EQ(plan.steps[next.position].name, step);
}

void do_task(Plan& plan, const std::string& name) {
  expect_move(plan, Kind::kExecute, name);
  begin_task(plan, plan.find(name).value(), 2);
  complete_task(plan, plan.find(name).value(), "", 3);
}

void fail_task(Plan& plan, const std::string& name) {
  expect_move(plan, Kind::kExecute, name);
  begin_task(plan, plan.find(name).value(), 2);
  fail_step(plan, plan.find(name).value(), "broke", 3);
}

void undo_task(Plan& plan, const std::string& name) {
  expect_move(plan, Kind::kUndo, name);
  begin_undo(plan, plan.find(name).value(), 4);
  if (next_move(plan).kind == Kind::kNothing) complete_undo(plan, plan.find(name).value(), 5);
}

StepState state_of(const Plan& plan, const std::string& name) {
  return plan.steps[plan.find(name).value()].state;
}

TEST(MakePlan, RefusesTreesThatMeanNothing) {
  EXPECT_EQ(refusal(sequence("s", {})).code, ErrorCode::kInvalidArgument);
  EXPECT_NE(refusal(sequence("s", {task("a"), task("a")})).message.find("\"a\""),
            std::string::npos);
  EXPECT_EQ(refusal(task("")).code, ErrorCode::kInvalidArgument);
  StepSpec odd = task("t");
  odd.steps = {task("u")};
  EXPECT_EQ(refusal(odd).code, ErrorCode::kInvalidArgument);
  odd = task("t");
  odd.task.clear();
  EXPECT_EQ(refusal(odd).code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(make_plan("", task("t"), "", 0).error().code, ErrorCode::kInvalidArgument);
  StepSpec deep = task("leaf");
  for (int i = 0; i < 40; ++i) deep = sequence("s", {deep});
  EXPECT_EQ(refusal(deep).code, ErrorCode::kResourceLimit);
}

TEST(Plan, ASequenceIsDoneStepByStep) {
  Plan plan = make(sequence("s", {task("a"), task("b")}));
  expect_move(plan, Kind::kStart, "s");
  start_plan(plan);
  do_task(plan, "a");
  EXPECT_EQ(plan.state, PlanState::kRunning);
  do_task(plan, "b");
  EXPECT_EQ(plan.state, PlanState::kDone);
  EXPECT_EQ(state_of(plan, "s"), StepState::kDone);
  EXPECT_EQ(static_cast<int>(next_move(plan).kind), static_cast<int>(Kind::kNothing));
}

TEST(Plan, AFailureUndoesWhatWasDoneNewestFirst) {
  Plan plan = make(sequence("s", {task("a"), task("b", ""), task("c"), task("d"), task("e")}));
  start_plan(plan);
  for (const char* name : {"a", "b", "c"}) do_task(plan, name);
  fail_task(plan, "d");
  EXPECT_EQ(plan.state, PlanState::kRollingBack);
  for (const char* name : {"c", "b", "a"}) undo_task(plan, name);
  expect_move(plan, Kind::kEndRollback, "s");
  end_rollback(plan, 9);
  EXPECT_EQ(plan.state, PlanState::kRolledBack);
  EXPECT_EQ(plan.why, "d: broke");
  EXPECT_EQ(state_of(plan, "b"), StepState::kRolledBack);
  EXPECT_EQ(state_of(plan, "s"), StepState::kFailed);
  EXPECT_EQ(state_of(plan, "e"), StepState::kSkipped);
  for (const PlanStep& step : plan.steps) EXPECT_FALSE(step.why.empty()) << step.name;
}

TEST(Plan, AChoiceTakesItsNextWayAfterUndoingTheFirst) {
  Plan plan = make(sequence(
      "s", {task("before"), choose("how", {sequence("first", {task("a"), task("b")}),
                                           task("second"), task("third")})}));
  start_plan(plan);
  do_task(plan, "before");
  do_task(plan, "a");
  fail_task(plan, "b");
  EXPECT_EQ(plan.state, PlanState::kRunning);
  undo_task(plan, "a");
  expect_move(plan, Kind::kEndRollback, "first");
  end_rollback(plan, 9);
  EXPECT_EQ(state_of(plan, "first"), StepState::kFailed);
  do_task(plan, "second");
  EXPECT_EQ(plan.state, PlanState::kDone);
  EXPECT_EQ(state_of(plan, "third"), StepState::kSkipped);
  EXPECT_EQ(state_of(plan, "before"), StepState::kDone);
}

TEST(Plan, AChoiceWithoutAnotherWayFailsAsAWhole) {
  Plan plan = make(sequence("s", {task("before"), choose("how", {task("a"), task("b")})}));
  start_plan(plan);
  do_task(plan, "before");
  fail_task(plan, "a");
  end_rollback(plan, 5);
  fail_task(plan, "b");
  undo_task(plan, "before");
  end_rollback(plan, 9);
  EXPECT_EQ(plan.state, PlanState::kRolledBack);
}

TEST(Plan, AGoalBecomesATreeWhenItsTurnComes) {
  Plan plan = make(sequence("s", {goal("g"), task("last")}));
  start_plan(plan);
  expect_move(plan, Kind::kExpand, "g");
  ASSERT_TRUE(expand_goal(plan, 1, sequence("tree", {task("a")}), 2));
  do_task(plan, "a");
  EXPECT_EQ(state_of(plan, "g"), StepState::kDone);
  do_task(plan, "last");
  EXPECT_EQ(plan.state, PlanState::kDone);
}

TEST(Plan, GoalsThatBecomeThemselvesComeToAnEnd) {
  Plan plan = make(goal("g"));
  start_plan(plan);
  Status expanded;
  for (size_t i = 0; i < 100 && expanded; ++i) {
    expanded = expand_goal(plan, next_move(plan).position, goal("g"), 0);
  }
  ASSERT_FALSE(expanded);
  EXPECT_EQ(expanded.error().code, ErrorCode::kResourceLimit);
}

TEST(Plan, UndoingIsTriedAgainAndThenGivenUp) {
  Plan plan = make(sequence("s", {task("a"), task("b")}));
  start_plan(plan);
  do_task(plan, "a");
  fail_task(plan, "b");
  for (int attempt = 0; attempt < 2; ++attempt) {
    expect_move(plan, Kind::kUndo, "a");
    begin_undo(plan, 1, 4);
    fail_undo(plan, 1, "stuck", 2, 5);
  }
  EXPECT_EQ(plan.state, PlanState::kFailed);
  EXPECT_NE(plan.why.find("a could not be undone: stuck"), std::string::npos);
}

TEST(Plan, CancellingUndoesWhatWasDone) {
  Plan plan = make(sequence("s", {task("a"), task("b")}));
  start_plan(plan);
  do_task(plan, "a");
  begin_task(plan, 2, 3);
  cancel_plan(plan, "by the user", 4);
  EXPECT_EQ(state_of(plan, "b"), StepState::kCancelled);
  undo_task(plan, "a");
  end_rollback(plan, 6);
  EXPECT_EQ(plan.state, PlanState::kCancelled);
  EXPECT_EQ(plan.why, "by the user");
}

TEST(Plan, StatesAndKindsHaveNamesThatReadBack) {
  EXPECT_EQ(step_kind("choose"), StepKind::kChoose);
  EXPECT_EQ(step_state(name_of(StepState::kRollingBack)), StepState::kRollingBack);
  EXPECT_EQ(plan_state(name_of(PlanState::kRolledBack)), PlanState::kRolledBack);
  EXPECT_FALSE(plan_state("asleep"));
}

}  // namespace
}  // namespace thunderline::thunderchief
