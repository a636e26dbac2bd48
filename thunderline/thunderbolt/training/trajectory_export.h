#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "thunderline/base/file_system.h"
#include "thunderline/base/npz.h"
#include "thunderline/thunderbolt/training/trajectory_logger.h"

namespace thunderline::thunderbolt {

/// Gets the bytes of an export, piece by piece. An error ends the export.
using WriteText = std::function<Status(std::string_view text)>;

/// Writes the steps that `options` choose as lines of JSON, in the order of the log; returns how many.
/// A reward that came later is joined from its outcome; one that is unknown, or that nobody will ever
/// see, is `"reward": null`. Memory: about 48 bytes an outcome.
Result<uint64_t> export_jsonl(TrajectoryLogger& log, const ReplayOptions& options,
                              const WriteText& write);

/// As above, into a file that appears whole or not at all.
Result<uint64_t> export_jsonl_file(TrajectoryLogger& log, const ReplayOptions& options,
                                   FileSystem& files, const std::string& path);

/// The chosen steps as arrays. Shapes: state and next_state [n, width] float32; action [n] int64;
/// reward, propensity [n] float64; terminated, truncated, seen [n] bool. Where no reward is known
/// (`seen` false) it is 0; a forced step's propensity is NaN; a missing next_state is zeros.
/// Errors: kBadData that names the step whose width differs from the first one's.
Result<NpzArrays> export_arrays(TrajectoryLogger& log, const ReplayOptions& options);

}  // namespace thunderline::thunderbolt
