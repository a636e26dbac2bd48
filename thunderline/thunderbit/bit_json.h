#pragma once

#include <string>
#include <string_view>

#include "thunderline/base/result.h"
#include "thunderline/thunderbit/context.h"

namespace thunderline::thunderbit {

/// The JSON of a bit and of a whole context (docs/formats/context_json.md). Reading what was
/// written gives an equal value, refs and every float included. Text that is not UTF-8 is written
/// as {"hex": "…"}.
inline constexpr int kContextJsonVersion = 1;

std::string bit_to_json(const Bit& bit);
/// Errors: kBadData with the field; a bit outside the documented ranges.
Result<Bit> bit_from_json(std::string_view text, const std::string& where);

std::string context_to_json(const Context& context);
/// Errors: kBadData that names `where` and the field: not JSON, another version, ids that stand
/// twice, links that the wiring rules forbid, depths that no order of links gives.
Result<Context> context_from_json(std::string_view text, const std::string& where);

/// The compiled-in tables of categories, relations and maxims, for pages and tests.
std::string category_table_to_json();

}  // namespace thunderline::thunderbit
