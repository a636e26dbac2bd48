#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/thunderbolt/training/trajectory_logger.h"

namespace thunderline::thunderbolt {

/// One decision step whose outcome is known: closed as seen or as unseen.
struct ClosedStep {
  std::vector<float> state;
  int action = 0;
  bool forced = false;       ///< Expired undecided; has no propensity.
  double propensity = 1.0;   ///< Of the action taken. Range: (0, 1]; 1 where forced.
  double p_intervene = 0.0;  ///< Logged P(action 1).
  double review_rate = 1.0;  ///< Logged P(reward seen | action 1).
  bool seen = false;
  double reward = 0.0;  ///< Valid where seen.
  int64_t decided_tick = 0;
  int64_t closed_tick = 0;
};

/// Which steps of the log make a dataset.
struct DatasetOptions {
  std::string source;   ///< Steps of this source only.
  int64_t state_width;  ///< Steps of another width are kBadData.
  int64_t until_tick;   ///< Outcomes that arrived later are left out.
  /// The newest closed steps, held out to judge challengers: no trained row is among them.
  size_t hold_out = 400;
};

/// What a training works with, ordered by tick of closing, then of decision.
struct Dataset {
  std::vector<ClosedStep> hold_out;  ///< Seen and unseen; forced ones are left out.
  std::vector<ClosedStep> training;  ///< Seen steps closed before every one in the hold-out.
  size_t steps_read = 0;             ///< Closed steps found in all.
};

/// Reads the log once and builds the dataset. Errors: the log's own; kBadData for a step whose
/// metadata or width is not as promised.
Result<Dataset> build_dataset(TrajectoryLogger& log, const DatasetOptions& options);

}  // namespace thunderline::thunderbolt
