#pragma once

#include <cstdint>
#include <initializer_list>

namespace thunderline::thunderbit {

/// A set of enumerators with values below 32, as one word.
template <typename Enum>
class EnumSet {
 public:
  constexpr EnumSet() = default;
  constexpr EnumSet(std::initializer_list<Enum> members) {
    for (const Enum member : members) insert(member);
  }

  constexpr void insert(Enum member) { bits_ |= mask(member); }
  constexpr void erase(Enum member) { bits_ &= ~mask(member); }
  constexpr void insert_all(EnumSet other) { bits_ |= other.bits_; }
  constexpr bool contains(Enum member) const { return (bits_ & mask(member)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool operator==(const EnumSet&) const = default;

 private:
  static constexpr uint32_t mask(Enum member) {
    return uint32_t{1} << static_cast<unsigned>(member);
  }

  uint32_t bits_ = 0;
};

}  // namespace thunderline::thunderbit
