#include "thunderline/base/uuid.h"

#include <cstring>

namespace thunderline {
namespace {

constexpr char kHex[] = "0123456789abcdef";

bool is_dash_position(size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string Uuid::to_string() const {
  std::string text;
  text.reserve(36);
  for (const uint8_t byte : bytes) {
    if (is_dash_position(text.size())) text += '-';
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

Result<Uuid> Uuid::parse(std::string_view text) {
  const auto bad = [&] {
    return fail(ErrorCode::kInvalidArgument, "not a UUID", std::string(text.substr(0, 64)),
                "expected 8-4-4-4-12 hexadecimal digits");
  };
  if (text.size() != 36) return bad();
  Uuid id;
  size_t digit = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_dash_position(i)) {
      if (text[i] != '-') return bad();
      continue;
    }
    const int value = hex_value(text[i]);
    if (value < 0) return bad();
    id.bytes[digit / 2] = static_cast<uint8_t>(id.bytes[digit / 2] << 4 | value);
    ++digit;
  }
  return id;
}

Uuid UuidGenerator::next(int64_t unix_ms) {
  constexpr uint32_t kCounterLimit = 1u << 12;
  if (unix_ms > last_ms_) {
    last_ms_ = unix_ms;
    counter_ = 0;
  } else if (++counter_ == kCounterLimit) {
    ++last_ms_;  // The counter is spent: borrow the next millisecond.
    counter_ = 0;
  }
  Uuid id;
  for (int i = 0; i < 6; ++i) {
    id.bytes[i] = static_cast<uint8_t>(static_cast<uint64_t>(last_ms_) >> (40 - 8 * i));
  }
  id.bytes[6] = static_cast<uint8_t>(0x70 | counter_ >> 8);
  id.bytes[7] = static_cast<uint8_t>(counter_);
  const uint64_t tail = random_();
  for (int i = 0; i < 8; ++i) id.bytes[8 + i] = static_cast<uint8_t>(tail >> (56 - 8 * i));
  id.bytes[8] = static_cast<uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

}  // namespace thunderline

size_t std::hash<thunderline::Uuid>::operator()(const thunderline::Uuid& id) const noexcept {
  uint64_t words[2];
  std::memcpy(words, id.bytes.data(), sizeof words);
  return static_cast<size_t>(thunderline::derive_seed(words[0], words[1]));
}
