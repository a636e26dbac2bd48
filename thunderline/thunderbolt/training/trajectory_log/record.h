#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/thunderbolt/training/record_view.h"

namespace thunderline::thunderbolt {

/// Format: docs/formats/trajectory_log.md, "Records".
inline constexpr size_t kRecordHeaderBytes = 24;
inline constexpr size_t kRecordAlignment = 8;
inline constexpr uint32_t kMaxRecordBytes = uint32_t{4} << 20;
inline constexpr uint8_t kRecordVersion = 1;
/// The kind of the mark that a clean close leaves; its sequence number is that of the record before.
inline constexpr uint8_t kSealKind = 0x7f;

using ByteBuffer = std::vector<std::byte>;

/// What stands before every record's content. All numbers are little endian.
struct RecordHeader {
  uint32_t crc = 0;         ///< CRC-32C of everything after it, begun with the log's salt.
  uint32_t size_bytes = 0;  ///< Of the whole record, a multiple of 8.
  uint64_t sequence = 0;
  uint8_t kind = 0;
  uint8_t version = 0;
  uint16_t reserved = 0;
  uint32_t payload_bytes = 0;
};

/// Precondition: `bytes` has at least kRecordHeaderBytes.
RecordHeader read_record_header(const std::byte* bytes);

/// True when these sizes and this kind can stand in a header: a cheap test before the CRC is taken.
bool is_plausible(const RecordHeader& header);

/// True when the record's CRC is right. Precondition: `record` is the whole record.
bool crc_matches(std::span<const std::byte> record, uint32_t salt);

/// Bytes that the record takes in a file.
size_t encoded_size(const RecordView& view);

/// Appends the record to `out`.
void append_record(ByteBuffer& out, uint32_t salt, uint64_t sequence, const RecordView& view);
void append_seal(ByteBuffer& out, uint32_t salt, uint64_t sequence);

/// What the indexes need of a step, without a copy. Lifetime: that of the payload.
struct StepKey {
  Uuid id;
  bool rewarded = false;
  std::string_view source;
  std::string_view episode;
};

/// True when a payload's parts have the lengths that it claims.
bool is_well_formed(RecordKind kind, std::span<const std::byte> payload);

/// Errors: kBadData for a payload that is not well formed.
Result<StepKey> decode_step_key(std::span<const std::byte> payload);
Result<LogRecord> decode_record(RecordKind kind, std::span<const std::byte> payload);

}  // namespace thunderline::thunderbolt
