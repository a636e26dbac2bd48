#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "thunderline/thunderchief/orchestrator/protocol/records.h"
#include "thunderline/thunderchief/orchestrator/protocol/signal.h"

namespace thunderline::thunderchief::protocol {

/// Work that a worker's threads do, one stage of one request.
struct Job {
  uint64_t request = 0;
  std::string model;
  int version = 0;
  int attempt = 0;
  uint64_t order = 0;
  int cores = 1;

  bool operator==(const Job&) const = default;
};

/// What a machine is told, beside signals: time has passed; a job of its own ended; somebody wants
/// something.
struct Tick {};
struct JobEnded {
  Job job;
  bool ok = false;
  bool pass = false;  ///< Of an evaluation: what the gate said.
  std::string reason;
};
struct Ask {
  AskRecord ask;  ///< Its id is new.
};
struct CancelAsk {
  uint64_t id = 0;
};

struct Input {
  int64_t now_ms = 0;
  std::variant<Signal, Tick, JobEnded, Ask, CancelAsk> what;
};

/// What a step wants done, in this order: `changes` in one transaction, then stops, starts, swaps and
/// signals. A crash after the transaction may lose the rest: ticks say it again.
struct Effects {
  Changes changes;
  std::vector<Job> stop;
  std::vector<Job> start;
  std::vector<LiveRecord> activate;
  std::vector<Signal> send;
};

/// A machine's next state and what follows from it.
template <typename State>
struct Step {
  State state;
  Effects effects;
};

}  // namespace thunderline::thunderchief::protocol
