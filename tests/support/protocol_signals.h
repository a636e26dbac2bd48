#pragma once

// Signals to feed single machines with.

#include <string>
#include <utility>
#include <variant>

#include "thunderline/thunderchief/orchestrator/protocol/machine.h"

namespace thunderline::thunderchief::protocol {

inline Signal ask(uint64_t id, RequestKind kind = RequestKind::kTrain, int64_t deadline_ms = 1000) {
  Signal signal;
  signal.request = id;
  signal.request_kind = kind;
  signal.model = "m";
  signal.deadline_ms = deadline_ms;
  return signal;
}

inline Signal work(uint64_t request, uint64_t order, const std::string& model = "m",
                   int cores = 1) {
  Signal signal;
  signal.kind = SignalKind::kWork;
  signal.from = Role::kOrchestrator;
  signal.to = Role::kTrainer;
  signal.request = request;
  signal.model = model;
  signal.order = order;
  signal.attempt = 1;
  signal.cores = cores;
  return signal;
}

inline Signal result(uint64_t request, Role from, bool pass = true) {
  Signal signal;
  signal.kind = SignalKind::kResult;
  signal.from = from;
  signal.request = request;
  signal.model = "m";
  signal.attempt = 1;
  signal.ok = true;
  signal.pass = pass;
  signal.reason = "z(reward) 0.1 is below 2.33";
  return signal;
}

/// Feeds a machine and keeps its state.
template <typename Machine>
Effects feed(Machine& machine, std::variant<Signal, Tick, JobEnded, Ask, CancelAsk> what,
             int64_t now_ms = 0) {
  auto next = step(std::move(machine), Input{now_ms, std::move(what)});
  machine = std::move(next.state);
  return std::move(next.effects);
}

}  // namespace thunderline::thunderchief::protocol
