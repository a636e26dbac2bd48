#pragma once

#include <string>

#include "thunderline/base/result.h"
#include "thunderline/thunderbit/context.h"

namespace thunderline::thunderprism {

/// Most bits that a page is sent; beyond it the newest stand for all, and the counts say how many.
inline constexpr size_t kShownBits = 240;
inline constexpr size_t kShownEvaluations = 40;

/// The living field for the page of the bits: `{"tick":…,"counts":{status: n},"categories":[{"name",
/// "shape","n","mean_score"}],"shown":…,"bits":[…],"edges":[[from, to, relation]],"evaluations":[…]}`,
/// edges as places in `bits`, evaluations newest first.
std::string field_json(const thunderbit::Context& context);

/// A bit with its channels by name and its links. Errors: kInvalidArgument for what is no id;
/// kNotFound.
Result<std::string> bit_detail_json(const thunderbit::Context& context, const std::string& id);

}  // namespace thunderline::thunderprism
