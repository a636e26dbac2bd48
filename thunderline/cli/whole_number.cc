#include "thunderline/cli/whole_number.h"

#include <charconv>
#include <cstdint>

namespace thunderline::cli {

std::string check_whole_number(const std::string& text) {
  uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end) return {};
  return "'" + text + "' is not a whole number in 0..18446744073709551615";
}

}  // namespace thunderline::cli
