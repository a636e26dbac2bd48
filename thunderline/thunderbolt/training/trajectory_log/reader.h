#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/base/file_system.h"
#include "thunderline/thunderbolt/training/trajectory_log/record.h"
#include "thunderline/thunderbolt/training/trajectory_log/segment.h"

namespace thunderline::thunderbolt {

/// A place of a log that cannot be read, or where something is missing.
struct Damage {
  std::string segment;  ///< File name.
  uint64_t offset = 0;
  uint64_t size_bytes = 0;  ///< 0: nothing is broken there, records are missing.
  uint64_t lost_records = 0;  ///< As the sequence numbers tell; 0 when they do not.
  std::string what;

  bool operator==(const Damage&) const = default;
};

/// "00…1.tlog at byte 4096: damaged record (480 bytes, 1 record lost)".
std::string to_string(const Damage& damage);

/// A record where it lies. Lifetime: its bytes until the visitor returns.
struct FoundRecord {
  uint64_t offset = 0;
  RecordHeader header;
  std::span<const std::byte> bytes;  ///< With the header and the padding.

  std::span<const std::byte> payload() const {
    return bytes.subspan(kRecordHeaderBytes, header.payload_bytes);
  }
};

/// How far a segment could be read.
struct SegmentScan {
  SegmentHeader header;        ///< The base sequence is that of the file's name.
  uint64_t size_bytes = 0;     ///< Of the file.
  uint64_t good_bytes = 0;     ///< End of the last good record: what follows is a torn tail.
  uint64_t last_sequence = 0;  ///< Of the last good record or seal; base − 1 where there is none.
  bool header_lost = false;    ///< Both copies of the header are damaged.
  bool sealed = false;         ///< The last thing in it is the mark of a clean close.
  std::vector<Damage> damage;

  /// The number that the next segment must begin with.
  uint64_t next_sequence() const { return std::max(last_sequence, header.end_sequence) + 1; }
  uint64_t tail_bytes() const { return size_bytes - good_bytes; }
};

using RecordHandler = std::function<Status(const FoundRecord&)>;

/// Reads one segment from its begin to its end, checks every byte, and goes on behind a damaged
/// place at the next record whose CRC is right (records begin at multiples of 8). Bytes after which no
/// good record follows are the tail: the caller decides whether it was torn or is damage.
/// `fallback_salt` serves when both copies of the header are damaged; without one no record of such a
/// segment can be trusted, and all of it is damage.
/// Errors: of the file system, of `handler`, and kBadData for a version that is not known.
Result<SegmentScan> scan_segment(FileSystem& files, const std::string& folder,
                                 uint64_t base_sequence, std::optional<uint32_t> fallback_salt,
                                 const RecordHandler& handler);

/// All segments of a folder.
struct LogScan {
  std::vector<SegmentScan> segments;  ///< In order.
  std::optional<uint32_t> salt;       ///< Of the newest whole header.
  uint64_t next_sequence = 1;         ///< The smallest number that was surely never given out.
};

using LogRecordHandler = std::function<Status(size_t segment, const FoundRecord&)>;

/// Scans the segments in order; each record comes once, numbers rise. What is missing between two
/// segments, and an unreadable end of any but the last, counts as damage; the end of the last may be
/// a torn tail (`SegmentScan::tail_bytes`).
Result<LogScan> scan_log(FileSystem& files, const std::string& folder,
                         const LogRecordHandler& handler);

/// The base sequences of the segments in a folder, rising.
Result<std::vector<uint64_t>> list_segments(FileSystem& files, const std::string& folder);

}  // namespace thunderline::thunderbolt
