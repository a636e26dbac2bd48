// What the decision loop does about models: trainings, deployments, rollbacks.

#include "thunderline/base/json_util.h"
#include "thunderline/thunderchief/decision_loop.h"

namespace thunderline::thunderchief {
namespace {

constexpr const char* kDeployEvent = "model.deployed";
constexpr const char* kDroppedEvent = "model.dropped";
constexpr const char* kRolledBackEvent = "model.rolled_back";

}  // namespace

Status DecisionLoop::roll_back(const thunderbolt::LoopAlert& alert) {
  const bool repeats = parts_.recorder.recovering();
  if (!repeats) TL_RETURN_IF_ERROR(begin_agents());
  const int bad = live_.back();
  live_.pop_back();
  const std::string reason = std::string(loop_alert_name(alert.kind)) + ": " + alert.reason();
  OrderedJson json;
  json["version"] = bad;
  json["to"] = live_.empty() ? 0 : live_.back();
  json["reason"] = reason;
  json["at_event"] = state_.events;
  TL_RETURN_IF_ERROR(parts_.recorder.event({kRolledBackEvent, tick_, dump_json(json)}));
  TL_RETURN_IF_ERROR(parts_.recorder.flush());
  for (ModelRecord& model : state_.models) {
    if (model.version == bad) model.rolled_back_at = state_.events;
  }
  // Past versions that were damaged since; the heuristic cannot be.
  while (!live_.empty() && !parts_.server.acquire(options_.model, live_.back())) live_.pop_back();
  const int target = live_.empty() ? 0 : live_.back();
  TL_RETURN_IF_ERROR(repeats ? parts_.deployer.roll_back_to(options_.model, target, reason)
                             : parts_.agents.roll_back(target, reason));
  TL_RETURN_IF_ERROR(use(target));
  return parts_.governor.rolled_back(bad, state_.model_version, reason, tick_);
}

Status DecisionLoop::train_if_due(const std::stop_token& stop) {
  if (parts_.recorder.recovering()) return train_while_recovering();
  if (auto due = parts_.planner.observe(tick_, state_.seen)) {
    TL_RETURN_IF_ERROR(ask_for(*std::move(due)));
  }
  TL_RETURN_IF_ERROR(begin_agents());
  return in_flight_ && options_.wait_for_gate ? await_training(stop) : Status{};
}

Status DecisionLoop::train_while_recovering() {
  std::optional<Curriculum> due = parts_.planner.observe(tick_, state_.seen);
  if (!due || in_flight_) return {};
  in_flight_ = *due;
  return options_.wait_for_gate ? take_recorded_result() : Status{};
}

Status DecisionLoop::take_recorded_result() {
  if (!in_flight_) return {};
  if (const auto deployed = parts_.recorder.take_event(kDeployEvent)) {
    TL_ASSIGN_OR_RETURN(ModelRecord record, model_record_from_json(deployed->json, kDeployEvent));
    const int version = record.version;
    TL_RETURN_IF_ERROR(note_model(std::move(record)));
    in_flight_.reset();
    // The registry follows the log: the swap may not have happened before the kill.
    TL_RETURN_IF_ERROR(parts_.deployer.activate(options_.model, version));
    return go_live(version);
  }
  if (const auto dropped = parts_.recorder.take_event(kDroppedEvent)) {
    TL_ASSIGN_OR_RETURN(ModelRecord record, model_record_from_json(dropped->json, kDroppedEvent));
    TL_RETURN_IF_ERROR(note_model(std::move(record)));
    in_flight_.reset();
  }
  return {};
}

Status DecisionLoop::begin_agents() {
  if (agents_began_) return {};
  agents_began_ = true;
  protocol::LogFacts facts;
  facts.model = options_.model;
  for (const ModelRecord& model : state_.models) {
    const protocol::Phase end = model.decision == "deployed"  ? protocol::Phase::kDone
                                : model.decision == "refused" ? protocol::Phase::kRefused
                                                              : protocol::Phase::kFailed;
    facts.outcomes.push_back({model.version, end, model.reason});
  }
  facts.live = live_;
  // A training whose end the log does not have is asked for, or goes on where a kill has left it.
  if (in_flight_) facts.in_flight = in_flight_->version;
  TL_ASSIGN_OR_RETURN(request_, parts_.agents.begin(facts, in_flight_));
  if (request_ == 0) in_flight_.reset();
  return {};
}

Status DecisionLoop::ask_for(Curriculum curriculum) {
  if (in_flight_) {
    const auto version = static_cast<uint64_t>(curriculum.version);
    TL_RETURN_IF_ERROR(parts_.bus.publish(kOrchestratorTopic, ConflictResolved{version, request_}));
    return {};
  }
  // First what it is trained on, so that the request never outlives what asked for it.
  TL_RETURN_IF_ERROR(parts_.recorder.flush());
  in_flight_ = std::move(curriculum);
  if (!agents_began_) return {};  // Then it is asked for when they begin.
  TL_ASSIGN_OR_RETURN(request_, parts_.agents.train(*in_flight_));
  if (request_ == 0) in_flight_.reset();
  return {};
}

Status DecisionLoop::await_training(const std::stop_token& stop) {
  while (in_flight_) {
    if (stop.stop_requested()) return fail(ErrorCode::kInterrupted, "stopped during a training");
    TL_RETURN_IF_ERROR(parts_.agents.status());
    const auto message = messages_->pop(std::chrono::milliseconds(100));
    if (on_wait_) on_wait_();
    TL_RETURN_IF_ERROR(parts_.governor.answer_holds());
    if (message) TL_RETURN_IF_ERROR(on_message(**message));
  }
  return {};
}

Status DecisionLoop::on_message(const Message& message) {
  if (const auto* resolved = std::get_if<HoldResolved>(&message)) {
    parts_.agents.resolve_hold(*resolved);
  } else if (const auto* complete = std::get_if<EvaluationComplete>(&message)) {
    if (!complete->evaluation.held_request.empty()) return parts_.governor.held(*complete);
  } else if (const auto* ready = std::get_if<ExportReady>(&message)) {
    return on_export_ready(*ready);
  } else if (const auto* dropped = std::get_if<ChallengerDropped>(&message)) {
    return on_dropped(*dropped);
  }
  return {};
}

Status DecisionLoop::on_export_ready(const ExportReady& ready) {
  // One that was said twice, by a job that was begun again, is deployed once.
  if (!in_flight_ || ready.id != request_ || !parts_.agents.claim_deploy(ready.id)) return {};
  ModelRecord record = make_record(ready.challenger.get(), ready.evaluation, std::nullopt,
                                   ready.seconds, state_.events);
  TL_RETURN_IF_ERROR(parts_.recorder.event({kDeployEvent, tick_, to_json(record)}));
  TL_RETURN_IF_ERROR(parts_.recorder.flush());
  TL_RETURN_IF_ERROR(note_model(std::move(record)));
  TL_ASSIGN_OR_RETURN(state_.models.back().seconds.deploy, parts_.agents.deploy(ready.id));
  in_flight_.reset();
  return go_live(ready.version);
}

Status DecisionLoop::on_dropped(const ChallengerDropped& dropped) {
  if (!in_flight_ || dropped.id != request_) return {};
  ModelRecord record = make_record(dropped.challenger.get(), dropped.evaluation, dropped.error,
                                   dropped.seconds, state_.events);
  record.version = in_flight_->version;
  in_flight_.reset();
  TL_RETURN_IF_ERROR(parts_.recorder.event({kDroppedEvent, tick_, to_json(record)}));
  TL_RETURN_IF_ERROR(parts_.recorder.flush());
  return note_model(std::move(record));
}

Status DecisionLoop::note_model(ModelRecord record) {
  TL_RETURN_IF_ERROR(parts_.governor.resolved(record, state_.model_version, tick_));
  state_.models.push_back(std::move(record));
  return {};
}

Status DecisionLoop::go_live(int version) {
  TL_RETURN_IF_ERROR(use(version));
  live_.push_back(version);
  return {};
}

Status DecisionLoop::use(int version) {
  std::shared_ptr<const Scorer> scorer = heuristic_;
  if (version != 0) {
    TL_ASSIGN_OR_RETURN(auto model, parts_.server.acquire(options_.model, version));
    scorer = std::make_shared<ModelScorer>(std::move(model));
  }
  state_.model_version = scorer->version();
  bridge_->set_scorer(std::move(scorer));
  drift_.reset();
  alarmed_ = false;
  watch_->restart();
  return {};
}

}  // namespace thunderline::thunderchief
