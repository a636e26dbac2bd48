#pragma once

#include <map>

#include "thunderline/thunderchief/orchestrator/protocol/machine.h"

namespace thunderline::thunderchief::protocol {

/// Carries requests to their end: asks until it is told how a request ended, so neither a lost
/// message nor a crash loses one. All of its state is in the store.
struct PlannerMachine {
  std::map<uint64_t, AskRecord> asks;  ///< Those without an end.

  static PlannerMachine from(const Snapshot& snapshot);
};

/// Pure.
Step<PlannerMachine> step(PlannerMachine state, const Input& input);

}  // namespace thunderline::thunderchief::protocol
