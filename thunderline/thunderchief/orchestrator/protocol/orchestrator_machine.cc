#include "thunderline/thunderchief/orchestrator/protocol/orchestrator_machine.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace thunderline::thunderchief::protocol {
namespace {

/// Who works on a request in this phase, and the phase after.
Role worker_of(Phase phase) {
  if (phase == Phase::kTraining) return Role::kTrainer;
  return phase == Phase::kEvaluating ? Role::kEvaluation : Role::kExport;
}
Phase after(Phase phase) {
  if (phase == Phase::kTraining) return Phase::kEvaluating;
  return phase == Phase::kEvaluating ? Phase::kExporting : Phase::kSwitching;
}

/// Whether this version was live before: its request ended as done.
bool was_live(const OrchestratorMachine& state, const ModelRecord& model, int version) {
  if (std::find(model.earlier.begin(), model.earlier.end(), version) != model.earlier.end()) return true;
  return std::any_of(state.requests.begin(), state.requests.end(), [&](const auto& entry) {
    const RequestRecord& request = entry.second;
    return request.kind == RequestKind::kTrain && request.model == model.model &&
           request.version == version && request.phase == Phase::kDone;
  });
}

/// Where a rollback goes, or nothing. Named, it may be any version that was live: a person may take one
/// up again that was given up.
std::optional<int> rollback_target(const OrchestratorMachine& state, const ModelRecord& model,
                                   int wanted) {
  if (wanted > 0) return was_live(state, model, wanted) ? std::optional(wanted) : std::nullopt;
  if (model.live == 0) return std::nullopt;
  if (wanted == kNoVersion) return 0;
  return model.earlier.empty() ? std::nullopt : std::optional(model.earlier.back());
}

/// One step of the machine: the state that it changes and the effects that it gathers.
class Stepper {
 public:
  Stepper(OrchestratorMachine& state, Effects& effects, int64_t now_ms)
      : state_(state), effects_(effects), now_ms_(now_ms) {}

  void on_signal(const Signal& signal);
  void on_tick();

 private:
  void on_new(const Signal& signal);
  void on_cancel(RequestRecord& request);
  void on_result(const Signal& signal);
  void on_switched(const Signal& signal);
  void accept(RequestRecord request);
  void accept_rollback(RequestRecord request);
  void advance(RequestRecord& request, const Signal& result);
  void retry(RequestRecord& request, const std::string& reason);
  void end(RequestRecord& request, Phase phase, const std::string& reason);
  void order_switch(ModelRecord& model, int version);

  void say_state(const RequestRecord& request);
  void say_work(const RequestRecord& request);
  void say_stop(Role to, const RequestRecord& request);
  void say_switch(const ModelRecord& model);
  Signal about(const RequestRecord& request, SignalKind kind, Role to) const;

  RequestRecord* open_request_of(const std::string& model);
  ModelRecord& model_of(const std::string& name);
  void save(const RequestRecord& request) { effects_.changes.requests.push_back(request); }
  void save(const ModelRecord& model) { effects_.changes.models.push_back(model); }

  OrchestratorMachine& state_;
  Effects& effects_;
  const int64_t now_ms_;
};

void Stepper::on_signal(const Signal& signal) {
  if (signal.protocol != kProtocolVersion || signal.to != Role::kOrchestrator) return;
  switch (signal.kind) {
    case SignalKind::kAsk:
    case SignalKind::kCancel: {
      const auto known = state_.requests.find(signal.request);
      if (known == state_.requests.end()) return on_new(signal);
      if (signal.kind == SignalKind::kCancel && !is_end(known->second.phase)) {
        return on_cancel(known->second);
      }
      return say_state(known->second);
    }
    case SignalKind::kResult:
      return on_result(signal);
    case SignalKind::kSwitched:
      return on_switched(signal);
    default:
      return;
  }
}

void Stepper::on_new(const Signal& signal) {
  RequestRecord request;
  request.id = signal.request;
  request.kind = signal.request_kind;
  request.model = signal.model;
  request.version = signal.version;
  request.accepted_ms = now_ms_;
  request.deadline_ms = signal.deadline_ms;
  request.cores = signal.cores;
  RequestRecord& stored = state_.requests[request.id] = request;
  if (signal.kind == SignalKind::kCancel) {
    return end(stored, Phase::kCancelled, "cancelled before it began");
  }
  if (signal.deadline_ms <= now_ms_) {
    return end(stored, Phase::kRefused, "its deadline had passed when it came");
  }
  const RequestRecord* busy = open_request_of(signal.model);
  const bool rolls_back = request.kind == RequestKind::kRollback;
  if (busy != nullptr && (!rolls_back || busy->kind == RequestKind::kRollback)) {
    return end(stored, Phase::kRefused, "merged into request " + std::to_string(busy->id));
  }
  return rolls_back ? accept_rollback(request) : accept(request);
}

void Stepper::accept(RequestRecord request) {
  ModelRecord& model = model_of(request.model);
  const int highest = std::max(model.live, model.earlier.empty() ? 0 : model.earlier.back());
  if (request.version != 0 && request.version <= highest) {
    return end(state_.requests[request.id], Phase::kRefused,
               "version " + std::to_string(highest) + " was live already");
  }
  if (request.version == 0) request.version = model.next_version;
  model.next_version = std::max(model.next_version, request.version + 1);
  request.order = ++state_.last_order;
  save(model);
  save(request);
  state_.open.insert(request.id);
  state_.requests[request.id] = request;
  say_state(request);
  say_work(request);
}

void Stepper::accept_rollback(RequestRecord request) {
  ModelRecord& model = model_of(request.model);
  const std::optional<int> target = rollback_target(state_, model, request.version);
  if (!target) {
    return end(state_.requests[request.id], Phase::kRefused, "there is no such earlier version");
  }
  if (RequestRecord* beaten = open_request_of(request.model)) {
    end(*beaten, Phase::kCancelled, "rollback " + std::to_string(request.id) + " came");
  }
  request.version = *target;
  request.order = ++state_.last_order;
  request.phase = Phase::kSwitching;
  order_switch(model, request.version);
  request.epoch = model.wanted_epoch;
  save(request);
  state_.open.insert(request.id);
  state_.requests[request.id] = request;
  say_state(request);
}

void Stepper::on_cancel(RequestRecord& request) { end(request, Phase::kCancelled, "cancelled"); }

void Stepper::on_result(const Signal& signal) {
  const auto known = state_.requests.find(signal.request);
  if (known == state_.requests.end()) return;
  RequestRecord& request = known->second;
  const bool awaited =
      request.phase < Phase::kSwitching && worker_of(request.phase) == signal.from;
  if (!awaited) return say_stop(signal.from, request);  // So that the worker forgets it.
  if (signal.attempt != request.attempt) return;
  if (!signal.ok) return retry(request, signal.reason);
  advance(request, signal);
}

void Stepper::advance(RequestRecord& request, const Signal& result) {
  if (request.phase == Phase::kEvaluating) {
    request.passed = result.pass;
    if (!result.pass) return end(request, Phase::kRefused, result.reason);
  }
  request.phase = after(request.phase);
  request.attempt = 1;
  if (request.phase == Phase::kSwitching) {
    ModelRecord& model = model_of(request.model);
    order_switch(model, request.version);
    request.epoch = model.wanted_epoch;
    save(request);
    return;
  }
  save(request);
  say_work(request);
}

void Stepper::retry(RequestRecord& request, const std::string& reason) {
  if (request.attempt >= state_.options.max_attempts) {
    return end(request, Phase::kFailed,
               std::string(phase_name(request.phase)) + " failed " +
                   std::to_string(request.attempt) + " times: " + reason);
  }
  ++request.attempt;
  save(request);
  say_work(request);
}

void Stepper::on_switched(const Signal& signal) {
  ModelRecord& model = model_of(signal.model);
  if (signal.epoch != model.wanted_epoch || model.confirmed_epoch == model.wanted_epoch) return;
  model.confirmed_epoch = model.wanted_epoch;
  const auto back = std::find(model.earlier.begin(), model.earlier.end(), model.wanted);
  if (back != model.earlier.end()) {
    model.earlier.erase(back, model.earlier.end());
  } else if (model.wanted == 0) {
    model.earlier.clear();  // Rolled back to none: nothing of what was live is one to go back to.
  } else if (model.wanted != model.live && model.live != 0) {
    model.earlier.push_back(model.live);
  }
  model.live = model.wanted;
  save(model);
  RequestRecord* request = open_request_of(signal.model);
  if (request == nullptr || request->epoch != signal.epoch) return;
  end(*request, Phase::kDone, "version " + std::to_string(model.live) + " is live");
}

void Stepper::on_tick() {
  const std::set<uint64_t> open = state_.open;  // Ends change it.
  for (const uint64_t id : open) {
    RequestRecord& request = state_.requests[id];
    if (request.deadline_ms <= now_ms_) {
      end(request, Phase::kFailed,
          "its deadline passed in the phase " + std::string(phase_name(request.phase)));
    } else if (request.phase < Phase::kSwitching) {
      const auto said = state_.said_ms.find(id);
      if (said == state_.said_ms.end() ||
          said->second + state_.options.say_again_ms <= now_ms_) {
        say_work(request);
      }
    }
  }
  for (const auto& [name, model] : state_.models) {
    if (model.confirmed_epoch == model.wanted_epoch) continue;
    const auto said = state_.switch_said_ms.find(name);
    if (said == state_.switch_said_ms.end() ||
        said->second + state_.options.say_again_ms <= now_ms_) {
      say_switch(model);
    }
  }
}

void Stepper::end(RequestRecord& request, Phase phase, const std::string& reason) {
  if (request.order != 0 && request.phase < Phase::kSwitching) {
    say_stop(worker_of(request.phase), request);
  }
  if (request.phase == Phase::kSwitching && phase != Phase::kDone) {
    ModelRecord& model = model_of(request.model);
    order_switch(model, model.live);
  }
  request.phase = phase;
  request.reason = reason;
  request.ended_ms = now_ms_;
  state_.open.erase(request.id);
  state_.said_ms.erase(request.id);
  save(request);
  say_state(request);
}

void Stepper::order_switch(ModelRecord& model, int version) {
  model.wanted = version;
  ++model.wanted_epoch;
  save(model);
  say_switch(model);
}

Signal Stepper::about(const RequestRecord& request, SignalKind kind, Role to) const {
  Signal signal;
  signal.kind = kind;
  signal.from = Role::kOrchestrator;
  signal.to = to;
  signal.request = request.id;
  signal.request_kind = request.kind;
  signal.model = request.model;
  signal.version = request.version;
  signal.attempt = request.attempt;
  signal.order = request.order;
  signal.deadline_ms = request.deadline_ms;
  signal.cores = request.cores;
  signal.phase = request.phase;
  return signal;
}

void Stepper::say_state(const RequestRecord& request) {
  const bool ended = is_end(request.phase);
  Signal signal =
      about(request, ended ? SignalKind::kEnded : SignalKind::kAccepted, Role::kPlanner);
  signal.reason = request.reason;
  effects_.send.push_back(std::move(signal));
}

void Stepper::say_work(const RequestRecord& request) {
  state_.said_ms[request.id] = now_ms_;
  effects_.send.push_back(about(request, SignalKind::kWork, worker_of(request.phase)));
}

void Stepper::say_stop(Role to, const RequestRecord& request) {
  effects_.send.push_back(about(request, SignalKind::kCancel, to));
}

void Stepper::say_switch(const ModelRecord& model) {
  state_.switch_said_ms[model.model] = now_ms_;
  Signal signal;
  signal.kind = SignalKind::kSwitch;
  signal.from = Role::kOrchestrator;
  signal.to = Role::kExport;
  signal.model = model.model;
  signal.version = model.wanted;
  signal.epoch = model.wanted_epoch;
  effects_.send.push_back(std::move(signal));
}

RequestRecord* Stepper::open_request_of(const std::string& model) {
  for (const uint64_t id : state_.open) {
    RequestRecord& request = state_.requests[id];
    if (request.model == model) return &request;
  }
  return nullptr;
}

ModelRecord& Stepper::model_of(const std::string& name) {
  ModelRecord& model = state_.models[name];
  model.model = name;
  return model;
}

}  // namespace

OrchestratorMachine OrchestratorMachine::from(const Snapshot& snapshot, Options options) {
  OrchestratorMachine machine;
  machine.options = options;
  machine.requests = snapshot.requests;
  machine.models = snapshot.models;
  for (const auto& [id, request] : machine.requests) {
    if (!is_end(request.phase)) machine.open.insert(id);
    machine.last_order = std::max(machine.last_order, request.order);
  }
  return machine;
}

Step<OrchestratorMachine> step(OrchestratorMachine state, const Input& input) {
  Effects effects;
  Stepper stepper(state, effects, input.now_ms);
  if (const auto* signal = std::get_if<Signal>(&input.what)) stepper.on_signal(*signal);
  if (std::holds_alternative<Tick>(input.what)) stepper.on_tick();
  return {std::move(state), std::move(effects)};
}

}  // namespace thunderline::thunderchief::protocol
