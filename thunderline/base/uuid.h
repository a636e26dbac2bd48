#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "thunderline/base/random.h"
#include "thunderline/base/result.h"

namespace thunderline {

/// A 128-bit identifier. Source: RFC 9562. Ordered by its bytes, so version 7 ids sort by time.
struct Uuid {
  std::array<uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;

  bool is_nil() const { return *this == Uuid{}; }

  /// The 36-character form, lower case: "018f3b2c-…".
  std::string to_string() const;

  /// Reads the 36-character form, any case. Errors: kInvalidArgument.
  static Result<Uuid> parse(std::string_view text);
};

/// Makes version 7 ids that rise strictly within one generator: 48 bits of Unix milliseconds, 12 bits
/// that count within the millisecond, 62 random bits (RFC 9562 §5.7, method 1 of §6.2).
/// With a given seed and given times the ids are the same on every run. Thread-safety: one thread.
class UuidGenerator {
 public:
  explicit UuidGenerator(uint64_t seed) : random_(seed) {}

  /// The next id. A `unix_ms` that went back is held at the newest seen.
  Uuid next(int64_t unix_ms);

 private:
  Random random_;
  int64_t last_ms_ = 0;
  uint32_t counter_ = 0;
};

}  // namespace thunderline

template <>
struct std::hash<thunderline::Uuid> {
  size_t operator()(const thunderline::Uuid& id) const noexcept;
};
