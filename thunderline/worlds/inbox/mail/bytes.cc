#include "thunderline/worlds/inbox/mail/bytes.h"

#include <algorithm>

namespace thunderline::worlds::inbox {

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), to_lower);
  return result;
}

std::string_view strip(std::string_view text, std::string_view set) {
  const size_t first = text.find_first_not_of(set);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(set) - first + 1);
}

std::string_view strip_blanks(std::string_view text) { return strip(text, " \t"); }

std::string_view strip_spaces(std::string_view text) { return strip(text, " \t\r\n\f\v"); }

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_prefix) {
  return text.size() >= lower_prefix.size() &&
         std::equal(lower_prefix.begin(), lower_prefix.end(), text.begin(),
                    [](char want, char have) { return want == to_lower(have); });
}

size_t find_ignoring_case(std::string_view text, std::string_view lower_needle, size_t from) {
  if (from >= text.size()) return std::string_view::npos;
  const auto found = std::search(text.begin() + from, text.end(), lower_needle.begin(),
                                 lower_needle.end(),
                                 [](char have, char want) { return to_lower(have) == want; });
  return found == text.end() ? std::string_view::npos
                             : static_cast<size_t>(found - text.begin());
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      lines.push_back(text);
      break;
    }
    const bool has_return = end > 0 && text[end - 1] == '\r';
    lines.push_back(text.substr(0, has_return ? end - 1 : end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace thunderline::worlds::inbox
