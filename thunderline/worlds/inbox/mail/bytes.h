#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace thunderline::worlds::inbox {

// Classes of bytes. ASCII alone, whatever the locale: a byte of 0x80 or more is in none of them.

constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_letter(char c) { return is_upper(c) || is_lower(c); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_space(char c) {
  return is_blank(c) || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}
constexpr char to_lower(char c) { return is_upper(c) ? static_cast<char>(c + ('a' - 'A')) : c; }

/// The value of a hexadecimal digit, or −1.
int hex_value(char c);

std::string lower_case(std::string_view text);

std::string_view strip_blanks(std::string_view text);
std::string_view strip_spaces(std::string_view text);

/// Strips every byte of `set` from both ends.
std::string_view strip(std::string_view text, std::string_view set);

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_prefix);

/// The first place from `from` on where `lower_needle` stands in any case, or npos.
size_t find_ignoring_case(std::string_view text, std::string_view lower_needle, size_t from);

/// Lines end with LF; one CR before it goes too; a lone CR is an ordinary byte; there is no empty
/// line after the last LF. Lifetime: the lines borrow `text`.
std::vector<std::string_view> split_lines(std::string_view text);

}  // namespace thunderline::worlds::inbox
