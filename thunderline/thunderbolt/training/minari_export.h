#pragma once

#include <cstdint>
#include <string>

#include "thunderline/base/file_system.h"
#include "thunderline/thunderbolt/training/trajectory_logger.h"

namespace thunderline::thunderbolt {

struct MinariOptions {
  std::string dataset_id = "thunderline/trajectories-v0";  ///< namespace/name-vN
};

/// What went into the dataset. Every chosen step is in `steps` or in `unseen_steps`.
struct MinariReport {
  uint64_t episodes = 0;
  uint64_t steps = 0;
  uint64_t unseen_steps = 0;  ///< Without a known reward: left out, for Minari has no such thing.
};

/// Writes the chosen steps as a Minari dataset: `folder/data/main_data.hdf5` and
/// `folder/data/metadata.json`, which d3rlpy and Gymnasium users read.
///
/// A Minari episode has T + 1 observations for T steps, so a step's next_state must be the next step's
/// state. Where it is not, or where a step between is left out, our episode becomes several, each but
/// the last marked as truncated. A missing next_state is zeros. Episodes come in the order in which
/// they began.
/// Errors: kBadData when the states' widths differ or nothing is left to write.
/// Thread-safety: libhdf5 is not thread-safe in Debian: nothing else in the process may use it
/// meanwhile. Source: Minari 0.5.3, minari/data_collector and minari/dataset.
Result<MinariReport> export_minari(TrajectoryLogger& log, const ReplayOptions& options,
                                   FileSystem& files, const std::string& folder,
                                   const MinariOptions& minari = {});

}  // namespace thunderline::thunderbolt
