// What holds for any graph and whatever happens to it: order, failures, retries, crashes.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <set>

#include "tests/support/vine_bench.h"
#include "thunderline/base/random.h"

namespace thunderline::thunderchief {
namespace {

/// A random graph, driven by random completions, failures, time and kills, with one row per effect
/// written in the transaction of its completion.
class RandomWorkflow {
 public:
  RandomWorkflow(uint64_t seed, bool fails, bool kills)
      : random_(seed), fails_(fails), kills_(kills) {
    make_table();
    RC_ASSERT(bench_.vine->submit(random_spec()).has_value());
  }

  void run() {
    for (int i = 0; i < 2000 && !over(); ++i) {
      bench_.tick();
      maybe_kill();
      if (bench_.runner.under_way.empty()) {
        bench_.clock.advance(std::chrono::milliseconds(10));
        continue;
      }
      finish(random_.below(bench_.runner.under_way.size()));
      maybe_kill();
    }
    RC_ASSERT(over());
  }

  Workflow result() { return bench_.vine->workflow("w").value(); }

  /// The effects in the order in which they happened.
  std::vector<std::string> effects() {
    SqlStatement rows =
        bench_.state->database().prepare("SELECT node FROM effect ORDER BY rowid").value();
    std::vector<std::string> nodes;
    while (rows.step().value()) nodes.push_back(rows.text(0));
    return nodes;
  }

 private:
  WorkflowSpec random_spec() {
    WorkflowSpec spec{"w", "random", {}};
    const size_t count = 1 + random_.below(9);
    for (size_t i = 0; i < count; ++i) {
      NodeSpec node;
      node.name = "n" + std::to_string(i);
      for (size_t j = 0; j < i; ++j) {
        if (random_.below(3) == 0) node.needs.push_back("n" + std::to_string(j));
      }
      node.copies = random_.below(5) == 0 ? 2 : 1;
      node.rounds = random_.below(5) == 0 ? 2 : 1;
      node.max_attempts = 1 + static_cast<int>(random_.below(3));
      node.backoff_ms = static_cast<int64_t>(random_.below(30));
      node.timeout_ms = random_.below(2) == 0 ? 25 : 0;
      spec.nodes.insert(spec.nodes.begin() + static_cast<std::ptrdiff_t>(random_.below(i + 1)), node);
    }
    return spec;
  }

  void make_table() {
    RC_ASSERT(bench_.state->register_part({"effect", {"CREATE TABLE effect (node TEXT)"}})
                  .has_value());
  }

  bool over() { return result().state != WorkflowState::kRunning; }

  void maybe_kill() {
    if (!kills_ || random_.below(2) == 0) return;
    bench_.revive();
    // What ran in the dead process is gone; the chief must begin it again.
    bench_.runner.under_way.clear();
  }

  void finish(size_t at) {
    const NodeStart start = bench_.runner.under_way[at];
    bench_.runner.under_way.erase(bench_.runner.under_way.begin() + static_cast<std::ptrdiff_t>(at));
    NodeReport report{start.workflow, start.node, start.attempt, NodeReport::Kind::kDone, "", ""};
    if (fails_ && random_.below(4) == 0) {
      report.kind = NodeReport::Kind::kFailed;
      RC_ASSERT(bench_.vine->report(report).has_value());
      return;
    }
    const auto effect = [&](Database& db) {
      return db.execute("INSERT INTO effect VALUES ('" + start.node + "')");
    };
    RC_ASSERT(bench_.vine->report(report, effect).has_value());
    if (random_.below(4) == 0) RC_ASSERT(bench_.vine->report(report, effect).has_value());
  }

  Random random_;
  const bool fails_;
  const bool kills_;
  testing::VineBench bench_;
};

void expect_topological(const Workflow& workflow, const std::vector<std::string>& effects) {
  std::map<std::string, size_t> place;
  for (size_t i = 0; i < effects.size(); ++i) {
    RC_ASSERT(place.emplace(effects[i], i).second);  // Once.
  }
  for (const Node& node : workflow.nodes) {
    RC_ASSERT((node.state == NodeState::kDone) == place.contains(node.name));
    if (node.state != NodeState::kDone) continue;
    for (const size_t need : node.needs) {
      RC_ASSERT(place.at(workflow.nodes[need].name) < place.at(node.name));
    }
  }
}

TEST(VineChiefProperties, EveryGraphIsDoneInOrderWhateverTheOrderOfCompletions) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    RandomWorkflow random(seed, false, false);
    random.run();
    const Workflow workflow = random.result();
    RC_ASSERT(workflow.state == WorkflowState::kDone);
    RC_ASSERT(random.effects().size() == workflow.nodes.size());
    expect_topological(workflow, random.effects());
  }));
}

TEST(VineChiefProperties, FailuresSkipExactlyWhatDependsOnThem) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    RandomWorkflow random(seed, true, false);
    random.run();
    const Workflow workflow = random.result();
    expect_topological(workflow, random.effects());
    for (const Node& node : workflow.nodes) {
      bool needs_are_done = true;
      for (const size_t need : node.needs) {
        needs_are_done = needs_are_done && workflow.nodes[need].state == NodeState::kDone;
      }
      RC_ASSERT((node.state == NodeState::kSkipped) == !needs_are_done);
      RC_ASSERT(node.attempts <= node.max_attempts);
      if (node.state == NodeState::kFailed) RC_ASSERT(node.attempts == node.max_attempts);
    }
  }));
}

TEST(VineChiefProperties, KillsLoseNoNodeAndDoNoneTwice) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    RandomWorkflow random(seed, true, true);
    random.run();
    expect_topological(random.result(), random.effects());
  }));
}

/// Runs a fixed graph and kills it after `kill_at` transitions of any kind: begun, begun but not
/// handed to the runner, effect done but not told, told.
std::vector<std::string> run_with_kill(int kill_at) {
  testing::VineBench bench;
  std::map<std::string, int> effects;  // By key: the world outside does what it knows only once.
  std::vector<std::string> order;
  NodeSpec fan{"fan", "work", "", {"start"}};
  fan.copies = 2;
  EXPECT_TRUE(bench.vine->submit(
      {"w", "", {{"start", "work", "", {}}, fan, {"end", "work", "", {"fan"}}}}));
  int transition = 0;
  const auto moment = [&] {
    if (transition++ != kill_at) return false;
    bench.revive();
    bench.runner.under_way.clear();
    return true;
  };
  for (int i = 0; i < 100; ++i) {
    if (bench.vine->workflow("w").value().state != WorkflowState::kRunning) break;
    if (moment()) continue;
    bench.tick();
    if (moment() || bench.runner.under_way.empty()) continue;
    const NodeStart start = bench.runner.under_way.front();
    bench.runner.under_way.erase(bench.runner.under_way.begin());
    if (effects[start.key]++ == 0) order.push_back(start.node);
    if (moment()) continue;
    EXPECT_TRUE(bench.vine->report({start.workflow, start.node, start.attempt}));
  }
  EXPECT_EQ(bench.vine->workflow("w").value().state, WorkflowState::kDone);
  return order;
}

TEST(VineChiefFaults, AKillAtAnyMomentChangesNeitherTheEffectsNorTheirOrder) {
  const std::vector<std::string> whole = run_with_kill(-1);
  ASSERT_EQ(whole, (std::vector<std::string>{"start", "fan[0]", "fan[1]", "end"}));
  for (int kill_at = 0; kill_at < 16; ++kill_at) EXPECT_EQ(run_with_kill(kill_at), whole) << kill_at;
}

}  // namespace
}  // namespace thunderline::thunderchief
