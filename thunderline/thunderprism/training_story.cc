#include "thunderline/thunderprism/training_story.h"

#include <cstdio>

#include "thunderline/base/json_util.h"

namespace thunderline::thunderprism {
namespace {

using namespace thunderchief;  // NOLINT: every message is named here.

enum StageIndex : size_t { kCollect, kFeature, kTpe, kEvaluate, kExport, kDeploy, kStages };
constexpr const char* kStageNames[kStages] = {"collect",  "feature", "tpe and train",
                                              "evaluate", "export",  "deploy"};

std::string number(double value, const char* format = "%.4f") {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

template <typename T>
OrderedJson or_null(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson();
}

bool worth_a_line(const Message& message) {
  return !std::holds_alternative<TrainingProgress>(message);
}

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace

MessageRoute route_of(const Message& message) {
  return std::visit(
      Overloaded{[](const DegradationDetected&) { return MessageRoute{"world", "planner"}; },
                 [](const TrainingRequest&) { return MessageRoute{"planner", "orchestrator"}; },
                 [](const TrainingGranted&) { return MessageRoute{"orchestrator", "trainer"}; },
                 [](const ConflictResolved&) { return MessageRoute{"orchestrator", "planner"}; },
                 [](const TrainingStarted&) { return MessageRoute{"trainer", "orchestrator"}; },
                 [](const TrainingProgress&) { return MessageRoute{"trainer", "orchestrator"}; },
                 [](const TrainingFinished&) { return MessageRoute{"trainer", "evaluation"}; },
                 [](const TrainingFailed&) { return MessageRoute{"trainer", "orchestrator"}; },
                 [](const EvaluationComplete&) { return MessageRoute{"evaluation", "orchestrator"}; },
                 [](const ExportRequest&) { return MessageRoute{"orchestrator", "export"}; },
                 [](const ExportReady&) { return MessageRoute{"export", "world"}; },
                 [](const DeployApproved&) { return MessageRoute{"world", "export"}; },
                 [](const ModelDeployed&) { return MessageRoute{"export", "orchestrator"}; },
                 [](const ChallengerDropped&) { return MessageRoute{"orchestrator", "world"}; },
                 [](const HoldResolved&) { return MessageRoute{"world", "orchestrator"}; }},
      message);
}

std::string summary_of(const Message& message) {
  return std::visit(
      Overloaded{
          [](const DegradationDetected& m) {
            return "the live model got worse, statistic " + number(m.statistic);
          },
          [](const TrainingRequest& m) {
            return "v" + std::to_string(m.curriculum.version) + ": " + m.curriculum.reason;
          },
          [](const TrainingGranted& m) {
            return "v" + std::to_string(m.curriculum.version) + " may begin";
          },
          [](const ConflictResolved& m) {
            return "request " + std::to_string(m.id) + " merged into " +
                   std::to_string(m.merged_into);
          },
          [](const TrainingStarted& m) {
            return "v" + std::to_string(m.version) + ": " + std::to_string(m.trials) +
                   " trials on " + std::to_string(m.rows) + " steps";
          },
          [](const TrainingProgress& m) {
            return "trial " + std::to_string(m.trial) + " of " + std::to_string(m.trials);
          },
          [](const TrainingFinished& m) {
            return "best val_loss " + number(m.challenger->study.best.val_loss) + " in trial " +
                   std::to_string(m.challenger->study.best_trial);
          },
          [](const TrainingFailed& m) { return to_string(m.error); },
          [](const EvaluationComplete& m) { return m.evaluation.reason; },
          [](const ExportRequest& m) {
            return "v" + std::to_string(m.challenger->curriculum.version) + " as ONNX";
          },
          [](const ExportReady& m) { return "v" + std::to_string(m.version) + " verified"; },
          [](const DeployApproved& m) { return "v" + std::to_string(m.version) + " may go live"; },
          [](const ModelDeployed& m) { return "v" + std::to_string(m.version) + " is live"; },
          [](const ChallengerDropped& m) {
            return m.error ? to_string(*m.error) : m.evaluation.reason;
          },
          [](const HoldResolved& m) { return m.reason; }},
      message);
}

void TrainingStory::begin(const TrainingGranted& granted, int64_t now) {
  stages_.clear();
  for (const char* name : kStageNames) stages_.push_back({name, "pending", {}, {}, ""});
  any_ = true;
  current_ = kCollect;
  stages_[kCollect].state = "running";
  stages_[kCollect].started_ms = now;
  version_ = granted.curriculum.version;
  reason_ = granted.curriculum.reason;
  started_ms_ = now;
  rows_ = 0;
  trials_ = granted.curriculum.training.trials;
  best_.reset();
  outcome_ = "running";
  why_.clear();
  done_.clear();
  begun_ = true;
  stored_trials_ = 0;
}

void TrainingStory::enter(size_t stage, int64_t now) {
  if (!any_) return;
  for (size_t i = current_; i < stage; ++i) {
    if (!stages_[i].started_ms) stages_[i].started_ms = now;
    if (!stages_[i].ended_ms) stages_[i].ended_ms = now;
    stages_[i].state = "done";
  }
  current_ = stage;
  stages_[stage].state = "running";
  if (!stages_[stage].started_ms) stages_[stage].started_ms = now;
}

void TrainingStory::finish(const std::string& state, int64_t now, const std::string& outcome,
                           const std::string& why) {
  if (!any_) return;
  stages_[current_].state = state;
  stages_[current_].ended_ms = now;
  outcome_ = outcome;
  why_ = why;
}

void TrainingStory::set_agent(const std::string& name, const std::string& state,
                              const std::string& doing) {
  notes_[name].state = state;
  notes_[name].doing = doing;
}

void TrainingStory::note_agents(const Message& message, int64_t now) {
  const MessageRoute route = route_of(message);
  for (const char* name : {route.from, route.to}) {
    AgentNote& note = notes_[name];
    ++note.messages;
    note.last_type = message_name(message);
    note.last_ms = now;
  }
  const std::string version = "v" + std::to_string(version_);
  if (std::holds_alternative<TrainingGranted>(message)) {
    set_agent("trainer", "working", "collects steps for " + version);
  } else if (std::holds_alternative<TrainingStarted>(message)) {
    set_agent("trainer", "working", "searches and trains " + version);
  } else if (const auto* progress = std::get_if<TrainingProgress>(&message)) {
    set_agent("trainer", "working", summary_of(*progress) + " for " + version);
  } else if (std::holds_alternative<TrainingFinished>(message)) {
    set_agent("trainer", "idle", "");
    set_agent("evaluation", "working", "judges " + version + " against the champion");
  } else if (std::holds_alternative<TrainingFailed>(message)) {
    set_agent("trainer", "idle", "");
  } else if (std::holds_alternative<EvaluationComplete>(message)) {
    set_agent("evaluation", "idle", "");
  } else if (std::holds_alternative<ExportRequest>(message)) {
    set_agent("export", "working", "exports and verifies " + version);
  } else if (std::holds_alternative<ExportReady>(message)) {
    set_agent("export", "waiting", "waits for the deployment to stand in the log");
  } else if (std::holds_alternative<DeployApproved>(message)) {
    set_agent("export", "working", "swaps " + version + " in");
  } else if (std::holds_alternative<ModelDeployed>(message)) {
    set_agent("export", "idle", "");
  } else if (std::holds_alternative<ChallengerDropped>(message)) {
    set_agent("trainer", "idle", "");
    set_agent("evaluation", "idle", "");
    set_agent("export", "idle", "");
  }
}

void TrainingStory::tell(const Message& message, int64_t unix_ms) {
  if (const auto* granted = std::get_if<TrainingGranted>(&message)) {
    begin(*granted, unix_ms);
  } else if (const auto* started = std::get_if<TrainingStarted>(&message)) {
    enter(kTpe, unix_ms);
    rows_ = started->rows;
    trials_ = started->trials;
  } else if (const auto* progress = std::get_if<TrainingProgress>(&message)) {
    best_ = progress->best;
    if (done_.size() < kKeptTrials) {
      done_.push_back({progress->trial - 1, progress->value, progress->epochs,
                       progress->params_json, progress->curves, progress->error, unix_ms});
    }
  } else if (std::holds_alternative<TrainingFinished>(message)) {
    enter(kEvaluate, unix_ms);
  } else if (std::holds_alternative<ExportRequest>(message)) {
    enter(kExport, unix_ms);
  } else if (std::holds_alternative<ExportReady>(message)) {
    enter(kDeploy, unix_ms);
  } else if (std::holds_alternative<ModelDeployed>(message)) {
    finish("done", unix_ms, "deployed", "");
  } else if (const auto* dropped = std::get_if<ChallengerDropped>(&message)) {
    const bool failed = dropped->error.has_value();
    finish(failed ? "failed" : "refused", unix_ms, failed ? "failed" : "refused",
           summary_of(message));
  }
  note_agents(message, unix_ms);
  ++revision_;
  if (!worth_a_line(message)) return;
  const MessageRoute route = route_of(message);
  lines_.push_back({++last_message_, unix_ms, message_name(message), route.from, route.to,
                    summary_of(message)});
  if (lines_.size() > kKeptMessages) lines_.pop_front();
}

std::string TrainingStory::training_json() const {
  if (!any_) return "null";
  OrderedJson json;
  json["version"] = version_;
  json["reason"] = reason_;
  json["outcome"] = outcome_;
  json["why"] = why_;
  json["started_ms"] = started_ms_;
  json["rows"] = rows_;
  json["trial"] = done_.size();
  json["trials"] = trials_;
  json["objective"] = "val_loss";
  json["best"] = or_null(best_);
  json["stages"] = OrderedJson::array();
  for (const Stage& stage : stages_) {
    json["stages"].push_back({{"name", stage.name},
                              {"state", stage.state},
                              {"started_ms", or_null(stage.started_ms)},
                              {"ended_ms", or_null(stage.ended_ms)}});
  }
  return dump_json(json);
}

std::string TrainingStory::trials_json() const {
  OrderedJson json;
  json["version"] = version_;
  json["objective"] = "val_loss";
  json["direction"] = "minimize";
  json["trials"] = trials_;
  json["n"] = json["value"] = json["epochs"] = json["params"] = OrderedJson::array();
  for (const Trial& trial : done_) {
    json["n"].push_back(trial.number);
    json["value"].push_back(or_null(trial.value));
    json["epochs"].push_back(trial.epochs);
    auto params = parse_ordered_json(trial.params_json, "params");
    json["params"].push_back(params ? *std::move(params) : OrderedJson::object());
  }
  return dump_json(json);
}

std::string TrainingStory::agents_json(const std::vector<thunderflow::ChildInfo>& children) const {
  OrderedJson list = OrderedJson::array();
  for (const thunderflow::ChildInfo& child : children) {
    const auto it = notes_.find(child.name);
    const AgentNote note = it == notes_.end() ? AgentNote{} : it->second;
    std::string state = note.state;
    if (child.state == thunderflow::ChildState::kBackingOff) state = "restarting";
    if (child.state == thunderflow::ChildState::kGivenUp) state = "failed";
    OrderedJson agent;
    agent["name"] = child.name;
    agent["state"] = state;
    agent["doing"] = note.doing;
    agent["messages"] = note.messages;
    agent["last"] = note.last_type.empty()
                        ? OrderedJson()
                        : OrderedJson({{"type", note.last_type}, {"ts", note.last_ms}});
    agent["restarts"] = child.restarts;
    list.push_back(std::move(agent));
  }
  return dump_json(list);
}

std::string TrainingStory::messages_json(uint64_t after) const {
  OrderedJson list = OrderedJson::array();
  for (const Line& line : lines_) {
    if (line.number <= after) continue;
    list.push_back({{"n", line.number},
                    {"ts", line.unix_ms},
                    {"type", line.type},
                    {"from", line.from},
                    {"to", line.to},
                    {"summary", line.summary}});
  }
  return dump_json(list);
}

}  // namespace thunderline::thunderprism
