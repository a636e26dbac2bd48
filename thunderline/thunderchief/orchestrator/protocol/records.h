#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "thunderline/thunderchief/orchestrator/protocol/signal.h"

namespace thunderline::thunderchief::protocol {

/// A request as the store has it, from its acceptance on.
struct RequestRecord {
  uint64_t id = 0;
  RequestKind kind = RequestKind::kTrain;
  std::string model;
  Phase phase = Phase::kTraining;
  int version = 0;  ///< The challenger's; of a rollback the one that becomes live.
  int attempt = 1;  ///< Of the present phase. Range: at least 1.
  uint64_t order = 0;
  uint64_t epoch = 0;  ///< Of its switch; 0: none was ordered.
  int64_t accepted_ms = 0;
  int64_t deadline_ms = 0;
  int64_t ended_ms = 0;  ///< 0 while it runs.
  int cores = 1;
  bool passed = false;  ///< The gate let the challenger through.
  std::string reason;   ///< Why it ended as it did.

  bool operator==(const RequestRecord&) const = default;
};

/// What is known of a model. `wanted_*` is what export was told last, `live` what it confirmed.
struct ModelRecord {
  std::string model;
  int next_version = 1;
  int live = 0;              ///< 0: none was ever deployed.
  std::vector<int> earlier;  ///< Live before and passed, oldest first: where a rollback goes.
  int wanted = 0;
  uint64_t wanted_epoch = 0;
  uint64_t confirmed_epoch = 0;

  bool operator==(const ModelRecord&) const = default;
};

/// What the planner asked for and has not seen end.
struct AskRecord {
  uint64_t id = 0;
  RequestKind kind = RequestKind::kTrain;
  std::string model;
  /// Of a training the number that it wants, above all that were live; 0: the next one. Of a rollback
  /// where to: 0: the version before the live one; kNoVersion: none.
  int version = 0;
  int64_t deadline_ms = 0;
  int cores = 1;
  bool accepted = false;
  bool cancel = false;  ///< Its end is wanted.
  Phase end = Phase::kTraining;  ///< Not an end: still waiting.
  std::string reason;

  bool operator==(const AskRecord&) const = default;
};

/// The version that the export agent made live, and the epoch of the order.
struct LiveRecord {
  std::string model;
  int version = 0;
  uint64_t epoch = 0;

  bool operator==(const LiveRecord&) const = default;
};

/// Everything that outlives a crash.
struct Snapshot {
  std::map<uint64_t, RequestRecord> requests;
  std::map<std::string, ModelRecord> models;
  std::map<uint64_t, AskRecord> asks;
  std::map<std::string, LiveRecord> live;

  bool operator==(const Snapshot&) const = default;
};

/// Rows that one step of a machine writes, all or none. Each replaces the row of its key.
struct Changes {
  std::vector<RequestRecord> requests;
  std::vector<ModelRecord> models;
  std::vector<AskRecord> asks;
  std::vector<LiveRecord> live;

  bool empty() const {
    return requests.empty() && models.empty() && asks.empty() && live.empty();
  }
};

/// Writes `changes` over `snapshot`.
void apply(const Changes& changes, Snapshot& snapshot);

}  // namespace thunderline::thunderchief::protocol
