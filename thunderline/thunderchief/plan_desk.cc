#include "thunderline/thunderchief/plan_desk.h"

#include <algorithm>

#include "thunderline/thunderchief/orchestrator/training_plan.h"

namespace thunderline::thunderchief {
namespace {

constexpr const char* kByUser = "cancelled by the user";

/// Nobody stops a training whose model is being judged or deployed: cancelling it then would only
/// make the plan say what is not so.
Status refuse_if_trained(StateStore& state, const Plan& plan) {
  TL_ASSIGN_OR_RETURN(WorkflowStore workflows, WorkflowStore::open(state));
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    if (plan.steps[i].kind != StepKind::kTask) continue;
    const auto workflow = workflows.load(effect_key(plan, i, false));
    if (!workflow) continue;  // Not begun.
    const auto train = workflow->find("train");
    if (!train || workflow->nodes[*train].state != NodeState::kDone || is_final(plan.state)) continue;
    return fail(ErrorCode::kRefused, "the training is over, its model is being judged or deployed",
                plan.id, "see thunderline plans show " + plan.id);
  }
  return {};
}

/// How the chain of nodes ended, in one sentence.
std::string summary(const Workflow& workflow) {
  for (const Node& node : workflow.nodes) {
    if (node.state == NodeState::kSkipped) return node.name + " was skipped: " + node.why;
  }
  return "all " + std::to_string(workflow.nodes.size()) + " stages are done";
}

}  // namespace

/// The agents do the work of the nodes; their messages tell its end.
class PlanDesk::Nodes final : public NodeRunner {
 public:
  Status start(const NodeStart&) override { return {}; }
  void cancel(const std::string&) override {}
};

/// A task is a workflow, which bears the task's key for its id.
class PlanDesk::Steps final : public StepRunner {
 public:
  explicit Steps(PlanDesk& desk) : desk_(desk) {}

  Status start(const StepStart& start) override {
    auto workflow = desk_.vine_->workflow(start.key);
    if (workflow) return report(*workflow);  // Begun before a kill.
    TL_ASSIGN_OR_RETURN(const WorkflowSpec spec, training_workflow(start.key, start.input));
    return desk_.vine_->submit(spec);
  }
  void cancel(const std::string& key) override {
    // It may be over, or not begun: then there is nothing to cancel.
    (void)desk_.vine_->cancel(key, kByUser);
    desk_.note_cancelled(key.substr(0, key.rfind('/')));
  }
  Result<StepSpec> expand(const std::string& /*plan*/, const PlanStep& goal) override {
    return expand_training(goal);
  }

  /// Tells the plan how its workflow ended, if it did.
  Status report(const Workflow& workflow) {
    if (workflow.state == WorkflowState::kRunning) return {};
    const size_t slash = workflow.id.rfind('/');
    StepReport report;
    report.plan = workflow.id.substr(0, slash);
    report.position = std::stoul(workflow.id.substr(slash + 1));
    report.done = workflow.state == WorkflowState::kDone;
    report.why = report.done ? summary(workflow) : workflow.why;
    return desk_.plans_->report(report);
  }

 private:
  PlanDesk& desk_;
};

Result<std::unique_ptr<PlanDesk>> PlanDesk::open(const std::string& path, const Clock& clock,
                                                 StepSink log_step) {
  std::unique_ptr<PlanDesk> desk(new PlanDesk(clock));
  TL_RETURN_IF_ERROR(desk->set_up(path, std::move(log_step)));
  return desk;
}

PlanDesk::PlanDesk(const Clock& clock) : clock_(clock) {}

PlanDesk::~PlanDesk() = default;

Status PlanDesk::set_up(const std::string& path, StepSink log_step) {
  TL_ASSIGN_OR_RETURN(state_, StateStore::open(path));
  nodes_ = std::make_unique<Nodes>();
  steps_ = std::make_unique<Steps>(*this);
  TL_ASSIGN_OR_RETURN(WorkflowStore workflows, WorkflowStore::open(*state_));
  TL_ASSIGN_OR_RETURN(PlanStore plans, PlanStore::open(*state_));
  TL_ASSIGN_OR_RETURN(const std::vector<Plan> known, plans.load_all());
  for (const Plan& plan : known) {
    if (plan.state == PlanState::kCancelled) note_cancelled(plan.id);
  }
  TL_ASSIGN_OR_RETURN(auto vine,
                      VineChief::create({}, std::move(workflows), *nodes_, clock_));
  TL_ASSIGN_OR_RETURN(auto plan, PlanChief::create({}, std::move(plans), *steps_, clock_));
  vine_ = vine.get();
  plans_ = plan.get();
  // What the plan does not hear now, it asks for when it is opened again.
  vine_->on_finished([this](const Workflow& workflow) { (void)steps_->report(workflow); });
  // The desk is looked at many times a second: that there was nothing to do is not worth a record.
  const auto log_deeds = [this, log = std::move(log_step)](const thunderbolt::ChiefStep& step) {
    const size_t actions = step.source == "plan" ? plans_->actions().size() : vine_->actions().size();
    return static_cast<size_t>(step.action) + 1 == actions ? Status{} : log(step);
  };
  conductor_ = std::make_unique<Conductor>(Conductor::Options{}, log_deeds);
  TL_RETURN_IF_ERROR(conductor_->register_chief(std::move(plan)));
  return conductor_->register_chief(std::move(vine));
}

Status PlanDesk::tick() {
  conductor_->tick(tick_++);
  for (const ChiefState& state : conductor_->get_states()) {
    if (state.last_error) return tl::unexpected<Error>(*state.last_error);
  }
  return {};
}

Result<Workflow> PlanDesk::workflow(const std::string& id) {
  TL_ASSIGN_OR_RETURN(const Plan plan, plans_->plan(id));
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    if (plan.steps[i].kind == StepKind::kTask) return vine_->workflow(effect_key(plan, i, false));
  }
  return fail(ErrorCode::kNotFound, "the plan has no workflow yet", id);
}

Status PlanDesk::take_up(const std::string& plan, const Curriculum& curriculum) {
  if (!plans_->plan(plan)) {
    TL_RETURN_IF_ERROR(plans_->submit(plan, training_goal(curriculum), curriculum.reason));
  }
  return tick();
}

Result<std::optional<Workflow>> PlanDesk::open_workflow(const std::string& id) {
  TL_RETURN_IF_ERROR(tick());
  TL_ASSIGN_OR_RETURN(const Plan plan, plans_->plan(id));
  if (is_final(plan.state)) return std::nullopt;
  TL_ASSIGN_OR_RETURN(Workflow now, workflow(id));
  if (now.state != WorkflowState::kRunning) return std::nullopt;
  return now;
}

Status PlanDesk::reach(const std::string& plan, const std::string& node) {
  while (true) {
    TL_ASSIGN_OR_RETURN(const std::optional<Workflow> now, open_workflow(plan));
    if (!now) return {};
    const auto next = std::find_if(now->nodes.begin(), now->nodes.end(),
                                   [](const Node& each) { return !is_final(each.state); });
    const size_t position = static_cast<size_t>(next - now->nodes.begin());
    if (now->find(node).value_or(now->nodes.size()) <= position) return {};
    TL_RETURN_IF_ERROR(vine_->report({now->id, next->name, next->attempts}));
  }
}

Status PlanDesk::skip(const std::string& plan, const std::string& node, const std::string& why) {
  TL_RETURN_IF_ERROR(reach(plan, node));
  TL_ASSIGN_OR_RETURN(const std::optional<Workflow> now, open_workflow(plan));
  if (!now) return {};
  TL_RETURN_IF_ERROR(vine_->report({now->id, node, 1, NodeReport::Kind::kSkipped, "", why}));
  return tick();
}

Status PlanDesk::fail_current(const std::string& plan, const std::string& why) {
  TL_ASSIGN_OR_RETURN(const std::optional<Workflow> now, open_workflow(plan));
  if (!now) return {};
  for (const Node& node : now->nodes) {
    if (node.state != NodeState::kRunning) continue;
    TL_RETURN_IF_ERROR(
        vine_->report({now->id, node.name, node.attempts, NodeReport::Kind::kFailed, "", why}));
  }
  return tick();
}

Status PlanDesk::drop(const std::string& plan, const Evaluation& evaluation,
                      const std::optional<Error>& error) {
  if (error) return fail_current(plan, to_string(*error));
  return skip(plan, "export", evaluation.reason);
}

Status PlanDesk::follow(const Message& message) {
  if (const auto* granted = std::get_if<TrainingGranted>(&message)) {
    const std::string id =
        training_plan_id(granted->curriculum.model, granted->curriculum.version);
    live_[granted->id] = id;
    return take_up(id, granted->curriculum);
  }
  const auto plan_of = [&](uint64_t request) -> const std::string* {
    const auto found = live_.find(request);
    return found == live_.end() ? nullptr : &found->second;
  };
  const auto reached = [&](uint64_t request, const char* node) -> Status {
    const std::string* plan = plan_of(request);
    return plan == nullptr ? Status{} : reach(*plan, node);
  };
  if (const auto* started = std::get_if<TrainingStarted>(&message)) {
    return reached(started->id, "tpe");
  }
  if (const auto* progress = std::get_if<TrainingProgress>(&message)) {
    return progress->trial < progress->trials ? Status{} : reached(progress->id, "train");
  }
  if (const auto* finished = std::get_if<TrainingFinished>(&message)) {
    return reached(finished->id, "evaluate");
  }
  if (const auto* request = std::get_if<ExportRequest>(&message)) {
    return reached(request->id, "export");
  }
  if (const auto* ready = std::get_if<ExportReady>(&message)) return reached(ready->id, "deploy");
  if (const auto* deployed = std::get_if<ModelDeployed>(&message)) {
    return reached(deployed->id, "");
  }
  if (const auto* dropped = std::get_if<ChallengerDropped>(&message)) {
    const std::string* plan = plan_of(dropped->id);
    return plan == nullptr ? Status{} : drop(*plan, dropped->evaluation, dropped->error);
  }
  return {};
}

Status PlanDesk::follow(const std::string& model, const std::vector<ModelRecord>& records) {
  for (; settled_ < records.size(); ++settled_) {
    const ModelRecord& record = records[settled_];
    const std::string plan = training_plan_id(model, record.version);
    bool live = false;
    for (const auto& [request, id] : live_) live = live || id == plan;
    if (live) continue;
    if (!plans_->plan(plan)) {
      Curriculum curriculum;
      curriculum.model = model;
      curriculum.version = record.version;
      curriculum.training.trials = record.trials;
      curriculum.reason = "found in the log";
      TL_RETURN_IF_ERROR(take_up(plan, curriculum));
    }
    TL_RETURN_IF_ERROR(settle(plan, record));
  }
  return {};
}

Status PlanDesk::settle(const std::string& id, const ModelRecord& record) {
  if (record.decision == "deployed") return reach(id, "");
  if (record.decision == "failed") return fail_current(id, record.reason);
  return skip(id, "export", record.reason);
}

Status PlanDesk::cancel(const std::string& plan, const std::string& why) {
  TL_RETURN_IF_ERROR(plans_->cancel(plan, why));
  note_cancelled(plan);
  return tick();
}

void PlanDesk::note_cancelled(const std::string& plan) {
  MutexLock lock(mutex_);
  cancelled_.insert(plan);
}

bool PlanDesk::cancelled(const std::string& model, int version) const {
  MutexLock lock(mutex_);
  return cancelled_.contains(training_plan_id(model, version));
}

Status cancel_from_outside(const std::string& state_path, const Clock& clock,
                           const std::string& plan, bool alone) {
  if (!alone) {
    TL_ASSIGN_OR_RETURN(const auto state, StateStore::open(state_path));
    TL_ASSIGN_OR_RETURN(PlanStore plans, PlanStore::open(*state));
    TL_ASSIGN_OR_RETURN(const Plan known, plans.load(plan));
    TL_RETURN_IF_ERROR(refuse_if_trained(*state, known));
    return plans.request_cancel(plan, kByUser);
  }
  TL_ASSIGN_OR_RETURN(const auto desk,
                      PlanDesk::open(state_path, clock, [](const auto&) { return Status{}; }));
  return desk->cancel(plan, kByUser);
}

}  // namespace thunderline::thunderchief
