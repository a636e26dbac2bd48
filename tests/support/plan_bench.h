#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"
#include "thunderline/thunderchief/plan_chief.h"

namespace thunderline::testing {

/// Notes what it is to begin and leaves the end to the test; goals become what the test says.
class NotingSteps final : public thunderchief::StepRunner {
 public:
  Status start(const thunderchief::StepStart& start) override {
    if (refuse) return fail(ErrorCode::kUnavailable, "made to refuse");
    under_way.push_back(start);
    return {};
  }
  void cancel(const std::string& key) override {
    std::erase_if(under_way, [&](const auto& other) { return other.key == key; });
    cancelled.push_back(key);
  }
  Result<thunderchief::StepSpec> expand(const std::string& /*plan*/,
                                        const thunderchief::PlanStep& goal) override {
    const auto found = trees.find(goal.task);
    if (found != trees.end()) return found->second;
    return fail(ErrorCode::kNotFound, "nobody knows how", goal.task);
  }

  std::vector<thunderchief::StepStart> under_way;
  std::vector<std::string> cancelled;
  std::map<std::string, thunderchief::StepSpec> trees;  ///< By the goal's task.
  bool refuse = false;
};

/// A PlanChief on a database, with a process that can die.
class PlanBench {
 public:
  PlanBench() { revive(); }

  /// Drops everything in memory, as kill -9 does, and opens the database again.
  void revive() {
    chief.reset();
    state.reset();
    state = thunderchief::StateStore::open(path()).value();
    // The process dies here, never the machine: nothing is proved by waiting for the disk.
    (void)state->database().execute("PRAGMA synchronous=OFF");
    auto store = thunderchief::PlanStore::open(*state).value();
    chief = thunderchief::PlanChief::create({}, std::move(store), runner, clock).value();
    runner.under_way.clear();
  }

  std::string path() const { return folder_.path("state.db"); }

  /// The chief's steps until it waits, at most `most`; the names of its actions.
  std::vector<std::string> tick(size_t most = 1000) {
    std::vector<std::string> taken;
    if (!chief->begin_tick(0)) return {"begin_tick failed"};
    while (taken.size() < most) {
      const int action = chief->choose_action(chief->observe_state());
      const std::string name(chief->actions()[static_cast<size_t>(action)]);
      if (name == "wait") break;
      if (chief->apply_action(action).error) return {name + " failed"};
      taken.push_back(name);
    }
    return taken;
  }

  /// Ends what was begun last.
  Status report(bool done, const std::string& why = "") {
    const thunderchief::StepStart start = runner.under_way.back();
    runner.under_way.pop_back();
    return chief->report({start.plan, start.position, start.undo, done, "", why});
  }

  FakeClock clock;
  NotingSteps runner;
  std::unique_ptr<thunderchief::StateStore> state;
  std::unique_ptr<thunderchief::PlanChief> chief;

 private:
  TempFolder folder_;
};

inline thunderchief::StepSpec task(std::string name, std::string undo = "undo") {
  thunderchief::StepSpec spec;
  spec.task = "do " + name;
  spec.name = std::move(name);
  spec.undo = std::move(undo);
  return spec;
}

inline thunderchief::StepSpec goal(std::string name) {
  thunderchief::StepSpec spec = task(std::move(name), "");
  spec.kind = thunderchief::StepKind::kGoal;
  return spec;
}

inline thunderchief::StepSpec composite(thunderchief::StepKind kind, std::string name,
                                        std::vector<thunderchief::StepSpec> steps) {
  thunderchief::StepSpec spec;
  spec.kind = kind;
  spec.name = std::move(name);
  spec.steps = std::move(steps);
  return spec;
}

inline thunderchief::StepSpec sequence(std::string name, std::vector<thunderchief::StepSpec> steps) {
  return composite(thunderchief::StepKind::kSequence, std::move(name), std::move(steps));
}

inline thunderchief::StepSpec choose(std::string name, std::vector<thunderchief::StepSpec> steps) {
  return composite(thunderchief::StepKind::kChoose, std::move(name), std::move(steps));
}

}  // namespace thunderline::testing
