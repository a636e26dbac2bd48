#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "thunderline/base/result.h"
#include "thunderline/thunderbit/enum_set.h"

namespace thunderline::thunderbit {

/// What a bit is. The order is fixed: features one-hot encode it.
enum class Category : uint8_t {
  kSensory,
  kCognitive,
  kMnemonic,
  kMotor,
  kSocial,
  kEthical,
  kPerceptual,
  kExecutive,
};
inline constexpr size_t kCategoryCount = 8;

/// What a bit does when it is stepped; a function of its category.
enum class Role : uint8_t {
  kObserver,
  kTransformer,
  kStorage,
  kActuator,
  kRouter,
  kCritic,
  kAnalyzer,
  kController,
};
inline constexpr size_t kRoleCount = 8;

enum class Capability : uint8_t {
  kReadSensors,
  kSubscribeTopics,
  kWriteEvents,
  kTriggerAction,
  kVetoAction,
  kAccessMemory,
  kSpawnBits,
  kSelectTargets,
  kEvaluatePolicy,
  kSequenceSteps,
};
inline constexpr size_t kCapabilityCount = 10;

using CategorySet = EnumSet<Category>;
using CapabilitySet = EnumSet<Capability>;

/// A short list that is known when the program is compiled.
template <typename T, size_t kMax>
class FixedList {
 public:
  constexpr FixedList(std::initializer_list<T> items) {
    for (const T& item : items) items_[size_++] = item;
  }
  constexpr const T* begin() const { return items_.data(); }
  constexpr const T* end() const { return items_.data() + size_; }
  constexpr size_t size() const { return size_; }
  constexpr bool contains(const T& item) const {
    for (const T& other : *this) {
      if (other == item) return true;
    }
    return false;
  }

 private:
  std::array<T, kMax> items_{};
  size_t size_ = 0;
};

/// Everything that is fixed about a category.
struct CategoryInfo {
  Category category;
  std::string_view name;
  Role role;
  FixedList<Category, kCategoryCount> can_link_to;  ///< The one wiring rule between categories.
  FixedList<Capability, 3> capabilities;
  FixedList<Capability, 3> forbidden;
  std::string_view composition;  ///< "serial", "parallel" or "broadcast".
  FixedList<std::string_view, 3> required_maxims;
  FixedList<std::string_view, 1> forbidden_maxims;
  std::string_view shape;    ///< How a page draws it.
  std::string_view color;    ///< "#RRGGBB".
  std::string_view size_by;  ///< "energy", "salience" or "fixed".
};

/// The compiled-in table, in the order of the enumeration.
std::span<const CategoryInfo> category_table();
const CategoryInfo& info(Category category);
inline Role role_of(Category category) { return info(category).role; }

/// Maxims that are active in a new context.
std::span<const std::string_view> default_active_maxims();

std::string_view name_of(Category category);
std::string_view name_of(Role role);
std::string_view name_of(Capability capability);

/// Errors: kInvalidArgument that lists the names there are.
Result<Category> parse_category(std::string_view name);
Result<Role> parse_role(std::string_view name);
Result<Capability> parse_capability(std::string_view name);

}  // namespace thunderline::thunderbit
