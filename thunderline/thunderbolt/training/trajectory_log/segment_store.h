#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/file_system.h"
#include "thunderline/thunderbolt/training/committed_logger.h"
#include "thunderline/thunderbolt/training/record_store.h"
#include "thunderline/thunderbolt/training/trajectory_log/reader.h"

namespace thunderline::thunderbolt {

/// Where the segments are, and how many of them.
struct SegmentStoreOptions {
  std::string folder;
  uint64_t segment_bytes = uint64_t{64} << 20;  ///< A segment that is larger is followed by a new one.
  uint64_t max_bytes = 0;  ///< The oldest segments go when all are larger. 0: no limit.
  std::chrono::milliseconds max_age{0};  ///< Segments go when their newest record is older. 0: never.
  bool read_only = false;  ///< Takes no lock, repairs nothing.
  uint64_t seed = 0;       ///< Of a new log's salt. 0: from the system.
};

/// What `compact` did.
struct CompactReport {
  uint64_t removed_segments = 0;    ///< By retention.
  uint64_t rewritten_segments = 0;  ///< Without their damaged places.
  uint64_t freed_bytes = 0;
};

/// The store of a trajectory log: segments in a folder. Format: docs/formats/trajectory_log.md.
class SegmentStore final : public RecordStore {
 public:
  /// Opens the folder, repairs a torn tail, fills `recovered`.
  /// Errors: kRefused when another process has it open, kUnavailable when it cannot be read or
  /// written, kBadData for a newer version of the format. Damage is no error: it is reported.
  static Result<std::unique_ptr<SegmentStore>> open(FileSystem& files, const Clock& clock,
                                                    const SegmentStoreOptions& options,
                                                    RecoveredRecords& recovered);

  size_t encoded_size(const RecordView& view) const override;
  void encode(std::vector<std::byte>& out, uint64_t sequence,
              const RecordView& view) const override;
  Status commit(std::span<const std::byte> batch, const BatchFacts& facts, bool sync) override;
  void cut() override;
  Status clear(uint64_t next_sequence) override;
  Status close() override;
  uint64_t first_sequence() const override;
  Status replay(const ReplayOptions& options, uint64_t last_sequence,
                const ReplayVisitor& visitor) override;
  void describe(LogStats& stats) const override;

  /// Applies retention, then rewrites segments that have damaged places or lack records, so that what
  /// is left verifies. Not beside `commit`.
  Result<CompactReport> compact(uint64_t next_sequence);

  /// Damage found when the log was opened and not compacted since.
  std::vector<Damage> damage() const;

 private:
  /// A segment and what the index knows of it.
  struct Segment {
    SegmentHeader header;
    uint64_t last_sequence = 0;
    uint64_t size_bytes = 0;
    RecordCounts counts;
    SourceCounts sources;
    std::vector<Damage> damage;
  };

  SegmentStore(FileSystem& files, const Clock& clock, const SegmentStoreOptions& options)
      : files_(files), clock_(clock), options_(options) {}

  Status recover(RecoveredRecords& recovered);
  Status remove_leftovers();
  Status open_for_writing(const LogScan& scan, RecoveredRecords& recovered);
  Status start_segment(uint64_t base_sequence);
  Status roll(uint64_t next_sequence);
  uint64_t apply_retention();
  Status rewrite(size_t index, CompactReport& report);
  bool may_hold(const Segment& segment, const ReplayOptions& options) const;
  std::string path_of(const Segment& segment) const;

  FileSystem& files_;
  const Clock& clock_;
  const SegmentStoreOptions options_;
  uint32_t salt_ = 0;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<WritableFile> file_;  // the newest segment's
  uint64_t acknowledged_bytes_ = 0;     // of the newest segment

  mutable std::mutex mutex_;       // guards the list; only the committing thread changes it
  std::vector<Segment> segments_;  // rising; the newest is written to
  uint64_t first_sequence_ = 1;
};

}  // namespace thunderline::thunderbolt
