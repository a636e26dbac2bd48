#include "thunderline/thunderchief/decision_loop.h"

#include <algorithm>

#include "thunderline/base/json_util.h"
#include "thunderline/base/random.h"

namespace thunderline::thunderchief {
namespace {

constexpr const char* kSource = "bit";
constexpr const char* kDeployEvent = "model.deployed";
constexpr const char* kDroppedEvent = "model.dropped";
/// With a clock that does not wait a model scores some ticks after its deployment was logged.
constexpr const char* kLiveEvent = "model.live";
constexpr const char* kRolledBackEvent = "model.rolled_back";

/// Streams of the run's seed; the world's own are seed + 1 to + 4.
constexpr uint64_t kIdStream = 101;
constexpr uint64_t kMonitorStream = 102;

std::string step_metadata(int64_t tick, const ScoredEvent& event, const Decision* decision,
                          double review_rate, const std::string& version,
                          const char* strategy) {
  OrderedJson json;
  json["tick"] = tick;
  json["score"] = event.score;
  json["model_version"] = version;
  if (decision == nullptr) {
    json["forced"] = true;
  } else {
    json["p_quarantine"] = decision->p_intervene;
    json["review_rate"] = review_rate;
    json["strategy"] = strategy;
  }
  return dump_json(json);
}

}  // namespace

DecisionLoop::DecisionLoop(Options options, Parts parts)
    : options_(std::move(options)), parts_(std::move(parts)) {}

Result<std::unique_ptr<DecisionLoop>> DecisionLoop::create(
    Options options, Parts parts, std::shared_ptr<const Scorer> heuristic) {
  TL_RETURN_IF_ERROR(validate(options.rule));
  std::unique_ptr<DecisionLoop> loop(new DecisionLoop(std::move(options), std::move(parts)));
  TL_RETURN_IF_ERROR(loop->set_up(std::move(heuristic)));
  return loop;
}

Status DecisionLoop::set_up(std::shared_ptr<const Scorer> heuristic) {
  const worlds::WorldSpec& spec = parts_.world.spec();
  thunderbit::ContextOptions context_options;
  context_options.channel_names = spec.channel_names;
  context_options.scope.zone = spec.name;
  TL_ASSIGN_OR_RETURN(auto context, thunderbit::Context::create(std::move(context_options)));
  TL_ASSIGN_OR_RETURN(auto schema, thunderbolt::FeatureSchema::v1(spec.channel_names));
  TL_ASSIGN_OR_RETURN(auto extractor, thunderbolt::FeatureExtractor::create(std::move(schema)));

  const auto log_transition = [this](const thunderbit::Transition& transition,
                                     const Uuid& episode) -> Status {
    const bool born = transition.verb == thunderbit::Verb::kSpawn;
    return parts_.recorder.transition(
        {transition.bit, episode.to_string(), std::string(name_of(transition.verb)),
         born ? "" : std::string(name_of(transition.status_before)),
         std::string(name_of(transition.status_after)), transition.tick,
         transition.action.to_string()});
  };
  field_.emplace(std::move(context), derive_seed(options_.seed, kIdStream), options_.start_ms,
                 log_transition);
  heuristic_ = std::move(heuristic);
  bridge_.emplace(std::move(extractor), heuristic_,
                  CerebrosBridge::Options{options_.rule.threshold, spec.actions});
  thunderbolt::LoopMonitor::Options monitor;
  monitor.seed = derive_seed(options_.seed, kMonitorStream);
  TL_ASSIGN_OR_RETURN(watch_, LoopWatch::create(monitor, parts_.recorder, parts_.bus));
  conductor_ = std::make_unique<Conductor>(
      Conductor::Options{}, [this](const thunderbolt::ChiefStep& step) {
        return parts_.recorder.chief_step(step);
      });
  auto chief = std::make_unique<BitChief>(options_.chief, *field_, *bridge_, parts_.files,
                                          [this](const ScoredEvent& event) { return decide(event); });
  chief_ = chief.get();
  TL_RETURN_IF_ERROR(conductor_->register_chief(std::move(chief)));
  TL_ASSIGN_OR_RETURN(auto messages, parts_.bus.subscribe(kOrchestratorTopic));
  messages_.emplace(std::move(messages));
  return {};
}

Result<bool> DecisionLoop::tick(const std::stop_token& stop) {
  if (parts_.world.finished()) {
    TL_RETURN_IF_ERROR(field_->retire_all("the run ended"));
    TL_RETURN_IF_ERROR(parts_.recorder.flush());
    return false;
  }
  seen_ = {};
  seen_.tick = tick_;
  field_->begin_tick(tick_);
  TL_RETURN_IF_ERROR(parts_.governor.begin_tick(*field_));
  TL_RETURN_IF_ERROR(follow_wishes());
  if (!options_.wait_for_gate) {
    TL_RETURN_IF_ERROR(take_recorded_result());
    while (auto message = messages_->try_pop()) TL_RETURN_IF_ERROR(on_message(**message));
  }
  TL_RETURN_IF_ERROR(arrive());
  TL_RETURN_IF_ERROR(take_feedback());
  TL_RETURN_IF_ERROR(expire());
  conductor_->tick(tick_);
  TL_RETURN_IF_ERROR(failed_);
  for (const ChiefState& chief : conductor_->get_states()) {
    // Nobody else could decide the events: this chief's failure is the run's.
    if (chief.name == chief_->name() && chief.last_error) return tl::unexpected<Error>(*chief.last_error);
  }
  TL_RETURN_IF_ERROR(note_scores());
  parts_.world.end_tick(tick_);
  TL_RETURN_IF_ERROR(watch_loop());
  TL_RETURN_IF_ERROR(train_if_due(stop));
  ++tick_;
  state_.ticks = tick_;
  return true;
}

Status DecisionLoop::arrive() {
  for (const worlds::Arrival& arrival : parts_.world.arrive(tick_)) {
    TL_RETURN_IF_ERROR(field_->admit(arrival));
    ++state_.events;
  }
  return {};
}

Status DecisionLoop::take_feedback() {
  for (const worlds::Feedback& feedback : parts_.world.feedback_due(tick_)) {
    const auto it = open_.find(feedback.position);
    TL_CHECK(it != open_.end());
    TL_RETURN_IF_ERROR(parts_.recorder.outcome(
        {it->second.id, feedback.seen, feedback.reward, feedback.tick}));
    if (feedback.seen) {
      ++state_.seen;
      seen_.reward += feedback.reward;
      state_.seen_reward += feedback.reward;
      TL_RETURN_IF_ERROR(watch_model(it->second, feedback));
    }
    open_.erase(it);
  }
  return {};
}

Status DecisionLoop::watch_model(const OpenStep& step, const worlds::Feedback& feedback) {
  if (step.forced || alarmed_ || state_.model_version == "heuristic") return {};
  const auto& table = parts_.world.spec().reward_table;
  if (!table) return {};
  const double target = table->implies_spam(step.action, feedback.reward) ? 1.0 : 0.0;
  const double error = step.score - target;
  if (!drift_.add(error * error)) return {};
  alarmed_ = true;  // Until the next deployment.
  parts_.governor.degraded(tick_);
  state_.degradation.push_back({state_.events, drift_.statistic()});
  if (parts_.recorder.recovering()) {
    parts_.planner.alarm(state_.seen);
    return {};
  }
  TL_RETURN_IF_ERROR(parts_.bus.publish(
      kOrchestratorTopic, DegradationDetected{tick_, state_.seen, drift_.statistic()}));
  return {};
}

Status DecisionLoop::expire() {
  for (const size_t position : parts_.world.expired(tick_)) {
    TL_RETURN_IF_ERROR(deliver_forced(position));
    TL_RETURN_IF_ERROR(field_->retire(position, "expired"));
  }
  return {};
}

Status DecisionLoop::deliver_forced(size_t position) {
  const Uuid& id = field_->waiting().at(position).cognitive;
  const thunderbit::Bit* bit = field_->context().find(id);
  TL_ASSIGN_OR_RETURN(const auto features,
                      bridge_->extractor().extract_training_features(*bit, field_->context()));
  const ScoredEvent event{position, bit->score ? bit->score->score : 0.5,
                          {features.values.begin(), features.values.end()}};
  TL_RETURN_IF_ERROR(parts_.world.decide(position, worlds::kDeliver, tick_, true));
  ++state_.forced;
  return log_decision(position, event, nullptr);
}

Status DecisionLoop::decide(const ScoredEvent& event) {
  const Decision decision =
      thunderchief::decide(options_.rule, event.score, parts_.world.exploration(event.position));
  const auto act = [&]() -> Status {
    const auto& actions = parts_.world.spec().actions;
    TL_RETURN_IF_ERROR(field_->act(event.position, actions[static_cast<size_t>(decision.action)]));
    TL_RETURN_IF_ERROR(parts_.world.decide(event.position, decision.action, tick_, false));
    parts_.scores.record_score(event.position, event.score);
    note_score(event);
    ++state_.decisions;
    return log_decision(event.position, event, &decision);
  };
  failed_ = act();
  return failed_;
}

Status DecisionLoop::log_decision(size_t position, const ScoredEvent& event,
                                  const Decision* decision) {
  const EventChain& chain = field_->waiting().at(position);
  const thunderbit::Bit* bit = field_->context().find(chain.cognitive);
  TL_ASSIGN_OR_RETURN(const auto next,
                      bridge_->extractor().extract_training_features(*bit, field_->context()));
  const std::string metadata =
      step_metadata(tick_, event, decision, parts_.world.spec().review_rate,
                    state_.model_version, strategy_name(chief_->strategy()));
  const std::string episode = chain.cognitive.to_string();

  thunderbolt::StepView step;
  step.id = field_->next_id();
  step.source = kSource;
  step.episode = episode;
  step.state = event.features;
  step.action = decision == nullptr ? worlds::kDeliver : decision->action;
  step.next_state = next.values;
  step.terminated = true;
  if (decision != nullptr) step.propensity = decision->propensity;
  step.metadata = metadata;
  open_[position] = {step.id, event.score, step.action, decision == nullptr};
  return parts_.recorder.step(step);
}

Status DecisionLoop::note_scores() {
  for (const auto& [position, event] : chief_->evaluated()) {
    parts_.scores.record_score(position, event.score);
    note_score(event);
  }
  next_unscored_ = newest_scored_;
  return {};
}

void DecisionLoop::note_score(const ScoredEvent& event) {
  if (event.position < next_unscored_) return;
  newest_scored_ = std::max(newest_scored_, event.position + 1);
  seen_.first_scores.push_back(static_cast<float>(event.score));
}

Status DecisionLoop::watch_loop() {
  seen_.waiting = static_cast<double>(field_->waiting().size());
  seen_.energy = chief_->energy();
  TL_ASSIGN_OR_RETURN(const auto raised, watch_->end_tick(seen_, state_.model_version));
  state_.observables = watch_->monitor().summary();
  state_.alarms = watch_->alarms();
  parts_.governor.read(watch_->monitor().latest());
  for (const thunderbolt::LoopAlert& alert : raised) {
    // Chaos cannot be told from the world's own noise well enough to act on (docs/observables.md).
    if (alert.kind == thunderbolt::LoopAlertKind::kChaotic || live_.empty()) continue;
    return roll_back(alert);
  }
  return {};
}

Status DecisionLoop::roll_back(const thunderbolt::LoopAlert& alert) {
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
  while (!live_.empty() && !parts_.deployer.roll_back_to(options_.model, live_.back(), reason)) {
    live_.pop_back();
  }
  if (live_.empty()) TL_RETURN_IF_ERROR(parts_.deployer.roll_back_to(options_.model, 0, reason));
  TL_RETURN_IF_ERROR(use(live_.empty() ? 0 : live_.back()));
  return parts_.governor.rolled_back(bad, state_.model_version, reason, tick_);
}

Status DecisionLoop::train_if_due(const std::stop_token& stop) {
  if (parts_.recorder.recovering()) return train_while_recovering();
  if (in_flight_ && options_.wait_for_gate) return await_training(stop);
  TL_RETURN_IF_ERROR(parts_.bus.publish(kOrchestratorTopic, FeedbackSeen{tick_, state_.seen}));
  return options_.wait_for_gate ? await_training(stop) : Status{};
}

Status DecisionLoop::train_while_recovering() {
  std::optional<Curriculum> due = parts_.planner.observe(tick_, state_.seen);
  if (!due || in_flight_) return {};
  in_flight_ = *due;
  ask_again_ = true;
  return options_.wait_for_gate ? take_recorded_result() : Status{};
}

Status DecisionLoop::take_recorded_result() {
  if (swapping_) return take_recorded_swap();
  if (!in_flight_) return {};
  if (const auto deployed = parts_.recorder.take_event(kDeployEvent)) {
    TL_ASSIGN_OR_RETURN(ModelRecord record, model_record_from_json(deployed->json, kDeployEvent));
    const int version = record.version;
    TL_RETURN_IF_ERROR(note_model(std::move(record)));
    in_flight_.reset();
    ask_again_ = false;
    // The registry follows the log: the swap may not have happened before the kill.
    TL_RETURN_IF_ERROR(parts_.deployer.activate(options_.model, version));
    if (options_.wait_for_gate) return go_live(version);
    swapping_ = version;
    return take_recorded_swap();
  }
  if (const auto dropped = parts_.recorder.take_event(kDroppedEvent)) {
    TL_ASSIGN_OR_RETURN(ModelRecord record, model_record_from_json(dropped->json, kDroppedEvent));
    TL_RETURN_IF_ERROR(note_model(std::move(record)));
    in_flight_.reset();
    ask_again_ = false;
    return {};
  }
  if (parts_.recorder.recovering() || !ask_again_) return {};
  // The log ends before the training did: it is done again, asked for once.
  ask_again_ = false;
  TL_RETURN_IF_ERROR(parts_.bus.publish(
      kOrchestratorTopic, TrainingRequest{static_cast<uint64_t>(in_flight_->version), *in_flight_}));
  return {};
}

Status DecisionLoop::await_training(const std::stop_token& stop) {
  while (true) {
    if (stop.stop_requested()) return fail(ErrorCode::kInterrupted, "stopped during a training");
    TL_RETURN_IF_ERROR(parts_.agents_status());
    const auto message = messages_->pop(std::chrono::milliseconds(100));
    if (on_wait_) on_wait_();
    TL_RETURN_IF_ERROR(parts_.governor.answer_holds());
    if (!message) continue;
    TL_ASSIGN_OR_RETURN(const bool resolved, on_message(**message));
    if (resolved) return {};
  }
}

Result<bool> DecisionLoop::on_message(const Message& message) {
  if (const auto* nothing = std::get_if<NothingDue>(&message)) {
    return nothing->tick == tick_ && !in_flight_;
  }
  if (const auto* granted = std::get_if<TrainingGranted>(&message)) {
    in_flight_ = granted->curriculum;
  } else if (const auto* complete = std::get_if<EvaluationComplete>(&message)) {
    if (!complete->evaluation.held_request.empty()) {
      TL_RETURN_IF_ERROR(parts_.governor.held(*complete));
    }
  } else if (const auto* ready = std::get_if<ExportReady>(&message)) {
    TL_RETURN_IF_ERROR(on_export_ready(*ready));
  } else if (const auto* deployed = std::get_if<ModelDeployed>(&message)) {
    state_.models.back().seconds.deploy = deployed->deploy_seconds;
    if (!options_.wait_for_gate) TL_RETURN_IF_ERROR(log_swap(deployed->version));
    TL_RETURN_IF_ERROR(go_live(deployed->version));
    in_flight_.reset();
    return true;
  } else if (const auto* dropped = std::get_if<ChallengerDropped>(&message)) {
    TL_RETURN_IF_ERROR(on_dropped(*dropped));
    in_flight_.reset();
    return true;
  }
  return false;
}

Status DecisionLoop::take_recorded_swap() {
  const bool met = parts_.recorder.take_event(kLiveEvent).has_value();
  if (!met && parts_.recorder.recovering()) return {};
  const int version = *swapping_;
  swapping_.reset();
  if (!met) TL_RETURN_IF_ERROR(log_swap(version));
  return go_live(version);
}

Status DecisionLoop::log_swap(int version) {
  return parts_.recorder.event({kLiveEvent, tick_, "{\"version\":" + std::to_string(version) + "}"});
}

Status DecisionLoop::on_export_ready(const ExportReady& ready) {
  ModelRecord record = make_record(ready.challenger.get(), ready.evaluation, std::nullopt,
                                   ready.seconds, state_.events);
  TL_RETURN_IF_ERROR(parts_.recorder.event({kDeployEvent, tick_, to_json(record)}));
  TL_RETURN_IF_ERROR(parts_.recorder.flush());
  TL_RETURN_IF_ERROR(note_model(std::move(record)));
  TL_RETURN_IF_ERROR(
      parts_.bus.publish(kOrchestratorTopic, DeployApproved{ready.id, ready.version}));
  return {};
}

Status DecisionLoop::on_dropped(const ChallengerDropped& dropped) {
  ModelRecord record = make_record(dropped.challenger.get(), dropped.evaluation, dropped.error,
                                   dropped.seconds, state_.events);
  if (in_flight_) record.version = in_flight_->version;
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
