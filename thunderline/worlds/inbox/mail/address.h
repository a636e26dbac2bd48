#pragma once

#include <string>
#include <string_view>

namespace thunderline::worlds::inbox {

/// Both parts in lower case; both empty when there is no address.
struct Address {
  std::string local;
  std::string domain;  ///< Without outer dots.
};

/// The address of a header value: the one between `<` and `>` where there is one, else the first.
Address find_address(std::string_view value);

/// The last two labels of a host, or three under a country's co, com, net, org, gov, edu or ac.
std::string_view site_of(std::string_view host);

/// Whether a From value shows a name, and not only an address, to its reader.
bool has_display_name(std::string_view from);

}  // namespace thunderline::worlds::inbox
