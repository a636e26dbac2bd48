#include "thunderline/thunderbolt/training/trajectory_log/segment.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "thunderline/base/crc32c.h"

namespace thunderline::thunderbolt {
namespace {

constexpr std::string_view kExtension = ".tlog";
constexpr size_t kNameDigits = 20;
constexpr std::array<char, 4> kMagic = {'T', 'L', 'S', 'G'};

/// One copy of the header as it lies in the file.
struct PackedHeader {
  std::array<char, 4> magic;
  uint32_t version;
  uint64_t base_sequence;
  uint64_t end_sequence;
  int64_t created_unix_ms;
  uint32_t salt;
  uint32_t reserved;
  uint32_t reserved_too;
  uint32_t crc;
};
static_assert(sizeof(PackedHeader) == kSegmentHeaderCopyBytes);

uint32_t crc_of(const PackedHeader& packed) {
  return crc32c(std::as_bytes(std::span(&packed, 1)).first(offsetof(PackedHeader, crc)));
}

bool is_whole(const PackedHeader& packed) {
  return packed.magic == kMagic && packed.crc == crc_of(packed);
}

}  // namespace

std::string segment_name(uint64_t base_sequence) {
  const std::string digits = std::to_string(base_sequence);
  return std::string(kNameDigits - digits.size(), '0').append(digits).append(kExtension);
}

std::optional<uint64_t> parse_segment_name(std::string_view name) {
  if (name.size() != kNameDigits + kExtension.size() || !name.ends_with(kExtension)) return {};
  uint64_t base = 0;
  const char* const end = name.data() + kNameDigits;
  const auto [at, error] = std::from_chars(name.data(), end, base);
  if (error != std::errc{} || at != end) return {};
  return base;
}

std::array<std::byte, kSegmentHeaderBytes> encode_segment_header(const SegmentHeader& header) {
  PackedHeader packed{kMagic, kSegmentVersion, header.base_sequence, header.end_sequence,
                      header.created_unix_ms, header.salt, 0, 0, 0};
  packed.crc = crc_of(packed);
  std::array<std::byte, kSegmentHeaderBytes> bytes;
  std::memcpy(bytes.data(), &packed, sizeof packed);
  std::memcpy(bytes.data() + sizeof packed, &packed, sizeof packed);
  return bytes;
}

Result<FoundHeader> decode_segment_header(std::span<const std::byte> bytes,
                                          const std::string& where) {
  FoundHeader found;
  for (size_t copy = 0; copy < 2; ++copy) {
    PackedHeader packed{};
    const auto begin = std::min(copy * sizeof packed, bytes.size());
    const auto part = bytes.subspan(begin, std::min(sizeof packed, bytes.size() - begin));
    if (!part.empty()) std::memcpy(&packed, part.data(), part.size());
    if (part.size() < sizeof packed || !is_whole(packed)) {
      found.copy_damaged[copy] = true;
      continue;
    }
    if (packed.version != kSegmentVersion) {
      return fail(ErrorCode::kBadData,
                  "a trajectory log of version " + std::to_string(packed.version) +
                      " cannot be read", where,
                  "this program knows version " + std::to_string(kSegmentVersion));
    }
    if (!found.header) {
      found.header = SegmentHeader{packed.base_sequence, packed.end_sequence,
                                   packed.created_unix_ms, packed.salt};
    }
  }
  return found;
}

Status create_segment(FileSystem& files, const std::string& folder, const SegmentHeader& header,
                      std::span<const std::byte> records) {
  const std::string path = join_path(folder, segment_name(header.base_sequence));
  const std::string temporary = path + ".tmp";
  {
    TL_ASSIGN_OR_RETURN(const auto file, files.create(temporary));
    TL_RETURN_IF_ERROR(file->append(encode_segment_header(header)));
    if (!records.empty()) TL_RETURN_IF_ERROR(file->append(records));
    TL_RETURN_IF_ERROR(file->sync());
    TL_RETURN_IF_ERROR(file->close());
  }
  TL_RETURN_IF_ERROR(files.rename(temporary, path));
  return files.sync_folder(folder);
}

}  // namespace thunderline::thunderbolt
