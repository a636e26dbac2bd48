#include "thunderline/worlds/inbox/mail/transfer_decoding.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "thunderline/worlds/inbox/mail/bytes.h"

namespace thunderline::worlds::inbox {
namespace {

int base64_value(char c) {
  if (is_upper(c)) return c - 'A';
  if (is_lower(c)) return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

/// The byte that `=XX` at `at` stands for, or −1.
int escaped_byte(std::string_view text, size_t at) {
  if (at + 2 >= text.size()) return -1;
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// Where the text goes on after a soft line break at `at`, or npos when there is none.
size_t after_soft_break(std::string_view text, size_t at) {
  const size_t end = std::min(text.find_first_not_of(" \t", at + 1), text.size());
  if (end == text.size()) return end;
  return text[end] == '\n' ? end + 1 : std::string_view::npos;
}

std::string decode_q_word(std::string_view text) {
  std::string result;
  for (size_t at = 0; at < text.size(); ++at) {
    const int byte = text[at] == '=' ? escaped_byte(text, at) : -1;
    if (byte >= 0) {
      result += static_cast<char>(byte);
      at += 2;
    } else {
      result += text[at] == '_' ? ' ' : text[at];
    }
  }
  return result;
}

struct EncodedWord {
  std::string bytes;
  size_t end = 0;
};

/// The encoded word that begins at `at`, where `=?` stands.
std::optional<EncodedWord> encoded_word(std::string_view text, size_t at) {
  const size_t charset_end = text.find('?', at + 2);
  if (charset_end == std::string_view::npos || charset_end == at + 2) return std::nullopt;
  if (charset_end + 2 >= text.size() || text[charset_end + 2] != '?') return std::nullopt;
  const size_t begin = charset_end + 3;
  const size_t end = text.find('?', begin);
  if (end == std::string_view::npos || end + 1 >= text.size() || text[end + 1] != '=') {
    return std::nullopt;
  }
  const std::string_view content = text.substr(begin, end - begin);
  switch (to_lower(text[charset_end + 1])) {
    case 'b':
      return EncodedWord{decode_base64(content), end + 2};
    case 'q':
      return EncodedWord{decode_q_word(content), end + 2};
    default:
      return std::nullopt;
  }
}

void replace_crlf(std::string& text) {
  size_t kept = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n') continue;
    text[kept++] = text[at];
  }
  text.resize(kept);
}

}  // namespace

std::string decode_base64(std::string_view text) {
  std::string result;
  result.reserve(text.size() / 4 * 3);
  uint32_t group = 0;
  int digits = 0;
  for (const char c : text) {
    if (c == '=') break;
    const int value = base64_value(c);
    if (value < 0) continue;
    group = group << 6 | static_cast<uint32_t>(value);
    if (++digits < 4) continue;
    result += static_cast<char>(group >> 16 & 0xFF);
    result += static_cast<char>(group >> 8 & 0xFF);
    result += static_cast<char>(group & 0xFF);
    group = 0;
    digits = 0;
  }
  if (digits == 2) result += static_cast<char>(group >> 4 & 0xFF);
  if (digits == 3) {
    result += static_cast<char>(group >> 10 & 0xFF);
    result += static_cast<char>(group >> 2 & 0xFF);
  }
  return result;
}

std::string decode_quoted_printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  size_t at = 0;
  while (at < text.size()) {
    if (text[at] != '=') {
      result += text[at++];
    } else if (const int byte = escaped_byte(text, at); byte >= 0) {
      result += static_cast<char>(byte);
      at += 3;
    } else if (const size_t next = after_soft_break(text, at); next != std::string_view::npos) {
      at = next;
    } else {
      result += text[at++];
    }
  }
  return result;
}

std::string decode_body(std::string_view text, std::string_view encoding) {
  std::string result;
  if (encoding == "base64") {
    result = decode_base64(text);
  } else if (encoding == "quoted-printable") {
    result = decode_quoted_printable(text);
  } else {
    result = text;
  }
  replace_crlf(result);
  return result;
}

std::string decode_words(std::string_view text) {
  std::string result;
  size_t at = 0;
  size_t after_word = 0;  // Length of the result when the last word ended.
  bool only_blanks_since_word = false;
  while (at < text.size()) {
    if (text.substr(at, 2) == "=?") {
      if (const auto word = encoded_word(text, at)) {
        if (only_blanks_since_word) result.resize(after_word);
        result += word->bytes;
        after_word = result.size();
        only_blanks_since_word = true;
        at = word->end;
        continue;
      }
    }
    if (!is_blank(text[at])) only_blanks_since_word = false;
    result += text[at++];
  }
  return result;
}

}  // namespace thunderline::worlds::inbox
