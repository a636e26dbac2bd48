#include "thunderline/thunderchief/plan_chief.h"

#include <algorithm>

namespace thunderline::thunderchief {
namespace {

enum Action { kPlanStart, kExpandNode, kExecuteStep, kRollback, kWait };

float saturating(size_t count) {
  const auto value = static_cast<double>(count);
  return static_cast<float>(value / (value + 100.0));
}

int action_of(NextMove::Kind kind) {
  switch (kind) {
    case NextMove::Kind::kStart: return kPlanStart;
    case NextMove::Kind::kExpand: return kExpandNode;
    case NextMove::Kind::kExecute: return kExecuteStep;
    case NextMove::Kind::kUndo:
    case NextMove::Kind::kEndRollback: return kRollback;
    case NextMove::Kind::kNothing: return kWait;
  }
  return kWait;
}

bool under_way(const PlanStep& step) {
  return step.kind == StepKind::kTask &&
         (step.state == StepState::kRunning || step.state == StepState::kRollingBack);
}

}  // namespace

std::string effect_key(const Plan& plan, size_t position, bool undo) {
  return plan.id + "/" + std::to_string(position) + (undo ? "/undo" : "");
}

Result<std::unique_ptr<PlanChief>> PlanChief::create(Options options, PlanStore store,
                                                     StepRunner& runner, const Clock& clock) {
  std::unique_ptr<PlanChief> chief(new PlanChief(options, std::move(store), runner, clock));
  TL_ASSIGN_OR_RETURN(chief->open_, chief->store_.load_open());
  for (const Plan& plan : chief->open_) {
    for (size_t i = 0; i < plan.steps.size(); ++i) {
      if (!under_way(plan.steps[i])) continue;
      const bool undo = plan.steps[i].state == StepState::kRollingBack;
      chief->orphans_.insert(effect_key(plan, i, undo));
    }
  }
  return chief;
}

Plan* PlanChief::find(const std::string& id) {
  const auto found =
      std::find_if(open_.begin(), open_.end(), [&](const Plan& plan) { return plan.id == id; });
  return found == open_.end() ? nullptr : &*found;
}

Status PlanChief::change(const std::string& id, const Change& change) {
  const Plan* before = find(id);
  TL_CHECK(before != nullptr);
  Plan after = *before;
  change(after);
  return adopt(id, std::move(after));
}

Status PlanChief::adopt(const std::string& id, Plan next) {
  Plan* plan = find(id);
  TL_RETURN_IF_ERROR(store_.update(*plan, next));
  *plan = std::move(next);
  if (is_final(plan->state)) open_.erase(open_.begin() + (plan - open_.data()));
  return {};
}

Status PlanChief::submit(const std::string& id, const StepSpec& root, const std::string& why) {
  TL_ASSIGN_OR_RETURN(Plan plan, make_plan(id, root, why, now_ms()));
  TL_RETURN_IF_ERROR(store_.insert(plan));
  open_.push_back(std::move(plan));
  return {};
}

Status PlanChief::report(const StepReport& report) {
  TL_ASSIGN_OR_RETURN(const Plan known, plan(report.plan));
  if (report.position >= known.steps.size()) {
    return fail(ErrorCode::kNotFound, "there is no such step",
                report.plan + ", step " + std::to_string(report.position));
  }
  const StepState state = known.steps[report.position].state;
  const StepState awaited = report.undo ? StepState::kRollingBack : StepState::kRunning;
  if (state != awaited || known.steps[report.position].kind != StepKind::kTask) return {};
  orphans_.erase(effect_key(known, report.position, report.undo));
  return change(report.plan, [&](Plan& plan) {
    if (!report.undo) {
      if (report.done) {
        plan.steps[report.position].why = report.why;
        return complete_task(plan, report.position, report.output, now_ms());
      }
      return fail_step(plan, report.position, report.why, now_ms());
    }
    if (report.done) return complete_undo(plan, report.position, now_ms());
    return fail_undo(plan, report.position, report.why, options_.undo_attempts, now_ms());
  });
}

Status PlanChief::cancel(const std::string& id, const std::string& why) {
  TL_ASSIGN_OR_RETURN(const Plan before, plan(id));
  if (is_final(before.state)) {
    return fail(ErrorCode::kRefused, std::string("the plan is over: it is ") + name_of(before.state),
                id);
  }
  TL_RETURN_IF_ERROR(change(id, [&](Plan& plan) { cancel_plan(plan, why, now_ms()); }));
  for (size_t i = 0; i < before.steps.size(); ++i) {
    const PlanStep& step = before.steps[i];
    if (step.kind != StepKind::kTask || step.state != StepState::kRunning) continue;
    orphans_.erase(effect_key(before, i, false));
    runner_.cancel(effect_key(before, i, false));
  }
  return {};
}

Result<Plan> PlanChief::plan(const std::string& id) {
  if (const Plan* open = find(id)) return *open;
  return store_.load(id);
}

Status PlanChief::begin_tick(int64_t /*tick*/) {
  TL_ASSIGN_OR_RETURN(const int64_t version, store_.data_version());
  if (version == data_version_) return {};
  TL_ASSIGN_OR_RETURN(const auto requests, store_.cancel_requests());
  for (const PlanStore::CancelRequest& request : requests) {
    TL_RETURN_IF_ERROR(cancel(request.id, request.why));
  }
  data_version_ = version;
  return {};
}

PlanChief::Move PlanChief::move_of(size_t place) const {
  const Plan& plan = open_[place];
  for (size_t i = 0; i < plan.steps.size() && !orphans_.empty(); ++i) {
    if (!under_way(plan.steps[i])) continue;
    const bool undo = plan.steps[i].state == StepState::kRollingBack;
    if (!orphans_.contains(effect_key(plan, i, undo))) continue;
    const auto kind = undo ? NextMove::Kind::kUndo : NextMove::Kind::kExecute;
    return {action_of(kind), place, {kind, i}};
  }
  const NextMove next = next_move(plan);
  return {action_of(next.kind), place, next};
}

PlanChief::Move PlanChief::next() const {
  for (size_t i = 0; i < open_.size(); ++i) {
    const Move move = move_of(i);
    if (move.action != kWait) return move;
  }
  return {kWait, 0, {}};
}

std::vector<float> PlanChief::observe_state() const {
  size_t pending = 0, rolling = 0, open_steps = 0, tasks = 0, goals = 0;
  for (const Plan& plan : open_) {
    pending += plan.state == PlanState::kPending ? 1 : 0;
    rolling += plan.rollback_scope >= 0 ? 1 : 0;
    for (const PlanStep& step : plan.steps) {
      open_steps += is_final(step.state) ? 0 : 1;
      tasks += under_way(step) ? 1 : 0;
      goals += step.kind == StepKind::kGoal && step.state == StepState::kPending ? 1 : 0;
    }
  }
  return {saturating(open_.size()), saturating(pending), saturating(rolling),
          saturating(open_steps),   saturating(tasks),   saturating(goals)};
}

int PlanChief::choose_action(std::span<const float> /*state*/) { return next().action; }

ChiefOutcome PlanChief::apply_action(int action) {
  if (action < kPlanStart || action >= kWait) return ChiefOutcome::noop();
  for (size_t i = 0; i < open_.size(); ++i) {
    const Move move = move_of(i);
    if (move.action != action) continue;
    const std::string id = open_[i].id;
    const std::string step = open_[i].steps[move.next.position].name;
    if (Status applied = apply(id, move.next); !applied) return ChiefOutcome::failed(applied.error());
    return ChiefOutcome::success(std::string(kActions[static_cast<size_t>(action)]) + ": " + id +
                                 ", " + step);
  }
  return ChiefOutcome::noop();
}

Status PlanChief::apply(const std::string& id, const NextMove& next) {
  switch (next.kind) {
    case NextMove::Kind::kStart: return change(id, start_plan);
    case NextMove::Kind::kExpand: return expand(id, next.position);
    case NextMove::Kind::kExecute: return execute(id, next.position);
    case NextMove::Kind::kUndo:
    case NextMove::Kind::kEndRollback: return undo(id, next);
    case NextMove::Kind::kNothing: return {};
  }
  return {};
}

Status PlanChief::expand(const std::string& id, size_t position) {
  Plan after = *find(id);
  const auto tree = runner_.expand(id, after.steps[position]);
  const Status expanded = tree ? expand_goal(after, position, *tree, now_ms())
                               : Status(tl::unexpected<Error>(tree.error()));
  if (!expanded) fail_step(after, position, to_string(expanded.error()), now_ms());
  return adopt(id, std::move(after));
}

Status PlanChief::execute(const std::string& id, size_t position) {
  const std::string key = effect_key(*find(id), position, false);
  if (orphans_.erase(key) == 0) {
    TL_RETURN_IF_ERROR(change(id, [&](Plan& plan) { begin_task(plan, position, now_ms()); }));
  }
  return launch(id, position, false);
}

Status PlanChief::undo(const std::string& id, const NextMove& next) {
  if (next.kind == NextMove::Kind::kEndRollback) {
    return change(id, [&](Plan& plan) { end_rollback(plan, now_ms()); });
  }
  const std::string key = effect_key(*find(id), next.position, true);
  if (orphans_.erase(key) == 0) {
    TL_RETURN_IF_ERROR(change(id, [&](Plan& plan) { begin_undo(plan, next.position, now_ms()); }));
  }
  if (find(id)->steps[next.position].state != StepState::kRollingBack) return {};
  return launch(id, next.position, true);
}

Status PlanChief::launch(const std::string& id, size_t position, bool undo) {
  const Plan& plan = *find(id);
  const PlanStep& step = plan.steps[position];
  const StepStart start{id,
                        position,
                        step.name,
                        undo ? step.undo : step.task,
                        undo ? step.undo_input : step.input,
                        effect_key(plan, position, undo),
                        undo};
  const Status started = runner_.start(start);
  if (started) return {};
  return report({id, position, undo, false, "", to_string(started.error())});
}

}  // namespace thunderline::thunderchief
