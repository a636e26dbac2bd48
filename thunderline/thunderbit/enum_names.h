#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "thunderline/base/result.h"

namespace thunderline::thunderbit {

/// The enumerator whose name stands at its value in `names`. `what` names the enumeration in
/// errors.
/// Errors: kInvalidArgument that lists the names there are.
template <typename Enum>
Result<Enum> parse_enum(std::span<const std::string_view> names, std::string_view text,
                        std::string_view what) {
  std::string known;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
    known += (i == 0 ? "" : ", ") + std::string(names[i]);
  }
  return fail(ErrorCode::kInvalidArgument, "no such " + std::string(what),
              std::string(text.substr(0, 64)), "use one of: " + known);
}

}  // namespace thunderline::thunderbit
