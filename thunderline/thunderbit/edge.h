#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "thunderline/base/result.h"
#include "thunderline/base/uuid.h"
#include "thunderline/thunderbit/category.h"

namespace thunderline::thunderbit {

/// What one bit is to another.
enum class Relation : uint8_t {
  kFeeds,
  kTriggers,
  kValidates,
  kStores,
  kRecalls,
  kRoutesTo,
  kControls,
  kInhibits,
  kModulates,
};
inline constexpr size_t kRelationCount = 9;

/// Everything that is fixed about a relation.
struct RelationInfo {
  Relation relation;
  std::string_view name;
  FixedList<Role, 4> from_roles;  ///< Roles that a source may have.
  float strength;                 ///< Range: (0, 1].
  std::string_view meaning;
};

/// The compiled-in table, in the order of the enumeration.
std::span<const RelationInfo> relation_table();
const RelationInfo& info(Relation relation);
std::string_view name_of(Relation relation);
/// Errors: kInvalidArgument that lists the names there are.
Result<Relation> parse_relation(std::string_view name);

/// A link between two bits, as a value.
struct Edge {
  Uuid from;
  Uuid to;
  Relation relation = Relation::kFeeds;
  float strength = 1;         ///< The relation's.
  bool closes_cycle = false;  ///< Its target already led to its source; no part of any depth.

  bool operator==(const Edge&) const = default;
};

}  // namespace thunderline::thunderbit
