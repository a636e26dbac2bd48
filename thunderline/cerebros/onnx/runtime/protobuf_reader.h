#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace thunderline::cerebros::onnx {

/// One field of a protobuf message, not yet interpreted. Lifetime: that of the message's bytes.
/// Source: protobuf.dev, "Encoding".
struct ProtoField {
  uint32_t number = 0;
  uint64_t varint = 0;               ///< Wire types 0, 1 and 5.
  std::span<const std::byte> bytes;  ///< Wire type 2: a string, a message, packed numbers.
  bool length_delimited = false;

  int64_t integer() const { return static_cast<int64_t>(varint); }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  /// Appends a repeated integer field, packed or not. False when it is garbled.
  bool append_integers(std::vector<int64_t>& out) const;
};

/// Most fields that one message may have; bounds the memory that a small file can ask for.
inline constexpr size_t kMaxProtoFields = size_t{1} << 20;

/// Splits a message into its fields, in their order. False when the bytes are no message: cut off,
/// a length past the end, a field number of 0, a group (obsolete, not used by ONNX), or when it has
/// more than kMaxProtoFields fields.
bool read_proto_fields(std::span<const std::byte> message, std::vector<ProtoField>& out);

}  // namespace thunderline::cerebros::onnx
