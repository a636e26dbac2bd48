#include "thunderline/thunderbit/wiring.h"

#include <string>

namespace thunderline::thunderbit {
namespace {

template <typename List>
std::string joined_names(const List& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + std::string(name_of(item));
  return text;
}

std::string shown_link(const CategoryInfo& from, const CategoryInfo& to,
                       const RelationInfo& relation) {
  return std::string(from.name) + " " + std::string(relation.name) + " " + std::string(to.name);
}

/// The first maxim that `one` requires and `other` forbids; empty where there is none.
std::string_view conflicting_maxim(const CategoryInfo& one, const CategoryInfo& other) {
  for (const std::string_view maxim : one.required_maxims) {
    if (other.forbidden_maxims.contains(maxim)) return maxim;
  }
  return "";
}

}  // namespace

Status check_wiring(const CategoryInfo& from, const CategoryInfo& to,
                    const RelationInfo& relation) {
  if (!from.can_link_to.contains(to.category)) {
    return fail(ErrorCode::kRefused, "a bit of this category may not link to that one",
                shown_link(from, to, relation),
                std::string(from.name) + " may link to: " + joined_names(from.can_link_to));
  }
  if (!relation.from_roles.contains(from.role)) {
    return fail(ErrorCode::kRefused, "the relation does not allow the source's role",
                shown_link(from, to, relation),
                std::string(relation.name) +
                    " may come from: " + joined_names(relation.from_roles));
  }
  for (const std::string_view maxim : {conflicting_maxim(from, to), conflicting_maxim(to, from)}) {
    if (maxim.empty()) continue;
    return fail(ErrorCode::kRefused,
                "one end requires the maxim \"" + std::string(maxim) + "\", the other forbids it",
                shown_link(from, to, relation));
  }
  return {};
}

Status check_wiring(Category from, Category to, Relation relation) {
  return check_wiring(info(from), info(to), info(relation));
}

CategorySet can_be_linked_from(Category category) {
  CategorySet sources;
  for (const CategoryInfo& source : category_table()) {
    if (source.can_link_to.contains(category)) sources.insert(source.category);
  }
  return sources;
}

}  // namespace thunderline::thunderbit
