#include "thunderline/thunderchief/orchestrator/protocol/worker_machine.h"

#include <algorithm>
#include <utility>

namespace thunderline::thunderchief::protocol {
namespace {

using Slot = WorkerMachine::Slot;
using Entry = WorkerMachine::Entry;

Signal answer(const WorkerMachine& state, const Job& job, SignalKind kind) {
  Signal signal;
  signal.kind = kind;
  signal.from = state.role;
  signal.to = Role::kOrchestrator;
  signal.request = job.request;
  signal.model = job.model;
  signal.version = job.version;
  signal.attempt = job.attempt;
  signal.order = job.order;
  return signal;
}

/// Starts what waits, oldest order first, as far as the cores go. A large job is not overtaken by
/// smaller ones, or it might wait for ever.
void start_waiting(WorkerMachine& state, Effects& effects) {
  std::vector<Entry*> waiting;
  for (auto& [model, entry] : state.entries) {
    if (entry.slot == Slot::kWaiting) waiting.push_back(&entry);
  }
  std::sort(waiting.begin(), waiting.end(),
            [](const Entry* a, const Entry* b) { return a->job.order < b->job.order; });
  for (Entry* entry : waiting) {
    const bool drains = std::any_of(state.stopping.begin(), state.stopping.end(), [&](const Job& job) {
      return job.model == entry->job.model;
    });
    if (drains) continue;
    if (state.cores_in_use() + entry->job.cores > state.cores) return;
    entry->slot = Slot::kRunning;
    effects.start.push_back(entry->job);
  }
}

void stop_entry(WorkerMachine& state, Entry& entry, Effects& effects) {
  if (entry.slot == Slot::kRunning) {
    state.stopping.push_back(entry.job);
    effects.stop.push_back(entry.job);
  }
  entry.slot = Slot::kClosed;
}

void on_work(WorkerMachine& state, const Signal& signal, Effects& effects) {
  Job job{signal.request, signal.model, signal.version, signal.attempt, signal.order,
          std::clamp(signal.cores, 1, std::max(state.cores, 1))};
  const auto [at, added] = state.entries.try_emplace(signal.model);
  Entry& entry = at->second;
  const bool newer = added || job.order > entry.job.order ||
                     (job.order == entry.job.order && job.attempt > entry.job.attempt &&
                      entry.slot != Slot::kClosed);
  if (newer) {
    if (!added) stop_entry(state, entry, effects);
    entry = {Slot::kWaiting, job, {}};
    effects.send.push_back(answer(state, job, SignalKind::kWorking));
    start_waiting(state, effects);
  } else if (job.order == entry.job.order && job.attempt == entry.job.attempt) {
    if (entry.slot == Slot::kFinished) effects.send.push_back(entry.result);
    if (entry.slot == Slot::kWaiting || entry.slot == Slot::kRunning) {
      effects.send.push_back(answer(state, job, SignalKind::kWorking));
    }
  }
}

void on_cancel(WorkerMachine& state, const Signal& signal, Effects& effects) {
  const auto [at, added] = state.entries.try_emplace(signal.model);
  Entry& entry = at->second;
  if (!added && entry.job.order > signal.order) return;
  if (!added) stop_entry(state, entry, effects);
  // Closed also when its work has not come yet: messages may overtake each other.
  entry.slot = Slot::kClosed;
  entry.job.order = signal.order;
  entry.job.model = signal.model;
  start_waiting(state, effects);
}

void on_ended(WorkerMachine& state, const JobEnded& ended, Effects& effects) {
  const auto stopped = std::find(state.stopping.begin(), state.stopping.end(), ended.job);
  const auto at = state.entries.find(ended.job.model);
  if (stopped != state.stopping.end()) {
    state.stopping.erase(stopped);
  } else if (at != state.entries.end() && at->second.slot == Slot::kRunning &&
             at->second.job == ended.job) {
    Entry& entry = at->second;
    entry.slot = Slot::kFinished;
    entry.result = answer(state, ended.job, SignalKind::kResult);
    entry.result.ok = ended.ok;
    entry.result.pass = ended.pass;
    entry.result.reason = ended.reason;
    effects.send.push_back(entry.result);
  }
  start_waiting(state, effects);
}

}  // namespace

int WorkerMachine::cores_in_use() const {
  int in_use = 0;
  for (const Job& job : stopping) in_use += job.cores;
  for (const auto& [model, entry] : entries) {
    if (entry.slot == Slot::kRunning) in_use += entry.job.cores;
  }
  return in_use;
}

Step<WorkerMachine> step(WorkerMachine state, const Input& input) {
  Effects effects;
  if (const auto* signal = std::get_if<Signal>(&input.what)) {
    const bool mine = signal->protocol == kProtocolVersion && signal->to == state.role;
    if (mine && signal->kind == SignalKind::kWork) on_work(state, *signal, effects);
    if (mine && signal->kind == SignalKind::kCancel) on_cancel(state, *signal, effects);
  } else if (const auto* ended = std::get_if<JobEnded>(&input.what)) {
    on_ended(state, *ended, effects);
  }
  return {std::move(state), std::move(effects)};
}

}  // namespace thunderline::thunderchief::protocol
