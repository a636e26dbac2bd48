#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "thunderline/thunderchief/orchestrator/protocol/machine.h"

namespace thunderline::thunderchief::protocol {

/// Takes each request through its phases and owns the conflicts. What it promises, and
/// protocol_model_test tries to break:
/// - A model has at most one open request: a second training is refused as merged into the first.
/// - A rollback ends an open training of its model as cancelled, even while it is being made live.
/// - Only what an evaluation let through is exported, and only what was exported becomes live.
/// - Every request ends once, at the first tick at its deadline at the latest. One that does not end as
///   done changes nothing: an unconfirmed switch is taken back by a switch of a higher epoch.
/// - A request is written to the store before it is acknowledged.
struct OrchestratorMachine {
  struct Options {
    int64_t say_again_ms = 500;  ///< Between two sayings of what was not answered.
    int max_attempts = 3;        ///< At one stage.
  };

  Options options;
  std::map<uint64_t, RequestRecord> requests;
  std::map<std::string, ModelRecord> models;
  std::set<uint64_t> open;      ///< Those without an end.
  uint64_t last_order = 0;
  std::map<uint64_t, int64_t> said_ms;            ///< When a request's work was said last.
  std::map<std::string, int64_t> switch_said_ms;  ///< The same of a model's switch.

  static OrchestratorMachine from(const Snapshot& snapshot, Options options);
};

/// Pure.
Step<OrchestratorMachine> step(OrchestratorMachine state, const Input& input);

}  // namespace thunderline::thunderchief::protocol
