#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thunderline::worlds::inbox {

/// Longest part of a link behind `://`.
inline constexpr size_t kMaxLinkBytes = 2'000;

struct Link {
  std::string host;  ///< Lower case, without outer dots; never empty.
  bool has_user = false;
  std::string port;  ///< As written; empty when none is.

  bool operator==(const Link&) const = default;
};

/// The link that `text` begins with, if it begins with `http://` or `https://` (any case).
std::optional<Link> link_at_start(std::string_view text);

/// Appends every link that stands in plain text, in order, repeated ones too.
void find_links(std::string_view text, std::vector<Link>& links);

/// Whether the link hides where it leads: a number for a host, `%` in it, a user, an odd port.
bool is_odd(const Link& link);

}  // namespace thunderline::worlds::inbox
