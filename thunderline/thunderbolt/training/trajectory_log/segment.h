#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "thunderline/base/file_system.h"
#include "thunderline/thunderbolt/training/trajectory_log/record.h"

namespace thunderline::thunderbolt {

inline constexpr uint32_t kSegmentVersion = 1;
inline constexpr size_t kSegmentHeaderCopyBytes = 48;
/// A segment's header stands twice, so that one damaged place cannot cost the whole segment.
inline constexpr size_t kSegmentHeaderBytes = 2 * kSegmentHeaderCopyBytes;

/// What a segment says of itself. Format: docs/formats/trajectory_log.md, "Segments".
struct SegmentHeader {
  uint64_t base_sequence = 0;    ///< No record of the segment has a smaller number.
  uint64_t end_sequence = 0;     ///< 0, or (rewritten by `compact`): it stands for all up to here.
  int64_t created_unix_ms = 0;
  uint32_t salt = 0;  ///< The log's: where the records' CRCs begin.

  bool operator==(const SegmentHeader&) const = default;
};

/// "00000000000000000042.tlog" for base sequence 42, and back.
std::string segment_name(uint64_t base_sequence);
std::optional<uint64_t> parse_segment_name(std::string_view name);

/// The header's bytes, both copies.
std::array<std::byte, kSegmentHeaderBytes> encode_segment_header(const SegmentHeader& header);

/// A header as it was found.
struct FoundHeader {
  std::optional<SegmentHeader> header;  ///< Of the first copy that is whole.
  bool copy_damaged[2] = {false, false};
};

/// Errors: kBadData for a segment of a newer version.
Result<FoundHeader> decode_segment_header(std::span<const std::byte> bytes,
                                          const std::string& where);

/// Makes a segment that holds only its header: under a temporary name, synced, then renamed, so that
/// a segment of that name always has its header. Replaces a segment of the same name.
Status create_segment(FileSystem& files, const std::string& folder, const SegmentHeader& header,
                      std::span<const std::byte> records = {});

}  // namespace thunderline::thunderbolt
