#include "thunderline/worlds/inbox/mail/links.h"

#include <algorithm>

#include "thunderline/worlds/inbox/mail/bytes.h"

namespace thunderline::worlds::inbox {
namespace {

bool ends_link(char c) {
  return is_space(c) || std::string_view("<>\"'()[]{}|\\^`").find(c) != std::string_view::npos;
}

/// Length of the `http://` or `https://` that `text` begins with, or 0.
size_t scheme_length(std::string_view text) {
  if (starts_with_ignoring_case(text, "http://")) return 7;
  if (starts_with_ignoring_case(text, "https://")) return 8;
  return 0;
}

/// The bytes of the link behind its scheme.
std::string_view link_body(std::string_view text) {
  text = text.substr(0, kMaxLinkBytes);
  return text.substr(0, std::find_if(text.begin(), text.end(), ends_link) - text.begin());
}

std::optional<Link> parse_authority(std::string_view body) {
  std::string_view authority = body.substr(0, body.find_first_of("/?#"));
  Link link;
  if (const size_t user_end = authority.rfind('@'); user_end != std::string_view::npos) {
    link.has_user = true;
    authority.remove_prefix(user_end + 1);
  }
  const size_t colon = authority.find(':');
  if (colon != std::string_view::npos) link.port = authority.substr(colon + 1);
  link.host = lower_case(strip(authority.substr(0, colon), "."));
  if (link.host.empty()) return std::nullopt;
  return link;
}

bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); }

bool is_dotted_quad(std::string_view host) {
  for (int number = 0; number < 4; ++number) {
    const size_t dot = host.find('.');
    if ((dot == std::string_view::npos) != (number == 3)) return false;
    const std::string_view digits = host.substr(0, dot);
    if (digits.empty() || digits.size() > 3 || !all_digits(digits)) return false;
    if (number < 3) host.remove_prefix(dot + 1);
  }
  return true;
}

bool is_long_number(std::string_view host) {
  return host.size() >= 8 && host.size() <= 10 && all_digits(host);
}

}  // namespace

std::optional<Link> link_at_start(std::string_view text) {
  const size_t scheme = scheme_length(text);
  if (scheme == 0) return std::nullopt;
  return parse_authority(link_body(text.substr(scheme)));
}

void find_links(std::string_view text, std::vector<Link>& links) {
  size_t at = 0;
  while ((at = find_ignoring_case(text, "http", at)) != std::string_view::npos) {
    const size_t scheme = scheme_length(text.substr(at));
    if (scheme == 0) {
      ++at;
      continue;
    }
    const std::string_view body = link_body(text.substr(at + scheme));
    if (auto link = parse_authority(body)) links.push_back(std::move(*link));
    at += scheme + body.size();
  }
}

bool is_odd(const Link& link) {
  return is_dotted_quad(link.host) || is_long_number(link.host) ||
         link.host.find('%') != std::string::npos || link.has_user ||
         (!link.port.empty() && link.port != "80" && link.port != "443");
}

}  // namespace thunderline::worlds::inbox
