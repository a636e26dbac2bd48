#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"

/// Plans as values: trees of steps, and the changes they may undergo. Nothing here does I/O; PlanChief
/// drives and stores them.
namespace thunderline::thunderchief {

enum class StepKind {
  kSequence,  ///< Its steps, one after another.
  kChoose,    ///< Its steps are ways to the same end: the first that succeeds.
  kTask,      ///< A deed, with another one that undoes it.
  kGoal,      ///< Becomes a tree of steps when its turn comes.
};

enum class StepState {
  kPending,
  kRunning,
  kDone,
  kFailed,
  kSkipped,      ///< Not to be done.
  kRollingBack,  ///< Its undoing runs.
  kRolledBack,   ///< It was done, and undone.
  kCancelled,
};

enum class PlanState {
  kPending,
  kRunning,
  kRollingBack,  ///< What was done is being undone.
  kDone,
  kRolledBack,  ///< It failed; what it had done is undone.
  kFailed,      ///< It failed, and something could not be undone.
  kCancelled,   ///< What it had done is undone.
};

const char* name_of(StepKind kind);
const char* name_of(StepState state);
const char* name_of(PlanState state);
std::optional<StepKind> step_kind(std::string_view name);
std::optional<StepState> step_state(std::string_view name);
std::optional<PlanState> plan_state(std::string_view name);

bool is_final(StepState state);
bool is_final(PlanState state);

/// A step as its author writes it.
struct StepSpec {
  std::string name;
  StepKind kind = StepKind::kTask;
  std::string task;   ///< What the runner is to do, or the expander to expand. Tasks and goals.
  std::string input;  ///< Given along as it is; JSON by custom. Tasks and goals.
  std::string undo;   ///< The compensating task; empty: nothing needs to be undone. Tasks.
  std::string undo_input;
  std::vector<StepSpec> steps;  ///< Of a sequence or a choice; at least one.
};

/// A step of a plan that runs. Times are Unix milliseconds, 0 for "not yet".
struct PlanStep {
  int64_t parent = -1;  ///< Position; lower than the step's own. -1: the root.
  std::string name;
  StepKind kind = StepKind::kTask;
  std::string task;
  std::string input;
  std::string undo;
  std::string undo_input;

  StepState state = StepState::kPending;
  int undo_attempts = 0;  ///< Begun ones.
  int64_t done_order = 0;  ///< 1 for the first task that was done; 0: not done.
  int64_t started_ms = 0;
  int64_t finished_ms = 0;
  std::string output;
  std::string why;  ///< Why it is in its state.

  bool operator==(const PlanStep&) const = default;
};

/// Steps stand behind their parents; the first one is the root.
struct Plan {
  std::string id;
  std::string name;
  PlanState state = PlanState::kPending;
  std::string why;
  int64_t created_ms = 0;
  int64_t finished_ms = 0;
  /// The step whose doings are being undone: the root, or one way of a choice. -1: none.
  int64_t rollback_scope = -1;
  std::vector<PlanStep> steps;

  bool operator==(const Plan&) const = default;

  std::vector<size_t> children(size_t position) const;
  std::optional<size_t> find(std::string_view step) const;
};

/// Most steps of one plan, and how deep they may lie; what goals become is counted.
inline constexpr size_t kMaxSteps = 10'000;
inline constexpr size_t kMaxDepth = 32;

/// Errors: kInvalidArgument for an empty id or name, names that brothers share, a sequence or choice
/// without steps, a task or goal with steps or without `task`; kResourceLimit above the bounds.
Result<Plan> make_plan(const std::string& id, const StepSpec& root, const std::string& why,
                       int64_t now_ms);

/// What is to be done next. `position` is the step's.
struct NextMove {
  enum class Kind {
    kNothing,    ///< It waits for a task, or it is over.
    kStart,      ///< The plan itself.
    kExpand,     ///< A goal.
    kExecute,    ///< A task.
    kUndo,       ///< A task that was done.
    kEndRollback,  ///< Everything in the scope is undone.
  };
  Kind kind = Kind::kNothing;
  size_t position = 0;
};
NextMove next_move(const Plan& plan);

// The changes. What follows for other steps and for the plan is part of the change.

/// Pending → running.
void start_plan(Plan& plan);

/// Gives a goal the tree that it becomes. Errors, without any change: as make_plan.
Status expand_goal(Plan& plan, size_t position, const StepSpec& tree, int64_t now_ms);

/// A task → running. Precondition: next_move names it.
void begin_task(Plan& plan, size_t position, int64_t now_ms);

/// Running → done.
void complete_task(Plan& plan, size_t position, std::string output, int64_t now_ms);

/// A running task or a goal → failed: what was done is to be undone, up to the nearest choice that
/// has another way, else all of it. A failed task itself has done nothing.
void fail_step(Plan& plan, size_t position, const std::string& why, int64_t now_ms);

/// A done task → rolling back, or rolled back at once when nothing needs to be undone.
void begin_undo(Plan& plan, size_t position, int64_t now_ms);

/// Rolling back → rolled back.
void complete_undo(Plan& plan, size_t position, int64_t now_ms);

/// The undoing failed: done again (it is tried again), or, when `attempts` were made, the plan fails.
void fail_undo(Plan& plan, size_t position, const std::string& why, int attempts, int64_t now_ms);

/// The scope is undone: its way has failed, and the plan goes on with the next way or is over.
void end_rollback(Plan& plan, int64_t now_ms);

/// Cancels what is not done; what was done is to be undone. Precondition: the plan is not final.
void cancel_plan(Plan& plan, const std::string& why, int64_t now_ms);

}  // namespace thunderline::thunderchief
