#include "thunderline/thunderbolt/training/trajectory_log/reader.h"

#include <algorithm>
#include <cstring>

namespace thunderline::thunderbolt {
namespace {

constexpr uint64_t kWindowBytes = uint64_t{1} << 20;

/// A file seen through a window that moves forward.
class Window {
 public:
  explicit Window(std::unique_ptr<ReadableFile> file, uint64_t file_bytes)
      : file_(std::move(file)), file_bytes_(file_bytes) {}

  uint64_t file_bytes() const { return file_bytes_; }

  /// The `size` bytes at `offset`; empty when the file ends before. Lifetime: the next call.
  Result<std::span<const std::byte>> bytes(uint64_t offset, uint64_t size) {
    if (offset + size > file_bytes_) return std::span<const std::byte>();
    if (offset < begin_ || offset + size > begin_ + window_.size()) {
      window_.resize(std::min(std::max(size, kWindowBytes), file_bytes_ - offset));
      begin_ = offset;
      TL_ASSIGN_OR_RETURN(const size_t count, file_->read(offset, window_));
      window_.resize(count);
      if (count < size) {  // Another process cut the file meanwhile.
        file_bytes_ = offset + count;
        return std::span<const std::byte>();
      }
    }
    return std::span<const std::byte>(window_).subspan(offset - begin_, size);
  }

 private:
  std::unique_ptr<ReadableFile> file_;
  uint64_t file_bytes_;
  uint64_t begin_ = 0;
  ByteBuffer window_;
};

class Scanner {
 public:
  Scanner(Window window, std::string name, SegmentScan& scan, uint32_t salt)
      : window_(std::move(window)), name_(std::move(name)), scan_(scan), salt_(salt) {}

  Status run(const RecordHandler& handler) {
    uint64_t offset = kSegmentHeaderBytes;
    while (offset < window_.file_bytes()) {
      TL_ASSIGN_OR_RETURN(std::optional<FoundRecord> record, record_at(offset));
      if (!record) {
        TL_ASSIGN_OR_RETURN(record, next_record(offset + kRecordAlignment));
        if (!record) break;
        report_hole(offset, *record);
      } else if (record->header.sequence != expected(*record) && scan_.header.end_sequence == 0) {
        report_hole(offset, *record);
      }
      TL_RETURN_IF_ERROR(accept(*record, handler));
      offset = record->offset + record->header.size_bytes;
      scan_.good_bytes = offset;
    }
    scan_.size_bytes = window_.file_bytes();
    return {};
  }

 private:
  static bool is_seal(const FoundRecord& record) { return record.header.kind == kSealKind; }

  uint64_t expected(const FoundRecord& record) const {
    return scan_.last_sequence + (is_seal(record) ? 0 : 1);
  }

  /// The record at `offset`, if a whole and good one that belongs there begins there.
  Result<std::optional<FoundRecord>> record_at(uint64_t offset) {
    TL_ASSIGN_OR_RETURN(auto bytes, window_.bytes(offset, kRecordHeaderBytes));
    if (bytes.empty()) return std::nullopt;
    FoundRecord record{offset, read_record_header(bytes.data()), {}};
    if (!is_plausible(record.header) || record.header.sequence < expected(record)) {
      return std::nullopt;
    }
    TL_ASSIGN_OR_RETURN(bytes, window_.bytes(offset, record.header.size_bytes));
    if (bytes.empty() || !crc_matches(bytes, salt_)) return std::nullopt;
    record.bytes = bytes;
    const auto kind = static_cast<RecordKind>(record.header.kind);
    if (!is_seal(record) && !is_well_formed(kind, record.payload())) return std::nullopt;
    return record;
  }

  Result<std::optional<FoundRecord>> next_record(uint64_t offset) {
    for (; offset < window_.file_bytes(); offset += kRecordAlignment) {
      TL_ASSIGN_OR_RETURN(std::optional<FoundRecord> record, record_at(offset));
      if (record) return record;
    }
    return std::nullopt;
  }

  void report_hole(uint64_t begin, const FoundRecord& next) {
    scan_.damage.push_back({name_, begin, next.offset - begin,
                            next.header.sequence - expected(next),
                            next.offset == begin ? "records are missing" : "damaged record"});
  }

  Status accept(const FoundRecord& record, const RecordHandler& handler) {
    scan_.last_sequence = record.header.sequence;
    scan_.sealed = is_seal(record);
    if (is_seal(record)) return {};
    return handler(record);
  }

  Window window_;
  std::string name_;
  SegmentScan& scan_;
  uint32_t salt_;
};

void report_header(const FoundHeader& found, uint64_t base_sequence, SegmentScan& scan) {
  const std::string name = segment_name(base_sequence);
  if (scan.header.base_sequence != base_sequence) {
    scan.damage.push_back({name, 0, 0, 0, "the header belongs to another file name"});
  }
  for (size_t copy = 0; copy < 2; ++copy) {
    if (!found.copy_damaged[copy]) continue;
    scan.damage.push_back({name, copy * kSegmentHeaderCopyBytes, kSegmentHeaderCopyBytes, 0,
                           "damaged copy of the header"});
  }
}

}  // namespace

std::string to_string(const Damage& damage) {
  std::string text = damage.segment + " at byte " + std::to_string(damage.offset) + ": " +
                     damage.what + " (" + std::to_string(damage.size_bytes) + " bytes";
  if (damage.lost_records > 0) {
    text += ", " + std::to_string(damage.lost_records) + " records lost";
  }
  return text + ")";
}

Result<SegmentScan> scan_segment(FileSystem& files, const std::string& folder,
                                 uint64_t base_sequence, std::optional<uint32_t> fallback_salt,
                                 const RecordHandler& handler) {
  const std::string name = segment_name(base_sequence);
  const std::string path = join_path(folder, name);
  TL_ASSIGN_OR_RETURN(auto file, files.open_read(path));
  TL_ASSIGN_OR_RETURN(const uint64_t size, file->size());
  std::array<std::byte, kSegmentHeaderBytes> head{};
  TL_ASSIGN_OR_RETURN(const size_t head_bytes, file->read(0, head));
  TL_ASSIGN_OR_RETURN(const FoundHeader found,
                      decode_segment_header(std::span(head).first(head_bytes), path));
  SegmentScan scan;
  scan.header = found.header.value_or(SegmentHeader{base_sequence, 0, 0, fallback_salt.value_or(0)});
  scan.size_bytes = size;
  scan.good_bytes = std::min<uint64_t>(size, kSegmentHeaderBytes);
  scan.last_sequence = base_sequence - 1;
  scan.header_lost = !found.header.has_value();
  report_header(found, base_sequence, scan);
  scan.header.base_sequence = base_sequence;
  if (!found.header && !fallback_salt) {
    scan.good_bytes = size;
    scan.damage.push_back({name, 0, size, 0, "no record can be checked without the header"});
    return scan;
  }
  Scanner scanner(Window(std::move(file), size), name, scan, scan.header.salt);
  TL_RETURN_IF_ERROR(scanner.run(handler));
  return scan;
}

namespace {

/// The salt of the newest segment whose header is whole.
Result<std::optional<uint32_t>> find_salt(FileSystem& files, const std::string& folder,
                                          const std::vector<uint64_t>& bases) {
  for (auto base = bases.rbegin(); base != bases.rend(); ++base) {
    const std::string path = join_path(folder, segment_name(*base));
    TL_ASSIGN_OR_RETURN(const auto file, files.open_read(path));
    std::array<std::byte, kSegmentHeaderBytes> head{};
    TL_ASSIGN_OR_RETURN(const size_t count, file->read(0, head));
    TL_ASSIGN_OR_RETURN(const FoundHeader found,
                        decode_segment_header(std::span(head).first(count), path));
    if (found.header) return found.header->salt;
  }
  return std::nullopt;
}

/// Numbers that records which cannot be read may have; they must not be given out again.
uint64_t unread_numbers(const SegmentScan& scan) {
  return scan.header_lost ? scan.size_bytes / kRecordHeaderBytes : 0;
}

/// Reports when `before` does not end where the segment `base_sequence` begins.
void report_gap(SegmentScan& before, uint64_t base_sequence) {
  const uint64_t expected = before.next_sequence();
  if (before.header_lost || base_sequence == expected) return;
  const bool overlap = base_sequence < expected;
  before.damage.push_back({segment_name(before.header.base_sequence), before.size_bytes, 0,
                           overlap ? 0 : base_sequence - expected,
                           overlap ? "sequence numbers overlap with the next segment"
                                   : "records are missing before the next segment"});
}

}  // namespace

Result<LogScan> scan_log(FileSystem& files, const std::string& folder,
                         const LogRecordHandler& handler) {
  TL_ASSIGN_OR_RETURN(const std::vector<uint64_t> bases, list_segments(files, folder));
  LogScan log;
  TL_ASSIGN_OR_RETURN(log.salt, find_salt(files, folder, bases));
  uint64_t newest = 0;
  for (size_t i = 0; i < bases.size(); ++i) {
    const auto in_order = [&](const FoundRecord& record) -> Status {
      if (record.header.sequence <= newest) return {};  // An overlap, reported below.
      newest = record.header.sequence;
      return handler(i, record);
    };
    TL_ASSIGN_OR_RETURN(SegmentScan scan,
                        scan_segment(files, folder, bases[i], log.salt, in_order));
    if (i > 0) report_gap(log.segments.back(), bases[i]);
    const bool is_last = i + 1 == bases.size();
    if (scan.tail_bytes() > 0 && (!is_last || scan.header_lost)) {
      scan.damage.push_back({segment_name(bases[i]), scan.good_bytes, scan.tail_bytes(), 0,
                             "unreadable end"});
    }
    log.next_sequence =
        std::max(log.next_sequence, scan.next_sequence() + unread_numbers(scan));
    log.segments.push_back(std::move(scan));
  }
  return log;
}

Result<std::vector<uint64_t>> list_segments(FileSystem& files, const std::string& folder) {
  TL_ASSIGN_OR_RETURN(const auto entries, files.list(folder));
  std::vector<uint64_t> bases;
  for (const DirEntry& entry : entries) {
    const auto base = parse_segment_name(entry.name);
    if (base && entry.kind == DirEntry::Kind::kFile) bases.push_back(*base);
  }
  return bases;
}

}  // namespace thunderline::thunderbolt
