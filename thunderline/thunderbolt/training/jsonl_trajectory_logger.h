#pragma once

#include "thunderline/thunderbolt/training/jsonl_store.h"

namespace thunderline::thunderbolt {

/// A logger that keeps its records as lines of JSON in `FOLDER/trajectories.jsonl`, to be read with
/// other tools. Same promises as the log (group commit, torn tail, read-only after a failure), but
/// no checksums, no retention, about a tenth of the speed. Thread-safety: any thread.
class JsonlTrajectoryLogger final : public CommittedLogger {
 public:
  /// Opens the file, or makes it. Lifetime: `files` must outlive the logger.
  /// Errors: as JsonlStore::open.
  static Result<std::unique_ptr<JsonlTrajectoryLogger>> open(FileSystem& files,
                                                             const std::string& folder,
                                                             const CommitOptions& options = {});

 private:
  using CommittedLogger::CommittedLogger;
};

}  // namespace thunderline::thunderbolt
