#pragma once

#include <string_view>

namespace thunderline::thunderbolt {

/// True for one JSON value (RFC 8259, valid UTF-8, nesting up to 64, numbers that a double holds) and
/// nothing after it. Checks in place, without building the value: metadata is checked at every step.
bool is_json(std::string_view text);

/// As `is_json`, and the value is an object.
bool is_json_object(std::string_view text);

/// True for valid UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool is_utf8(std::string_view text);

}  // namespace thunderline::thunderbolt
