#pragma once

#include <string>

#include "thunderline/base/result.h"
#include "thunderline/thunderbolt/training/trajectory_logger.h"

namespace thunderline::thunderprism {

/// One page of the log's steps.
struct TrajectoryQuery {
  uint64_t after = 0;   ///< Sequence number of the last record of the page before.
  size_t limit = 100;   ///< Range: 1 to 500.
  bool newest = false;  ///< The last page instead; `after` counts for nothing.
  std::string episode;  ///< Only this one's; empty: all.
};

/// `{"items":[{"sequence","id","episode","action","reward","propensity","tick","model_version",
/// "score","forced"}],"next":…}`; `reward` is null while it is open, `seen` says whether it ever
/// came. `next` is the cursor of the page behind, null at the end. Errors: those of the log.
Result<std::string> trajectory_page(thunderbolt::TrajectoryLogger& log,
                                    const TrajectoryQuery& query);

/// `LogStats` as JSON.
Result<std::string> trajectory_stats(thunderbolt::TrajectoryLogger& log);

}  // namespace thunderline::thunderprism
