#include "thunderline/thunderchief/orchestrator/protocol/records.h"

namespace thunderline::thunderchief::protocol {

bool is_end(Phase phase) { return phase >= Phase::kDone; }

const char* phase_name(Phase phase) {
  switch (phase) {
    case Phase::kTraining:
      return "training";
    case Phase::kEvaluating:
      return "evaluating";
    case Phase::kExporting:
      return "exporting";
    case Phase::kSwitching:
      return "switching";
    case Phase::kDone:
      return "done";
    case Phase::kRefused:
      return "refused";
    case Phase::kFailed:
      return "failed";
    case Phase::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

void apply(const Changes& changes, Snapshot& snapshot) {
  for (const RequestRecord& row : changes.requests) snapshot.requests[row.id] = row;
  for (const ModelRecord& row : changes.models) snapshot.models[row.model] = row;
  for (const AskRecord& row : changes.asks) snapshot.asks[row.id] = row;
  for (const LiveRecord& row : changes.live) snapshot.live[row.model] = row;
}

}  // namespace thunderline::thunderchief::protocol
