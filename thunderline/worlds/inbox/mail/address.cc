#include "thunderline/worlds/inbox/mail/address.h"

#include <algorithm>
#include <array>
#include <optional>

#include "thunderline/worlds/inbox/mail/bytes.h"

namespace thunderline::worlds::inbox {
namespace {

constexpr std::array<std::string_view, 7> kSharedSecondLabels = {"co",  "com", "net", "org",
                                                                 "gov", "edu", "ac"};

bool is_local_byte(char c) {
  return !is_space(c) && std::string_view("<>()\",;:@").find(c) == std::string_view::npos;
}

bool is_domain_byte(char c) {
  return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
}

std::optional<Address> first_address(std::string_view text) {
  for (size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    size_t begin = at;
    while (begin > 0 && is_local_byte(text[begin - 1])) --begin;
    size_t end = at + 1;
    while (end < text.size() && is_domain_byte(text[end])) ++end;
    if (begin == at || end == at + 1) continue;
    return Address{lower_case(text.substr(begin, at - begin)),
                   lower_case(strip(text.substr(at + 1, end - at - 1), "."))};
  }
  return std::nullopt;
}

/// The text between the first `open` and the next `close` behind it.
std::optional<std::string_view> between(std::string_view text, char open, char close) {
  const size_t begin = text.find(open);
  if (begin == std::string_view::npos) return std::nullopt;
  const size_t end = text.find(close, begin + 1);
  if (end == std::string_view::npos) return std::nullopt;
  return text.substr(begin + 1, end - begin - 1);
}

}  // namespace

Address find_address(std::string_view value) {
  if (const auto inner = between(value, '<', '>')) {
    if (auto address = first_address(*inner)) return *std::move(address);
  }
  return first_address(value).value_or(Address{});
}

std::string_view site_of(std::string_view host) {
  const size_t last = host.rfind('.');
  if (last == std::string_view::npos || last == 0) return host;
  const size_t second = host.rfind('.', last - 1);
  if (second == std::string_view::npos) return host;
  const std::string_view top = host.substr(last + 1);
  const std::string_view below = host.substr(second + 1, last - second - 1);
  const bool country = top.size() == 2 && is_letter(top[0]) && is_letter(top[1]);
  const bool shared = std::find(kSharedSecondLabels.begin(), kSharedSecondLabels.end(), below) !=
                      kSharedSecondLabels.end();
  if (!country || !shared || second == 0) return host.substr(second + 1);
  const size_t third = host.rfind('.', second - 1);
  return third == std::string_view::npos ? host : host.substr(third + 1);
}

bool has_display_name(std::string_view from) {
  const size_t angle = from.find('<');
  std::string_view name;
  if (angle != std::string_view::npos) {
    name = from.substr(0, angle);
  } else if (const auto comment = between(from, '(', ')')) {
    name = *comment;
  }
  name = strip(name, " \t\"");
  return !name.empty() && name.find('@') == std::string_view::npos;
}

}  // namespace thunderline::worlds::inbox
