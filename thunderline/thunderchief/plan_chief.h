#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderchief/chief.h"
#include "thunderline/thunderchief/plan/plan.h"
#include "thunderline/thunderchief/plan/plan_store.h"

namespace thunderline::thunderchief {

/// A task of a plan, or what undoes it, to be begun.
struct StepStart {
  std::string plan;
  size_t position = 0;  ///< Of the step in the plan.
  std::string step;
  std::string task;  ///< The step's task, or its undo.
  std::string input;
  std::string key;  ///< The same for every attempt, also after a crash.
  bool undo = false;
};

/// What became of it.
struct StepReport {
  std::string plan;
  size_t position = 0;
  bool undo = false;
  bool done = true;    ///< False: it failed, and has left nothing behind.
  std::string output;  ///< Of a task that is done.
  std::string why;     ///< Of a failure, or how it ended.
};

/// Does what tasks are for, and says what goals become. It begins the work and returns at once; the
/// end is told to `PlanChief::report`, then or later, on the chief's thread. After a crash a task that
/// was running is begun again with its key: what is done or under way for that key is reported, not
/// done twice.
class StepRunner {
 public:
  virtual ~StepRunner() = default;

  /// An error fails the task (or the attempt to undo it).
  virtual Status start(const StepStart& start) = 0;

  /// The task is not wanted any more: what it has begun under this key is taken back. Nothing needs
  /// to be reported.
  virtual void cancel(const std::string& key) = 0;

  /// The tree that a goal becomes. An error fails the goal.
  virtual Result<StepSpec> expand(const std::string& plan, const PlanStep& goal) = 0;
};

/// Carries plans out, one step of each at a time; every transition is stored before anything else
/// happens. A step that fails has what was done before it undone, newest first: back to the nearest
/// choice that has another way, else the whole plan. Side-by-side work and repetition belong into the
/// workflow that a task runs.
/// Actions: 0 plan_start, 1 expand_node, 2 execute_step, 3 rollback (undoes one step), 4 wait.
/// Errors: those of PlanStore; memory changes only with the store.
/// Thread-safety: one thread.
class PlanChief final : public Chief {
 public:
  struct Options {
    int undo_attempts = 3;  ///< Of one step, before its plan is given up. >= 1.
  };

  /// Loads what is not over. All must outlive the chief.
  static Result<std::unique_ptr<PlanChief>> create(Options options, PlanStore store,
                                                   StepRunner& runner, const Clock& clock);

  /// Stores a plan; it starts in one of the next steps. Errors: those of make_plan; kRefused for a
  /// taken id.
  Status submit(const std::string& id, const StepSpec& root, const std::string& why);

  /// Takes note of the end of a task or of its undoing. What nobody waits for any more is ignored.
  /// Errors: kNotFound for a step that there is not.
  Status report(const StepReport& report);

  /// Stops what runs and has what was done undone. Errors: kNotFound; kRefused when it is over.
  Status cancel(const std::string& id, const std::string& why);

  /// A plan as it is. Errors: kNotFound.
  Result<Plan> plan(const std::string& id);

  std::string_view name() const override { return "plan"; }
  std::span<const std::string_view> actions() const override { return kActions; }
  /// Takes up what other processes asked to be cancelled.
  Status begin_tick(int64_t tick) override;
  std::vector<float> observe_state() const override;
  int choose_action(std::span<const float> state) override;
  ChiefOutcome apply_action(int action) override;

 private:
  static constexpr std::array<std::string_view, 5> kActions = {"plan_start", "expand_node",
                                                               "execute_step", "rollback", "wait"};

  /// What a plan waits for, by the action that does it.
  struct Move {
    int action = 0;
    size_t plan = 0;  ///< Place in `open_`.
    NextMove next;
  };
  using Change = std::function<void(Plan&)>;

  PlanChief(Options options, PlanStore store, StepRunner& runner, const Clock& clock)
      : options_(options), store_(std::move(store)), runner_(runner), clock_(clock) {}

  int64_t now_ms() const { return clock_.unix_ms(); }
  Plan* find(const std::string& id);
  Move move_of(size_t plan) const;
  Move next() const;
  Status change(const std::string& id, const Change& change);
  Status adopt(const std::string& id, Plan next);
  Status expand(const std::string& id, size_t position);
  Status execute(const std::string& id, size_t position);
  Status undo(const std::string& id, const NextMove& next);
  Status launch(const std::string& id, size_t position, bool undo);
  Status apply(const std::string& id, const NextMove& next);

  const Options options_;
  PlanStore store_;
  StepRunner& runner_;
  const Clock& clock_;
  std::vector<Plan> open_;         ///< In the order in which they were made.
  std::set<std::string> orphans_;  ///< Keys of what ran when the process before died.
  int64_t data_version_ = -1;      ///< Of the database when it was looked at for requests.
};

/// The key under which a step's task, or its undoing, happens once.
std::string effect_key(const Plan& plan, size_t position, bool undo);

}  // namespace thunderline::thunderchief
