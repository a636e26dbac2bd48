#include "thunderline/thunderchief/vine_chief.h"

#include <gtest/gtest.h>

#include "tests/support/vine_bench.h"

namespace thunderline::thunderchief {
namespace {

using testing::VineBench;
using Names = std::vector<std::string>;

NodeSpec node(std::string name, Names needs = {}) {
  NodeSpec spec;
  spec.name = std::move(name);
  spec.kind = "work";
  spec.needs = std::move(needs);
  return spec;
}

NodeReport done(const NodeStart& start, std::string output = "") {
  return {start.workflow, start.node, start.attempt, NodeReport::Kind::kDone, std::move(output), ""};
}

NodeReport failed(const NodeStart& start, std::string why) {
  return {start.workflow, start.node, start.attempt, NodeReport::Kind::kFailed, "", std::move(why)};
}

NodeState state_of(VineBench& bench, const std::string& id, const std::string& name) {
  const Workflow workflow = bench.vine->workflow(id).value();
  return workflow.nodes[workflow.find(name).value()].state;
}

TEST(VineChief, StartsWhatIsReadyAndHandsOnWhatItGave) {
  VineBench bench;
  ASSERT_TRUE(bench.vine->submit({"w", "", {node("a"), node("b"), node("c", {"a", "b"})}}));
  EXPECT_EQ(bench.tick(), (Names{"advance_batch"}));
  ASSERT_EQ(bench.runner.under_way.size(), 2u);
  const auto begun = std::exchange(bench.runner.under_way, {});
  EXPECT_EQ(begun[0].key, "w/a");
  ASSERT_TRUE(bench.vine->report(done(begun[0], "1")));
  ASSERT_TRUE(bench.vine->report(done(begun[1], "2")));
  EXPECT_EQ(bench.tick(), (Names{"advance_node"}));
  const NodeStart& last = bench.runner.under_way.at(0);
  ASSERT_EQ(last.needs.size(), 2u);
  EXPECT_EQ(last.needs[0].node + last.needs[0].output, "a1");
  EXPECT_EQ(last.needs[1].node + last.needs[1].output, "b2");
  std::vector<std::string> over;
  bench.vine->on_finished([&](const Workflow& w) { over.push_back(w.id); });
  ASSERT_TRUE(bench.vine->report(done(last)));
  EXPECT_EQ(over, (Names{"w"}));
  EXPECT_EQ(bench.vine->workflow("w").value().state, WorkflowState::kDone);
}

TEST(VineChief, BoundsHowManyRunAtATime) {
  VineChief::Options options;
  options.max_running = 3;
  options.max_batch = 2;
  VineBench bench(options);
  NodeSpec many = node("a");
  many.copies = 5;
  ASSERT_TRUE(bench.vine->submit({"w", "", {many}}));
  EXPECT_EQ(bench.tick(), (Names{"advance_batch", "advance_node"}));
  EXPECT_EQ(bench.runner.under_way.size(), 3u);
}

TEST(VineChief, TriesAFailedNodeAgainAfterItsBackoff) {
  VineBench bench;
  NodeSpec flaky = node("a");
  flaky.max_attempts = 2;
  flaky.backoff_ms = 50;
  ASSERT_TRUE(bench.vine->submit({"w", "", {flaky}}));
  bench.tick();
  ASSERT_TRUE(bench.vine->report(failed(bench.runner.under_way.at(0), "no luck")));
  EXPECT_EQ(bench.tick(), Names{});
  bench.clock.advance(std::chrono::milliseconds(50));
  EXPECT_EQ(bench.tick(), (Names{"advance_node"}));
  EXPECT_EQ(bench.runner.under_way.at(0).attempt, 2);
  EXPECT_EQ(bench.runner.under_way.at(0).key, "w/a");
  ASSERT_TRUE(bench.vine->report(failed(bench.runner.under_way.at(0), "no luck")));
  EXPECT_EQ(bench.vine->workflow("w").value().why, "a: no luck");
}

TEST(VineChief, GivesUpAnAttemptThatIsOutOfTime) {
  VineBench bench;
  NodeSpec slow = node("a");
  slow.timeout_ms = 100;
  slow.max_attempts = 2;
  slow.backoff_ms = 0;
  ASSERT_TRUE(bench.vine->submit({"w", "", {slow}}));
  bench.tick();
  const NodeStart first = bench.runner.under_way.at(0);
  bench.clock.advance(std::chrono::milliseconds(99));
  EXPECT_EQ(bench.tick(), Names{});
  bench.clock.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(bench.tick(), (Names{"recover_stalled", "advance_node"}));
  EXPECT_EQ(bench.runner.cancelled, (Names{"w/a"}));
  // The given-up attempt's failure changes nothing; its late success counts.
  ASSERT_TRUE(bench.vine->report(failed(first, "late")));
  EXPECT_EQ(state_of(bench, "w", "a"), NodeState::kRunning);
  ASSERT_TRUE(bench.vine->report(done(first)));
  EXPECT_EQ(state_of(bench, "w", "a"), NodeState::kDone);
}

TEST(VineChief, ARunnerThatCannotBeginIsAFailedAttempt) {
  VineBench bench;
  bench.runner.refuse = true;
  ASSERT_TRUE(bench.vine->submit({"w", "", {node("a"), node("b", {"a"})}}));
  EXPECT_EQ(bench.tick(), (Names{"advance_node"}));
  const Workflow workflow = bench.vine->workflow("w").value();
  EXPECT_EQ(workflow.state, WorkflowState::kFailed);
  EXPECT_NE(workflow.why.find("made to refuse"), std::string::npos);
}

TEST(VineChief, ASkippedNodeTakesWhatNeedsItAlong) {
  VineBench bench;
  ASSERT_TRUE(bench.vine->submit({"w", "", {node("judge"), node("deploy", {"judge"})}}));
  bench.tick();
  ASSERT_TRUE(bench.vine->report(done(bench.runner.under_way.at(0))));
  ASSERT_TRUE(bench.vine->report({"w", "deploy", 1, NodeReport::Kind::kSkipped, "", "not better"}));
  const Workflow workflow = bench.vine->workflow("w").value();
  EXPECT_EQ(workflow.state, WorkflowState::kDone);
  EXPECT_EQ(workflow.nodes[1].why, "not better");
}

TEST(VineChief, CancelsWhatRuns) {
  VineBench bench;
  ASSERT_TRUE(bench.vine->submit({"w", "", {node("a"), node("b", {"a"})}}));
  bench.tick();
  ASSERT_TRUE(bench.vine->cancel("w", "by the user"));
  EXPECT_EQ(bench.runner.cancelled, (Names{"w/a"}));
  EXPECT_EQ(bench.vine->cancel("w", "again").error().code, ErrorCode::kRefused);
  EXPECT_EQ(bench.vine->cancel("v", "").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(bench.tick(), Names{});
}

TEST(VineChief, GoesOnAtTheRunningNodeAfterAKill) {
  VineBench bench;
  ASSERT_TRUE(bench.vine->submit({"w", "", {node("a"), node("b", {"a"})}}));
  bench.tick();
  ASSERT_TRUE(bench.vine->report(done(bench.runner.under_way.at(0), "1")));
  bench.tick();
  bench.revive();
  bench.runner.under_way.clear();
  EXPECT_EQ(bench.tick(), (Names{"recover_stalled"}));
  ASSERT_EQ(bench.runner.under_way.size(), 1u);
  EXPECT_EQ(bench.runner.under_way[0].key, "w/b");
  EXPECT_EQ(bench.runner.under_way[0].attempt, 1) << "the process died, not the attempt";
  EXPECT_EQ(bench.tick(), Names{}) << "once";
}

TEST(VineChief, WritesAnEffectsRowsAndItsEndAtOnceOrNeither) {
  VineBench bench;
  ASSERT_TRUE(bench.state->register_part({"effect", {"CREATE TABLE effect (key TEXT)"}}));
  ASSERT_TRUE(bench.vine->submit({"w", "", {node("a")}}));
  bench.tick();
  const NodeStart start = bench.runner.under_way.at(0);
  const auto insert = [](Database& db) { return db.execute("INSERT INTO effect VALUES ('a')"); };
  const Status refused = bench.vine->report(done(start), [&](Database& db) -> Status {
    TL_RETURN_IF_ERROR(insert(db));
    return fail(ErrorCode::kUnavailable, "the disk is full");
  });
  EXPECT_FALSE(refused);
  EXPECT_EQ(state_of(bench, "w", "a"), NodeState::kRunning);
  ASSERT_TRUE(bench.vine->report(done(start), insert));
  ASSERT_TRUE(bench.vine->report(done(start), insert)) << "told twice";
  SqlStatement rows = bench.state->database().prepare("SELECT COUNT(*) FROM effect").value();
  ASSERT_TRUE(rows.step().value());
  EXPECT_EQ(rows.integer(0), 1);
}

TEST(VineChief, CompactsWhatIsLongOverAndChecksPoints) {
  VineChief::Options options;
  options.compact_after_ms = 1000;
  options.checkpoint_every = 4;
  VineBench bench(options);
  ASSERT_TRUE(bench.vine->submit({"w", "", {node("a")}}));
  bench.tick();
  ASSERT_TRUE(bench.vine->report(done(bench.runner.under_way.at(0))));
  EXPECT_EQ(bench.tick(), Names{});
  bench.clock.advance(std::chrono::seconds(1));
  bench.revive();
  EXPECT_EQ(bench.tick(), (Names{"compact_graph"}));
  EXPECT_TRUE(bench.vine->workflow("w").value().compacted);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(bench.vine->submit({"x" + std::to_string(i), "", {node("a")}}));
  }
  EXPECT_EQ(bench.tick(), (Names{"advance_batch", "checkpoint"}));
}

TEST(VineChief, RefusesReportsOfNodesThatThereAreNot) {
  VineBench bench;
  ASSERT_TRUE(bench.vine->submit({"w", "", {node("a"), node("b", {"a"})}}));
  EXPECT_EQ(bench.vine->report({"v", "a"}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(bench.vine->report({"w", "x"}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(bench.vine->report({"w", "b"}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(bench.vine->submit({"w", "", {node("a")}}).error().code, ErrorCode::kRefused);
}

TEST(VineChief, ObservesNumbersOfOneWidthBetweenZeroAndOne) {
  VineBench bench;
  const auto empty = bench.vine->observe_state();
  ASSERT_TRUE(bench.vine->submit({"w", "", {node("a")}}));
  const auto busy = bench.vine->observe_state();
  EXPECT_EQ(empty.size(), busy.size());
  EXPECT_GT(busy[1], empty[1]);
  for (const float value : busy) EXPECT_TRUE(value >= 0 && value <= 1);
}

}  // namespace
}  // namespace thunderline::thunderchief
