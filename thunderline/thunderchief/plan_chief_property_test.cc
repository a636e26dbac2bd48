// What holds for any plan and whatever happens to it: failures, kills, undoing that fails at first.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "tests/support/plan_bench.h"
#include "thunderline/base/random.h"

namespace thunderline::thunderchief {
namespace {

/// The world outside: what was done and not undone, newest last. It outlives kills, and does what it
/// knows the key of only once.
struct World {
  std::vector<std::string> standing;
  std::map<std::string, bool> ended;

  void take(const StepStart& start) {
    if (ended[start.key]) return;
    ended[start.key] = true;
    if (!start.undo) return standing.push_back(start.step);
    RC_ASSERT(!standing.empty());
    RC_ASSERT(standing.back() == start.step);  // Newest first.
    standing.pop_back();
  }
};

class RandomPlan {
 public:
  RandomPlan(uint64_t seed, bool kills) : random_(seed), kills_(kills) {
    RC_ASSERT(bench_.chief->submit("p", tree(0), "for the test").has_value());
  }

  /// Runs the plan; it fails as often as `failures` of 8 say, and is cancelled at step `cancel_at`.
  void run(uint64_t failures, int cancel_at) {
    for (int i = 0; i < 3000 && !is_final(plan().state); ++i) {
      if (i == cancel_at) RC_ASSERT(bench_.chief->cancel("p", "by the user").has_value());
      bench_.tick(1);
      maybe_kill();
      if (bench_.runner.under_way.empty()) continue;
      end_task(failures);
      maybe_kill();
    }
    RC_ASSERT(is_final(plan().state));
  }

  Plan plan() { return bench_.chief->plan("p").value(); }
  World world;

 private:
  std::string fresh_name() { return "s" + std::to_string(next_++); }

  StepSpec tree(int depth) {
    const uint64_t kind = depth >= 3 ? 0 : random_.below(5);
    if (kind <= 1) return testing::task(fresh_name(), "undo");
    if (kind == 2) {
      const StepSpec goal = testing::goal(fresh_name());
      bench_.runner.trees[goal.task] = tree(depth + 1);
      return goal;
    }
    std::vector<StepSpec> steps;
    const size_t count = 1 + random_.below(4);
    for (size_t i = 0; i < count; ++i) steps.push_back(tree(depth + 1));
    return kind == 3 ? testing::sequence(fresh_name(), steps)
                     : testing::choose(fresh_name(), steps);
  }

  void maybe_kill() {
    if (kills_ && random_.below(3) == 0) bench_.revive();
  }

  void end_task(uint64_t failures) {
    const StepStart start = bench_.runner.under_way.back();
    if (world.ended[start.key]) {  // It had happened before the kill.
      RC_ASSERT(bench_.report(true).has_value());
      return;
    }
    const bool undo_fails = start.undo && undo_failures_[start.key] < 2 && random_.below(3) == 0;
    if (undo_fails) ++undo_failures_[start.key];
    if (undo_fails || (!start.undo && random_.below(8) < failures)) {
      RC_ASSERT(bench_.report(false, "made to fail").has_value());
      return;
    }
    world.take(start);
    maybe_kill();
    if (!bench_.runner.under_way.empty()) RC_ASSERT(bench_.report(true).has_value());
  }

  Random random_;
  const bool kills_;
  int next_ = 0;
  std::map<std::string, int> undo_failures_;
  testing::PlanBench bench_;
};

/// The tasks that the plan holds for done, in the order in which they were.
std::vector<std::string> done_tasks(const Plan& plan) {
  std::vector<std::pair<int64_t, std::string>> done;
  for (const PlanStep& step : plan.steps) {
    if (step.kind == StepKind::kTask && step.state == StepState::kDone) {
      done.emplace_back(step.done_order, step.name);
    }
  }
  std::sort(done.begin(), done.end());
  std::vector<std::string> names;
  for (const auto& [order, name] : done) names.push_back(name);
  return names;
}

void expect_consistent(RandomPlan& random) {
  const Plan plan = random.plan();
  RC_ASSERT(random.world.standing == done_tasks(plan));
  if (plan.state != PlanState::kDone) RC_ASSERT(random.world.standing.empty());
  for (const PlanStep& step : plan.steps) {
    RC_ASSERT(is_final(step.state));
    const bool explained = step.state == StepState::kDone || !step.why.empty();
    RC_ASSERT(explained);
  }
}

TEST(PlanChiefProperties, APlanIsDoneOrRolledBackToNothing) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    RandomPlan random(seed, false);
    random.run(seed % 4, -1);
    expect_consistent(random);
    const bool ended = random.plan().state == PlanState::kDone ||
                       random.plan().state == PlanState::kRolledBack;
    RC_ASSERT(ended);
  }));
}

TEST(PlanChiefProperties, WithoutFailuresEveryPlanIsDone) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    RandomPlan random(seed, false);
    random.run(0, -1);
    expect_consistent(random);
    RC_ASSERT(random.plan().state == PlanState::kDone);
  }));
}

TEST(PlanChiefProperties, KillsAtAnyMomentChangeNothingOfThis) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    RandomPlan random(seed, true);
    random.run(seed % 4, -1);
    expect_consistent(random);
  }));
}

TEST(PlanChiefProperties, ACancelledPlanLeavesNothing) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    RandomPlan random(seed, seed % 2 == 0);
    random.run(1, 1);
    expect_consistent(random);
  }));
}

}  // namespace
}  // namespace thunderline::thunderchief
