#include "thunderline/cerebros/onnx/runtime/protobuf_reader.h"

namespace thunderline::cerebros::onnx {
namespace {

/// Takes a varint from the front of `bytes`; false when there is none.
bool take_varint(std::span<const std::byte>& bytes, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (bytes.empty()) return false;
    const auto byte = static_cast<uint64_t>(bytes.front());
    bytes = bytes.subspan(1);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool take_fixed(std::span<const std::byte>& bytes, size_t size, uint64_t& value) {
  if (bytes.size() < size) return false;
  value = 0;
  for (size_t i = 0; i < size; ++i) value |= static_cast<uint64_t>(bytes[i]) << (8 * i);
  bytes = bytes.subspan(size);
  return true;
}

bool take_field(std::span<const std::byte>& bytes, ProtoField& field) {
  uint64_t tag = 0;
  if (!take_varint(bytes, tag) || tag >> 3 == 0 || tag >> 3 > (1u << 29) - 1) return false;
  field.number = static_cast<uint32_t>(tag >> 3);
  switch (tag & 7) {
    case 0: return take_varint(bytes, field.varint);
    case 1: return take_fixed(bytes, 8, field.varint);
    case 5: return take_fixed(bytes, 4, field.varint);
    case 2: {
      uint64_t size = 0;
      if (!take_varint(bytes, size) || size > bytes.size()) return false;
      field.length_delimited = true;
      field.bytes = bytes.first(size);
      bytes = bytes.subspan(size);
      return true;
    }
    default: return false;
  }
}

}  // namespace

bool ProtoField::append_integers(std::vector<int64_t>& out) const {
  if (!length_delimited) {
    out.push_back(integer());
    return true;
  }
  for (std::span<const std::byte> rest = bytes; !rest.empty();) {
    uint64_t value = 0;
    if (!take_varint(rest, value)) return false;
    out.push_back(static_cast<int64_t>(value));
  }
  return true;
}

bool read_proto_fields(std::span<const std::byte> message, std::vector<ProtoField>& out) {
  while (!message.empty()) {
    ProtoField field;
    if (out.size() == kMaxProtoFields || !take_field(message, field)) return false;
    out.push_back(field);
  }
  return true;
}

}  // namespace thunderline::cerebros::onnx
