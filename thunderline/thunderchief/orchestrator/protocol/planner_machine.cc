#include "thunderline/thunderchief/orchestrator/protocol/planner_machine.h"

#include <utility>

namespace thunderline::thunderchief::protocol {
namespace {

Signal say(const AskRecord& ask) {
  Signal signal;
  signal.kind = ask.cancel ? SignalKind::kCancel : SignalKind::kAsk;
  signal.from = Role::kPlanner;
  signal.to = Role::kOrchestrator;
  signal.request = ask.id;
  signal.request_kind = ask.kind;
  signal.model = ask.model;
  signal.version = ask.version;
  signal.deadline_ms = ask.deadline_ms;
  signal.cores = ask.cores;
  return signal;
}

void on_signal(PlannerMachine& state, const Signal& signal, Effects& effects) {
  const auto found = state.asks.find(signal.request);
  if (found == state.asks.end()) return;
  AskRecord& ask = found->second;
  if (signal.kind == SignalKind::kAccepted && !ask.accepted) {
    ask.accepted = true;
  } else if (signal.kind == SignalKind::kEnded) {
    ask.accepted = true;
    ask.end = signal.phase;
    ask.reason = signal.reason;
  } else {
    return;
  }
  effects.changes.asks.push_back(ask);
  if (is_end(ask.end)) state.asks.erase(found);
}

}  // namespace

PlannerMachine PlannerMachine::from(const Snapshot& snapshot) {
  PlannerMachine machine;
  for (const auto& [id, ask] : snapshot.asks) {
    if (!is_end(ask.end)) machine.asks.emplace(id, ask);
  }
  return machine;
}

Step<PlannerMachine> step(PlannerMachine state, const Input& input) {
  Effects effects;
  if (const auto* asked = std::get_if<Ask>(&input.what)) {
    const auto [at, added] = state.asks.emplace(asked->ask.id, asked->ask);
    if (added) {
      effects.changes.asks.push_back(at->second);
      effects.send.push_back(say(at->second));
    }
  } else if (const auto* cancel = std::get_if<CancelAsk>(&input.what)) {
    const auto found = state.asks.find(cancel->id);
    if (found != state.asks.end() && !found->second.cancel) {
      found->second.cancel = true;
      effects.changes.asks.push_back(found->second);
      effects.send.push_back(say(found->second));
    }
  } else if (std::holds_alternative<Tick>(input.what)) {
    for (const auto& [id, ask] : state.asks) effects.send.push_back(say(ask));
  } else if (const auto* signal = std::get_if<Signal>(&input.what)) {
    if (signal->protocol == kProtocolVersion) on_signal(state, *signal, effects);
  }
  return {std::move(state), std::move(effects)};
}

}  // namespace thunderline::thunderchief::protocol
