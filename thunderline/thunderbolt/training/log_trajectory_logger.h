#pragma once

#include "thunderline/thunderbolt/training/trajectory_log/segment_store.h"

namespace thunderline::thunderbolt {

/// How a trajectory log is kept.
struct LogTrajectoryOptions {
  std::string folder;
  Durability durability = Durability::kBatch;
  std::chrono::milliseconds batch_interval{50};  ///< See CommitOptions.
  size_t batch_bytes = size_t{1} << 20;          ///< See CommitOptions.
  uint64_t segment_bytes = uint64_t{64} << 20;   ///< See SegmentStoreOptions, as all below.
  uint64_t max_bytes = 0;
  std::chrono::milliseconds max_age{0};
  bool read_only = false;
  uint64_t seed = 0;
};

/// The default logger: durable, append-only segments in a folder, CRC-32C per record, group commit.
/// An acknowledged record survives `kill -9` and, unless the durability is kNone, a power cut.
/// Retention removes whole segments, the oldest first, when a new one begins; steps in them are
/// forgotten: their ids count as new, their outcomes as unknown.
/// Format: docs/formats/trajectory_log.md. Thread-safety: any thread.
class LogTrajectoryLogger final : public CommittedLogger {
 public:
  /// Opens the log, or makes it. Damage inside is no error (`damage`), a torn tail is cut off.
  /// Lifetime: `files` and `clock` must outlive the logger.
  /// Errors: as SegmentStore::open.
  static Result<std::unique_ptr<LogTrajectoryLogger>> open(FileSystem& files, const Clock& clock,
                                                           const LogTrajectoryOptions& options);

  /// Applies retention and rewrites damaged segments without their damage.
  Result<CompactReport> compact();

  /// What was found damaged when the log was opened.
  std::vector<Damage> damage() const { return segments_.damage(); }

 private:
  LogTrajectoryLogger(std::unique_ptr<SegmentStore> segments, const LogTrajectoryOptions& options,
                      RecoveredRecords recovered);

  SegmentStore& segments_;
};

/// What a check of every record found.
struct VerifyReport {
  RecordCounts records;
  uint64_t segments = 0;
  uint64_t size_bytes = 0;
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  uint64_t torn_tail_bytes = 0;  ///< Unacknowledged rest of a crash; the next open drops it.
  bool sealed = false;           ///< The last writer closed it cleanly.
  std::vector<Damage> damage;

  bool is_sound() const { return damage.empty(); }
};

/// Reads a whole log and checks every record; changes nothing, needs no lock.
Result<VerifyReport> verify_trajectory_log(FileSystem& files, const std::string& folder);

}  // namespace thunderline::thunderbolt
