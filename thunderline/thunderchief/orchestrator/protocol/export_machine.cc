#include "thunderline/thunderchief/orchestrator/protocol/export_machine.h"

#include <utility>

namespace thunderline::thunderchief::protocol {
namespace {

void on_switch(ExportMachine& state, const Signal& signal, Effects& effects) {
  LiveRecord& live = state.live[signal.model];
  live.model = signal.model;
  if (signal.epoch < live.epoch) return;
  if (signal.epoch > live.epoch) {
    live.version = signal.version;
    live.epoch = signal.epoch;
    effects.changes.live.push_back(live);
    state.activated.erase(signal.model);
  }
  if (state.activated.insert(signal.model).second) effects.activate.push_back(live);
  Signal answer;
  answer.kind = SignalKind::kSwitched;
  answer.from = Role::kExport;
  answer.to = Role::kOrchestrator;
  answer.request = signal.request;
  answer.model = signal.model;
  answer.version = live.version;
  answer.epoch = live.epoch;
  effects.send.push_back(std::move(answer));
}

}  // namespace

ExportMachine ExportMachine::from(const Snapshot& snapshot) {
  ExportMachine machine;
  machine.live = snapshot.live;
  return machine;
}

Step<ExportMachine> step(ExportMachine state, const Input& input) {
  const auto* signal = std::get_if<Signal>(&input.what);
  if (signal != nullptr && signal->kind == SignalKind::kSwitch) {
    Effects effects;
    if (signal->protocol == kProtocolVersion) on_switch(state, *signal, effects);
    return {std::move(state), std::move(effects)};
  }
  Step<WorkerMachine> worked = step(std::move(state.worker), input);
  state.worker = std::move(worked.state);
  if (std::holds_alternative<Tick>(input.what)) {
    for (const auto& [model, live] : state.live) {
      if (state.activated.insert(model).second) worked.effects.activate.push_back(live);
    }
  }
  return {std::move(state), std::move(worked.effects)};
}

}  // namespace thunderline::thunderchief::protocol
