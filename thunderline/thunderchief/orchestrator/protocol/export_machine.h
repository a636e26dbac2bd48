#pragma once

#include <map>
#include <set>
#include <string>

#include "thunderline/thunderchief/orchestrator/protocol/worker_machine.h"

namespace thunderline::thunderchief::protocol {

/// The export agent: exports as a worker does, and alone decides what is live. The live version is
/// stored before it is swapped in, so that a restart swaps in the same one.
struct ExportMachine {
  WorkerMachine worker{Role::kExport, 1, {}, {}};
  std::map<std::string, LiveRecord> live;
  std::set<std::string> activated;  ///< In this life.

  static ExportMachine from(const Snapshot& snapshot);
};

/// Pure. Carries out a kSwitch whose epoch is above the model's; says kSwitched again for an epoch
/// that it has carried out last; drops older ones.
Step<ExportMachine> step(ExportMachine state, const Input& input);

}  // namespace thunderline::thunderchief::protocol
