#pragma once

#include <string>
#include <vector>

#include "thunderline/thunderchief/orchestrator/protocol/records.h"

namespace thunderline::thunderchief::protocol {

/// What the log of a run says of one model. The log is the truth: a deployment is in it before the
/// swap.
struct LogFacts {
  struct Outcome {
    int version = 0;
    Phase end = Phase::kDone;
    std::string reason;
  };
  std::string model;
  std::vector<Outcome> outcomes;  ///< Of the trainings, oldest first.
  std::vector<int> live;          ///< Versions to go back to, oldest first; the last one is live.
  int in_flight = 0;              ///< The version whose training goes on; 0: none.
};

/// The rows that bring what the machines stored to what the log says; empty when they say the same.
/// A process that was killed may have written either one first. Requests that the log has an end
/// for get that end; the one in flight goes on, at the export if its switch was ordered and is not
/// in the log; any other is cancelled, for what asked for it is not in the log.
Changes follow_log(const Snapshot& snapshot, const LogFacts& facts, int64_t now_ms);

}  // namespace thunderline::thunderchief::protocol
