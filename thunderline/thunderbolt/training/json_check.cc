#include "thunderline/thunderbolt/training/json_check.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "thunderline/base/json_util.h"

namespace thunderline::thunderbolt {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// Walks over a text; each `skip_` returns false where the text is not what it should be.
class Checker {
 public:
  explicit Checker(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool check() {
    skip_blanks();
    if (!skip_value(0)) return false;
    skip_blanks();
    return at_ == end_;
  }

 private:
  bool more() const { return at_ != end_; }

  void skip_blanks() {
    while (more() && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }

  bool skip_char(char c) {
    if (!more() || *at_ != c) return false;
    ++at_;
    return true;
  }

  bool skip_word(std::string_view word) {
    if (static_cast<size_t>(end_ - at_) < word.size()) return false;
    if (std::memcmp(at_, word.data(), word.size()) != 0) return false;
    at_ += word.size();
    return true;
  }

  bool skip_value(int depth) {
    if (!more() || depth > kMaxJsonDepth) return false;
    switch (*at_) {
      case '{':
        return skip_members(depth, '}', true);
      case '[':
        return skip_members(depth, ']', false);
      case '"':
        return skip_string();
      case 't':
        return skip_word("true");
      case 'f':
        return skip_word("false");
      case 'n':
        return skip_word("null");
      default:
        return skip_number();
    }
  }

  /// An object's or an array's content; recursion ends at kMaxJsonDepth.
  bool skip_members(int depth, char closing, bool keys) {
    ++at_;
    skip_blanks();
    if (skip_char(closing)) return true;
    do {
      skip_blanks();
      if (keys) {
        if (!skip_string()) return false;
        skip_blanks();
        if (!skip_char(':')) return false;
        skip_blanks();
      }
      if (!skip_value(depth + 1)) return false;
      skip_blanks();
    } while (skip_char(','));
    return skip_char(closing);
  }

  bool skip_string() {
    if (!skip_char('"')) return false;
    const char* const begin = at_;
    while (more() && *at_ != '"') {
      if (static_cast<uint8_t>(*at_) < 0x20) return false;
      if (*at_ == '\\' && !skip_escape()) return false;
      ++at_;
    }
    if (!more()) return false;
    const std::string_view content(begin, static_cast<size_t>(at_ - begin));
    ++at_;
    return is_utf8(content);
  }

  /// Leaves `at_` on the escape's last character.
  bool skip_escape() {
    if (++at_ == end_) return false;
    if (*at_ == 'u') {
      for (int i = 0; i < 4; ++i) {
        if (++at_ == end_ || !is_hex(*at_)) return false;
      }
      return true;
    }
    return *at_ != '\0' && std::strchr("\"\\/bfnrt", *at_) != nullptr;
  }

  bool skip_digits() {
    if (!more() || !is_digit(*at_)) return false;
    while (more() && is_digit(*at_)) ++at_;
    return true;
  }

  bool skip_number() {
    const char* const begin = at_;
    if (!skip_number_text()) return false;
    // Only an exponent or hundreds of digits can make a number that no double holds.
    const std::string_view text(begin, static_cast<size_t>(at_ - begin));
    if (text.size() < 300 && text.find_first_of("eE") == std::string_view::npos) return true;
    return std::isfinite(std::strtod(std::string(text).c_str(), nullptr));
  }

  bool skip_number_text() {
    skip_char('-');
    if (!skip_char('0') && !skip_digits()) return false;
    if (skip_char('.') && !skip_digits()) return false;
    if (more() && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (!skip_char('+')) skip_char('-');
      return skip_digits();
    }
    return true;
  }

  const char* at_;
  const char* end_;
};

/// Bytes of the UTF-8 sequence at the beginning of `text`, 0 when it is broken.
size_t sequence_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0u; };
  const auto follows = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) > 0x9f;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && byte(1) < 0x90;
    const bool too_large = first == 0xf4 && byte(1) > 0x8f;
    return follows(1) && follows(2) && follows(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    if (text.size() >= 8) {
      uint64_t word;
      std::memcpy(&word, text.data(), sizeof word);
      if ((word & 0x8080808080808080u) == 0) {
        text.remove_prefix(8);
        continue;
      }
    }
    const size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_json(std::string_view text) { return Checker(text).check(); }

bool is_json_object(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{' && is_json(text);
}

}  // namespace thunderline::thunderbolt
