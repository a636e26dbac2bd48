#include "thunderline/thunderbolt/training/jsonl_trajectory_logger.h"

namespace thunderline::thunderbolt {

Result<std::unique_ptr<JsonlTrajectoryLogger>> JsonlTrajectoryLogger::open(
    FileSystem& files, const std::string& folder, const CommitOptions& options) {
  RecoveredRecords recovered;
  TL_ASSIGN_OR_RETURN(auto store, JsonlStore::open(files, folder, recovered));
  return std::unique_ptr<JsonlTrajectoryLogger>(
      new JsonlTrajectoryLogger(std::move(store), options, std::move(recovered)));
}

}  // namespace thunderline::thunderbolt
