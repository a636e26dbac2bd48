#pragma once

#include "thunderline/base/result.h"
#include "thunderline/thunderbit/edge.h"

namespace thunderline::thunderbit {

/// Whether a bit of one category may be linked to one of another by `relation`: the source's
/// category lists the target's (`can_link_to`), the relation allows the source's role, and no maxim
/// that one end requires is forbidden at the other. (A bit never links to itself: `Protocol::link`
/// sees to that.)
/// Errors: kRefused that names the rule and what would be allowed.
Status check_wiring(const CategoryInfo& from, const CategoryInfo& to, const RelationInfo& relation);

/// As above, with the compiled-in tables.
Status check_wiring(Category from, Category to, Relation relation);

/// The categories that may link to `category`: the inverse of `can_link_to`.
CategorySet can_be_linked_from(Category category);

}  // namespace thunderline::thunderbit
