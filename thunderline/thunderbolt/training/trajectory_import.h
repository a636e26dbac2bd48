#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/uuid.h"
#include "thunderline/thunderbolt/training/line_reader.h"
#include "thunderline/thunderbolt/training/trajectory_logger.h"

namespace thunderline::thunderbolt {

inline constexpr size_t kMaxImportLineBytes = size_t{1} << 20;

/// A line that was not taken.
struct RejectedLine {
  uint64_t line = 0;    ///< 1 is the first.
  uint64_t offset = 0;  ///< Of its first byte.
  std::string reason;
};

struct ImportOptions {
  /// Called with each step's id, in the order of the lines, once the step is durable; from one thread
  /// that is not the caller's. Steps that were known already are acknowledged like new ones.
  std::function<void(const Uuid& id)> on_durable;
  /// Called for each bad line, by the importing thread.
  std::function<void(const RejectedLine& line)> on_rejected;
};

/// Every line is in one of these.
struct ImportReport {
  uint64_t lines = 0;
  uint64_t imported = 0;
  uint64_t known = 0;  ///< The log held a step with this id.
  uint64_t rejected = 0;
  uint64_t blank = 0;
};

/// Logs the steps of a JSONL stream. A bad line is rejected with its reason and place, the others are
/// kept. A step without an id gets one from `ids`. All is durable when it returns.
/// Errors: of the stream and of the log's storage; what was acknowledged by then is safe.
Result<ImportReport> import_jsonl(TrajectoryLogger& log, UuidGenerator& ids, const Clock& clock,
                                  const ReadBytes& read, const ImportOptions& options = {});

}  // namespace thunderline::thunderbolt
