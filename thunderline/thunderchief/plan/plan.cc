#include "thunderline/thunderchief/plan/plan.h"

#include <algorithm>

namespace thunderline::thunderchief {
namespace {

template <typename Enum>
struct Named {
  Enum value;
  const char* name;
};

constexpr Named<StepKind> kKinds[] = {{StepKind::kSequence, "sequence"},
                                      {StepKind::kChoose, "choose"},
                                      {StepKind::kTask, "task"},
                                      {StepKind::kGoal, "goal"}};
constexpr Named<StepState> kStepStates[] = {
    {StepState::kPending, "pending"},           {StepState::kRunning, "running"},
    {StepState::kDone, "done"},                 {StepState::kFailed, "failed"},
    {StepState::kSkipped, "skipped"},           {StepState::kRollingBack, "rolling_back"},
    {StepState::kRolledBack, "rolled_back"},    {StepState::kCancelled, "cancelled"}};
constexpr Named<PlanState> kPlanStates[] = {
    {PlanState::kPending, "pending"},           {PlanState::kRunning, "running"},
    {PlanState::kRollingBack, "rolling_back"},  {PlanState::kDone, "done"},
    {PlanState::kRolledBack, "rolled_back"},    {PlanState::kFailed, "failed"},
    {PlanState::kCancelled, "cancelled"}};

template <typename Enum, size_t n>
const char* name_in(const Named<Enum> (&table)[n], Enum value) {
  for (const auto& known : table) {
    if (known.value == value) return known.name;
  }
  return "";
}

template <typename Enum, size_t n>
std::optional<Enum> value_in(const Named<Enum> (&table)[n], std::string_view name) {
  for (const auto& known : table) {
    if (name == known.name) return known.value;
  }
  return std::nullopt;
}

void finish(PlanStep& step, StepState state, std::string why, int64_t now_ms) {
  step.state = state;
  if (!why.empty()) step.why = std::move(why);
  step.finished_ms = now_ms;
}

bool lies_in(const Plan& plan, size_t position, int64_t scope) {
  for (auto at = static_cast<int64_t>(position); at >= 0;
       at = plan.steps[static_cast<size_t>(at)].parent) {
    if (at == scope) return true;
  }
  return false;
}

/// The first child that is not final, if any.
std::optional<size_t> open_child(const Plan& plan, size_t position) {
  for (const size_t child : plan.children(position)) {
    if (!is_final(plan.steps[child].state)) return child;
  }
  return std::nullopt;
}

/// Ends what is not final below `position`, and itself.
void end_tree(Plan& plan, size_t position, StepState state, const std::string& why,
              int64_t now_ms) {
  for (size_t i = position; i < plan.steps.size(); ++i) {
    if (is_final(plan.steps[i].state)) continue;
    if (lies_in(plan, i, static_cast<int64_t>(position))) {
      finish(plan.steps[i], state, why, now_ms);
    }
  }
}

/// A step is done: so may be those around it.
void rise(Plan& plan, size_t position, int64_t now_ms) {
  const int64_t up = plan.steps[position].parent;
  if (up < 0) {
    plan.state = PlanState::kDone;
    plan.finished_ms = now_ms;
    return;
  }
  const auto parent = static_cast<size_t>(up);
  if (plan.steps[parent].kind == StepKind::kChoose) {
    for (const size_t other : plan.children(parent)) {
      if (is_final(plan.steps[other].state)) continue;
      end_tree(plan, other, StepState::kSkipped,
               "not needed: " + plan.steps[position].name + " succeeded", now_ms);
    }
  }
  if (open_child(plan, parent)) return;
  finish(plan.steps[parent], StepState::kDone, "", now_ms);
  rise(plan, parent, now_ms);
}

NextMove next_undo(const Plan& plan) {
  std::optional<size_t> newest;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const PlanStep& step = plan.steps[i];
    if (step.kind != StepKind::kTask || !lies_in(plan, i, plan.rollback_scope)) continue;
    if (step.state == StepState::kRollingBack) return {};
    if (step.state != StepState::kDone) continue;
    if (!newest || plan.steps[*newest].done_order < step.done_order) newest = i;
  }
  if (!newest) return {NextMove::Kind::kEndRollback, static_cast<size_t>(plan.rollback_scope)};
  return {NextMove::Kind::kUndo, *newest};
}

/// The way that failed with the step at `position`, if a choice around it has another one; else the
/// root.
int64_t scope_of(const Plan& plan, size_t position) {
  auto at = static_cast<int64_t>(position);
  for (int64_t up = plan.steps[position].parent; up >= 0; up = plan.steps[static_cast<size_t>(up)].parent) {
    const auto parent = static_cast<size_t>(up);
    if (plan.steps[parent].kind == StepKind::kChoose) {
      for (const size_t other : plan.children(parent)) {
        if (static_cast<int64_t>(other) > at && plan.steps[other].state == StepState::kPending) return at;
      }
    }
    at = up;
  }
  return at;
}

}  // namespace

const char* name_of(StepKind kind) { return name_in(kKinds, kind); }
const char* name_of(StepState state) { return name_in(kStepStates, state); }
const char* name_of(PlanState state) { return name_in(kPlanStates, state); }
std::optional<StepKind> step_kind(std::string_view name) { return value_in(kKinds, name); }
std::optional<StepState> step_state(std::string_view name) { return value_in(kStepStates, name); }
std::optional<PlanState> plan_state(std::string_view name) { return value_in(kPlanStates, name); }

bool is_final(StepState state) {
  return state != StepState::kPending && state != StepState::kRunning &&
         state != StepState::kRollingBack;
}

bool is_final(PlanState state) {
  return state != PlanState::kPending && state != PlanState::kRunning &&
         state != PlanState::kRollingBack;
}

std::vector<size_t> Plan::children(size_t position) const {
  std::vector<size_t> found;
  for (size_t i = position + 1; i < steps.size(); ++i) {
    if (steps[i].parent == static_cast<int64_t>(position)) found.push_back(i);
  }
  return found;
}

std::optional<size_t> Plan::find(std::string_view step) const {
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].name == step) return i;
  }
  return std::nullopt;
}

NextMove next_move(const Plan& plan) {
  if (plan.state == PlanState::kPending) return {NextMove::Kind::kStart, 0};
  if (is_final(plan.state)) return {};
  if (plan.rollback_scope >= 0) return next_undo(plan);
  for (size_t at = 0;;) {
    const PlanStep& step = plan.steps[at];
    const bool pending = step.state == StepState::kPending;
    if (step.kind == StepKind::kTask) {
      return pending ? NextMove{NextMove::Kind::kExecute, at} : NextMove{};
    }
    if (step.kind == StepKind::kGoal && pending) return {NextMove::Kind::kExpand, at};
    const std::optional<size_t> child = open_child(plan, at);
    TL_CHECK(child.has_value());  // What has no open child is final.
    at = *child;
  }
}

void start_plan(Plan& plan) {
  TL_CHECK(plan.state == PlanState::kPending);
  plan.state = PlanState::kRunning;
}

void begin_task(Plan& plan, size_t position, int64_t now_ms) {
  for (auto at = static_cast<int64_t>(position); at >= 0;) {
    PlanStep& step = plan.steps[static_cast<size_t>(at)];
    if (step.state == StepState::kPending) {
      step.state = StepState::kRunning;
      step.started_ms = now_ms;
    }
    at = step.parent;
  }
}

void complete_task(Plan& plan, size_t position, std::string output, int64_t now_ms) {
  PlanStep& step = plan.steps[position];
  TL_CHECK(step.state == StepState::kRunning);
  int64_t newest = 0;
  for (const PlanStep& other : plan.steps) newest = std::max(newest, other.done_order);
  step.done_order = newest + 1;
  step.output = std::move(output);
  finish(step, StepState::kDone, "", now_ms);
  rise(plan, position, now_ms);
}

void fail_step(Plan& plan, size_t position, const std::string& why, int64_t now_ms) {
  finish(plan.steps[position], StepState::kFailed, why, now_ms);
  plan.rollback_scope = scope_of(plan, position);
  plan.why = plan.steps[position].name + ": " + why;
  if (plan.rollback_scope == 0) plan.state = PlanState::kRollingBack;
}

void begin_undo(Plan& plan, size_t position, int64_t now_ms) {
  PlanStep& step = plan.steps[position];
  TL_CHECK(step.state == StepState::kDone);
  if (step.undo.empty()) {
    finish(step, StepState::kRolledBack, "nothing had to be undone", now_ms);
    return;
  }
  step.state = StepState::kRollingBack;
  ++step.undo_attempts;
}

void complete_undo(Plan& plan, size_t position, int64_t now_ms) {
  PlanStep& step = plan.steps[position];
  TL_CHECK(step.state == StepState::kRollingBack);
  finish(step, StepState::kRolledBack, "undone, for " + plan.why, now_ms);
}

void fail_undo(Plan& plan, size_t position, const std::string& why, int attempts,
               int64_t now_ms) {
  PlanStep& step = plan.steps[position];
  TL_CHECK(step.state == StepState::kRollingBack);
  step.state = StepState::kDone;
  step.why = "could not be undone: " + why;
  if (step.undo_attempts < attempts) return;
  plan.why += "; " + step.name + " could not be undone: " + why;
  plan.state = PlanState::kFailed;
  plan.finished_ms = now_ms;
  plan.rollback_scope = -1;
  end_tree(plan, 0, StepState::kSkipped, "the plan failed", now_ms);
  finish(plan.steps[0], StepState::kFailed, plan.why, now_ms);
}

void end_rollback(Plan& plan, int64_t now_ms) {
  TL_CHECK(plan.rollback_scope >= 0);
  const auto scope = static_cast<size_t>(plan.rollback_scope);
  const bool cancelled = plan.steps[scope].state == StepState::kCancelled;
  plan.rollback_scope = -1;
  if (scope == 0) {
    plan.state = cancelled ? PlanState::kCancelled : PlanState::kRolledBack;
    plan.finished_ms = now_ms;
  }
  // Sequences and choices around the failure have failed with it; the rest was not reached.
  for (size_t i = scope; i < plan.steps.size(); ++i) {
    PlanStep& step = plan.steps[i];
    if (!lies_in(plan, i, static_cast<int64_t>(scope))) continue;
    if (step.kind != StepKind::kTask && step.state == StepState::kDone) {
      finish(step, StepState::kRolledBack, "undone, for " + plan.why, now_ms);
    } else if (step.state == StepState::kRunning) {
      finish(step, StepState::kFailed, plan.why, now_ms);
    } else if (step.state == StepState::kPending) {
      finish(step, StepState::kSkipped, "not reached: " + plan.why, now_ms);
    }
  }
  if (scope != 0) plan.steps[scope].state = StepState::kFailed;
}

void cancel_plan(Plan& plan, const std::string& why, int64_t now_ms) {
  TL_CHECK(!is_final(plan.state));
  plan.why = why;
  for (PlanStep& step : plan.steps) {
    if (step.state == StepState::kPending || step.state == StepState::kRunning) {
      finish(step, StepState::kCancelled, why, now_ms);
    }
  }
  // Also where the root had failed already: the user's word stands.
  plan.steps[0].state = StepState::kCancelled;
  plan.state = PlanState::kRollingBack;
  plan.rollback_scope = 0;
}

}  // namespace thunderline::thunderchief
