#pragma once

#include <map>
#include <string>
#include <vector>

#include "thunderline/thunderchief/orchestrator/protocol/machine.h"

namespace thunderline::thunderchief::protocol {

/// One stage's worker: the trainer, the evaluation agent, and the export agent but for its switch.
/// A model has one slot, so no two jobs of a model ever run at once; jobs of several models share the
/// cores, oldest order first. A stopped job keeps its cores and its model until its end is reported.
/// Nothing is stored: after a crash the orchestrator says its work again.
struct WorkerMachine {
  enum class Slot { kWaiting, kRunning, kFinished, kClosed };
  struct Entry {
    Slot slot = Slot::kWaiting;
    Job job;
    Signal result;  ///< Of kFinished: said again when it is asked for again.
  };

  Role role = Role::kTrainer;
  int cores = 1;                         ///< Budget. Range: at least 1.
  std::map<std::string, Entry> entries;  ///< By model; the newest order that was seen.
  std::vector<Job> stopping;             ///< Told to stop, not ended yet.

  /// Threads in use, of running and stopping jobs. At most `cores`.
  int cores_in_use() const;
};

/// Pure. Answers kWork with kWorking and in the end kResult; drops work of an order or attempt that is
/// older than what it has seen; ends work at once at a kCancel.
Step<WorkerMachine> step(WorkerMachine state, const Input& input);

}  // namespace thunderline::thunderchief::protocol
