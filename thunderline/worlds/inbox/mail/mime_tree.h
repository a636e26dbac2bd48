#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/worlds/inbox/mail/header_fields.h"

namespace thunderline::worlds::inbox {

inline constexpr int kMaxNesting = 8;
inline constexpr size_t kMaxLeaves = 64;

/// A part of a mail that has no parts.
struct Leaf {
  std::string type;         ///< Content type in lower case, e.g. "text/plain".
  std::string encoding;     ///< Content-Transfer-Encoding in lower case; may be empty.
  std::string disposition;  ///< Content-Disposition in lower case; may be empty.
  std::span<const std::string_view> lines;  ///< Lifetime: borrows the mail's lines.

  bool is_text() const { return type.starts_with("text/"); }
  bool is_attachment() const { return disposition == "attachment"; }
};

/// The leaves of a mail, in order: at most kMaxLeaves, from at most kMaxNesting levels.
std::vector<Leaf> leaves_of(const Header& header, std::span<const std::string_view> body);

}  // namespace thunderline::worlds::inbox
