#pragma once

// For .cc files only: this header shows nlohmann::json, which public headers must not.

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "thunderline/base/result.h"

namespace thunderline {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

/// Deepest nesting that `parse_json` takes.
inline constexpr int kMaxJsonDepth = 64;

/// Parses one JSON document. `where` names the source in errors (a path, "request body").
/// Errors: kBadData with the byte's position; nesting deeper than kMaxJsonDepth.
Result<Json> parse_json(std::string_view text, const std::string& where);

/// As `parse_json`, but keeps the order of the keys.
Result<OrderedJson> parse_ordered_json(std::string_view text, const std::string& where);

/// Text of `value`; bytes that are not UTF-8 become U+FFFD instead of an exception.
std::string dump_json(const Json& value, int indent = -1);
std::string dump_json(const OrderedJson& value, int indent = -1);

/// Typed access to a field of an object. Errors: kBadData that names `where` and the field, says what
/// was expected and what is there.
Result<std::string> json_string(const Json& object, const char* field, const std::string& where);
Result<double> json_number(const Json& object, const char* field, const std::string& where);
Result<int64_t> json_integer(const Json& object, const char* field, const std::string& where);
Result<bool> json_bool(const Json& object, const char* field, const std::string& where);

}  // namespace thunderline
