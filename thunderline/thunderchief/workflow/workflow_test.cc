#include "thunderline/thunderchief/workflow/workflow.h"

#include <gtest/gtest.h>

namespace thunderline::thunderchief {
namespace {

NodeSpec node(std::string name, std::vector<std::string> needs = {}) {
  NodeSpec spec;
  spec.name = std::move(name);
  spec.kind = "work";
  spec.needs = std::move(needs);
  return spec;
}

WorkflowSpec spec(std::vector<NodeSpec> nodes) { return {"w", "a workflow", std::move(nodes)}; }

std::vector<std::string> names(const Workflow& workflow) {
  std::vector<std::string> all;
  for (const Node& each : workflow.nodes) all.push_back(each.name);
  return all;
}

Error refusal(std::vector<NodeSpec> nodes) {
  const auto made = make_workflow(spec(std::move(nodes)), 0);
  EXPECT_FALSE(made);
  return made ? Error{} : made.error();
}

TEST(MakeWorkflow, PutsEachNodeBehindWhatItNeedsAndElseKeepsTheAuthorsOrder) {
  const auto made = make_workflow(spec({node("d", {"c"}), node("a"), node("b"), node("c", {"a"})}), 5);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(names(*made), (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(made->nodes[0].state, NodeState::kReady);
  EXPECT_EQ(made->nodes[0].ready_at_ms, 5);
  EXPECT_EQ(made->nodes[3].state, NodeState::kPending);
  EXPECT_EQ(made->nodes[3].needs, (std::vector<size_t>{2}));
}

TEST(MakeWorkflow, NamesTheCycle) {
  const Error error =
      refusal({node("start"), node("a", {"start", "c"}), node("b", {"a"}), node("c", {"b"}),
               node("after", {"c"})});
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_NE(error.message.find("a needs c needs b needs a"), std::string::npos) << error.message;
  EXPECT_NE(refusal({node("x", {"x"})}).message.find("x needs x"), std::string::npos);
}

TEST(MakeWorkflow, RefusesDoubledAndUnknownNames) {
  EXPECT_NE(refusal({node("a"), node("a")}).message.find("\"a\""), std::string::npos);
  const Error unknown = refusal({node("a", {"ghost"})});
  EXPECT_NE(unknown.message.find("\"ghost\""), std::string::npos);
  EXPECT_NE(unknown.where.find("\"a\""), std::string::npos);
  EXPECT_EQ(refusal({}).code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(refusal({node("")}).code, ErrorCode::kInvalidArgument);
  NodeSpec copies = node("a");
  copies.copies = 2;
  EXPECT_NE(refusal({copies, node("a[0]")}).message.find("\"a[0]\""), std::string::npos);
}

TEST(MakeWorkflow, RefusesNumbersOutOfRangeAndGraphsThatAreTooLarge) {
  NodeSpec bad = node("a");
  bad.max_attempts = 0;
  EXPECT_NE(refusal({bad}).message.find("max_attempts"), std::string::npos);
  bad = node("a");
  bad.timeout_ms = -1;
  EXPECT_NE(refusal({bad}).message.find("timeout_ms"), std::string::npos);
  NodeSpec many = node("a");
  many.copies = 1000;
  many.rounds = 1000;
  EXPECT_EQ(refusal({many}).code, ErrorCode::kResourceLimit);
}

TEST(MakeWorkflow, FansOutAndInAndRepeats) {
  NodeSpec fan = node("fan", {"start"});
  fan.copies = 3;
  NodeSpec again = node("again", {"fan"});
  again.rounds = 2;
  const auto made = make_workflow(spec({node("start"), fan, again, node("end", {"again"})}), 0);
  ASSERT_TRUE(made);
  EXPECT_EQ(names(*made), (std::vector<std::string>{"start", "fan[0]", "fan[1]", "fan[2]", "again#1",
                                                    "again#2", "end"}));
  EXPECT_EQ(made->nodes[4].needs, (std::vector<size_t>{1, 2, 3}));
  EXPECT_EQ(made->nodes[5].needs, (std::vector<size_t>{4}));
  EXPECT_EQ(made->nodes[6].needs, (std::vector<size_t>{5}));
}

TEST(Workflow, BecomesReadyWhenAllNeedsAreDoneAndEndsWithTheLast) {
  Workflow w = make_workflow(spec({node("a"), node("b"), node("c", {"a", "b"})}), 0).value();
  begin_node(w, 0, 1);
  EXPECT_EQ(complete_node(w, 0, "out", 2), (std::vector<size_t>{0}));
  begin_node(w, 1, 2);
  EXPECT_EQ(complete_node(w, 1, "", 3), (std::vector<size_t>{1, 2}));
  EXPECT_EQ(w.nodes[2].state, NodeState::kReady);
  begin_node(w, 2, 3);
  complete_node(w, 2, "", 4);
  EXPECT_EQ(w.state, WorkflowState::kDone);
  EXPECT_EQ(w.finished_ms, 4);
  EXPECT_EQ(w.nodes[0].output, "out");
}

TEST(Workflow, TriesAgainAfterABackoffThatDoublesUpToItsCap) {
  NodeSpec flaky = node("a");
  flaky.max_attempts = 5;
  flaky.backoff_ms = 10;
  flaky.max_backoff_ms = 25;
  Workflow w = make_workflow(spec({flaky}), 0).value();
  for (const int64_t wait : {10, 20, 25, 25}) {
    begin_node(w, 0, 100);
    fail_attempt(w, 0, "no luck", 100);
    EXPECT_EQ(w.nodes[0].state, NodeState::kReady);
    EXPECT_EQ(w.nodes[0].ready_at_ms, 100 + wait);
  }
  begin_node(w, 0, 200);
  fail_attempt(w, 0, "no luck", 200);
  EXPECT_EQ(w.nodes[0].state, NodeState::kFailed);
  EXPECT_EQ(w.state, WorkflowState::kFailed);
  EXPECT_EQ(w.why, "a: no luck");
}

TEST(Workflow, AFailureSkipsWhatNeedsItAndLetsTheRestGoOn) {
  Workflow w = make_workflow(
      spec({node("bad"), node("good"), node("after", {"bad"}), node("last", {"after", "good"})}), 0)
                   .value();
  begin_node(w, 0, 0);
  EXPECT_EQ(fail_attempt(w, 0, "broke", 1), (std::vector<size_t>{0, 2, 3}));
  EXPECT_EQ(w.nodes[2].why, "bad is failed");
  EXPECT_EQ(w.nodes[3].why, "after is skipped");
  EXPECT_EQ(w.state, WorkflowState::kRunning);
  begin_node(w, 1, 1);
  complete_node(w, 1, "", 2);
  EXPECT_EQ(w.state, WorkflowState::kFailed);
}

TEST(Workflow, ASkippedNodeIsNoFailure) {
  Workflow w = make_workflow(spec({node("a"), node("b", {"a"})}), 0).value();
  skip_node(w, 0, "not wanted", 1);
  EXPECT_EQ(w.nodes[1].state, NodeState::kSkipped);
  EXPECT_EQ(w.state, WorkflowState::kDone);
}

TEST(Workflow, CancellingKeepsWhatIsDone) {
  Workflow w = make_workflow(spec({node("a"), node("b", {"a"}), node("c", {"b"})}), 0).value();
  begin_node(w, 0, 0);
  complete_node(w, 0, "", 1);
  begin_node(w, 1, 1);
  EXPECT_EQ(cancel_workflow(w, "by the user", 2), (std::vector<size_t>{1, 2}));
  EXPECT_EQ(w.nodes[0].state, NodeState::kDone);
  EXPECT_EQ(w.nodes[1].why, "by the user");
  EXPECT_EQ(w.state, WorkflowState::kCancelled);
}

TEST(Workflow, StatesHaveNamesThatReadBack) {
  for (const NodeState state : {NodeState::kPending, NodeState::kReady, NodeState::kRunning,
                                NodeState::kDone, NodeState::kFailed, NodeState::kSkipped,
                                NodeState::kCancelled}) {
    EXPECT_EQ(node_state(name_of(state)), state);
  }
  EXPECT_FALSE(node_state("asleep"));
  EXPECT_EQ(workflow_state("cancelled"), WorkflowState::kCancelled);
}

}  // namespace
}  // namespace thunderline::thunderchief
