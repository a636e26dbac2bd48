#include "thunderline/worlds/inbox/mail/html_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "thunderline/worlds/inbox/mail/bytes.h"

namespace thunderline::worlds::inbox {
namespace {

constexpr size_t kMaxEntityName = 10;

constexpr std::array<std::string_view, 29> kBreakingTags = {
    "br", "p",  "div", "tr",     "td",         "th",  "li",    "ul",     "ol", "table",
    "h1", "h2", "h3",  "h4",     "h5",         "h6",  "hr",    "center", "blockquote", "pre",
    "title", "option", "dt", "dd", "dl", "body", "html", "head", "form"};

constexpr std::array<std::pair<std::string_view, char>, 8> kNamedEntities = {{
    {"nbsp", ' '}, {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''},
    {"copy", '\xA9'}, {"reg", '\xAE'}}};

/// The byte of `#N` or `#xN`; what is beyond a byte becomes `?`.
std::optional<char> numeric_entity(std::string_view name) {
  const bool hexadecimal = name.size() > 1 && to_lower(name[1]) == 'x';
  const std::string_view digits = name.substr(hexadecimal ? 2 : 1);
  if (digits.empty()) return std::nullopt;
  uint64_t number = 0;
  for (const char c : digits) {
    const int value = hexadecimal || is_digit(c) ? hex_value(c) : -1;
    if (value < 0) return std::nullopt;
    number = number * (hexadecimal ? 16 : 10) + static_cast<uint64_t>(value);
  }
  return number <= 255 ? static_cast<char>(number) : '?';
}

std::optional<char> entity(std::string_view name) {
  if (!name.empty() && name.front() == '#') return numeric_entity(name);
  for (const auto& [known, byte] : kNamedEntities) {
    if (name == known) return byte;
  }
  return std::nullopt;
}

void append_resolved(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const size_t ampersand = std::min(text.find('&'), text.size());
    out += text.substr(0, ampersand);
    text.remove_prefix(ampersand);
    if (text.empty()) break;
    size_t end = 1;
    while (end < text.size() && end <= kMaxEntityName &&
           (is_letter(text[end]) || is_digit(text[end]) || text[end] == '#')) {
      ++end;
    }
    const std::optional<char> byte = entity(text.substr(1, end - 1));
    if (byte && end < text.size() && text[end] == ';') ++end;
    if (byte) {
      out += *byte;
    } else {
      out += text.substr(0, end);
    }
    text.remove_prefix(end);
  }
}

/// One tag, from its `<` to before its `>`.
struct Tag {
  std::string name;  ///< Lower case, without the slash.
  bool closes = false;
  std::string_view attributes;
};

Tag parse_tag(std::string_view text) {
  Tag tag;
  size_t at = 1;
  tag.closes = at < text.size() && text[at] == '/';
  if (tag.closes) ++at;
  size_t end = at;
  while (end < text.size() && (is_letter(text[end]) || is_digit(text[end]))) ++end;
  tag.name = lower_case(text.substr(at, end - at));
  tag.attributes = text.substr(end);
  return tag;
}

bool is_attribute_name_byte(char c) {
  return !is_space(c) && c != '=' && c != '"' && c != '\'' && c != '/' && c != '>';
}

/// The value that begins at `at`, behind the `=` and spaces; `at` ends behind it. A quote that is
/// never closed makes no value: `at` ends behind the quote.
std::optional<std::string_view> attribute_value(std::string_view text, size_t& at) {
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) {
    const size_t begin = at + 1;
    const size_t end = text.find(text[at], begin);
    at = end == std::string_view::npos ? begin : end + 1;
    if (end == std::string_view::npos) return std::nullopt;
    return text.substr(begin, end - begin);
  }
  const size_t begin = at;
  while (at < text.size() && !is_space(text[at]) && text[at] != '"' && text[at] != '\'') ++at;
  return text.substr(begin, at - begin);
}

/// The first attribute of that (lower-case) name that has a value.
std::optional<std::string_view> attribute(std::string_view text, std::string_view lower_name) {
  size_t at = 0;
  while (at < text.size()) {
    if (!is_attribute_name_byte(text[at])) {
      ++at;
      continue;
    }
    const size_t begin = at;
    while (at < text.size() && is_attribute_name_byte(text[at])) ++at;
    const std::string_view name = text.substr(begin, at - begin);
    size_t equals = at;
    while (equals < text.size() && is_space(text[equals])) ++equals;
    if (equals == text.size() || text[equals] != '=') continue;
    at = equals + 1;
    while (at < text.size() && is_space(text[at])) ++at;
    const auto value = attribute_value(text, at);
    const bool wanted =
        name.size() == lower_name.size() && starts_with_ignoring_case(name, lower_name);
    if (value && wanted) return value;
  }
  return std::nullopt;
}

class HtmlStripper {
 public:
  explicit HtmlStripper(std::string_view html) : html_(html) { result_.text.reserve(html.size()); }

  HtmlText run() {
    while (at_ < html_.size()) {
      const size_t open = next_markup();
      append_resolved(html_.substr(at_, open - at_), result_.text);
      at_ = open;
      if (at_ == html_.size()) break;
      if (html_.substr(at_, 4) == "<!--") {
        skip_comment();
      } else {
        take_tag();
      }
    }
    return std::move(result_);
  }

 private:
  /// Where the next tag or comment begins; a `<` before anything else is text.
  size_t next_markup() const {
    for (size_t open = html_.find('<', at_); open != std::string_view::npos;
         open = html_.find('<', open + 1)) {
      if (open + 1 == html_.size()) break;
      const char next = html_[open + 1];
      if (is_letter(next) || next == '/' || next == '!' || next == '?') return open;
    }
    return html_.size();
  }

  void skip_comment() {
    const size_t end = html_.find("-->", at_ + 4);
    at_ = end == std::string_view::npos ? html_.size() : end + 3;
  }

  void take_tag() {
    const size_t end = std::min(html_.find('>', at_), html_.size());
    const Tag tag = parse_tag(html_.substr(at_, end - at_));
    at_ = std::min(end + 1, html_.size());
    if (std::find(kBreakingTags.begin(), kBreakingTags.end(), tag.name) != kBreakingTags.end()) {
      result_.text += '\n';
    }
    if (tag.closes) return;
    if (tag.name == "script" || tag.name == "style") {
      at_ = std::min(find_ignoring_case(html_, "</" + tag.name, at_), html_.size());
    }
    if (tag.name == "a" || tag.name == "area") {
      if (const auto href = attribute(tag.attributes, "href")) {
        result_.hrefs.emplace_back(strip_spaces(resolve_entities(*href)));
      }
    }
  }

  std::string_view html_;
  size_t at_ = 0;
  HtmlText result_;
};

}  // namespace

std::string resolve_entities(std::string_view text) {
  std::string result;
  append_resolved(text, result);
  return result;
}

HtmlText strip_html(std::string_view html) { return HtmlStripper(html).run(); }

}  // namespace thunderline::worlds::inbox
