#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/worlds/inbox/mail/address.h"
#include "thunderline/worlds/inbox/mail/delivery_date.h"
#include "thunderline/worlds/inbox/mail/links.h"

namespace thunderline::worlds::inbox {

/// What is read of a file; the rest of it is ignored.
inline constexpr size_t kMaxMailBytes = size_t{1} << 20;

/// What is kept of the visible text.
inline constexpr size_t kMaxVisibleBytes = 65'536;

/// What the world wants to know of a mail. All texts are bytes, of no charset.
struct Mail {
  /// Whether it has any of the fields From, Subject, Date, Received.
  bool is_mail = false;
  size_t header_fields = 0;
  std::string subject;  ///< Encoded words decoded, stripped of blanks.
  Address sender;
  bool sender_named = false;
  std::string message_id_domain;
  DeliveryTime delivered;
  size_t leaves = 0;
  size_t text_bytes = 0;  ///< Decoded size of all text leaves.
  size_t html_bytes = 0;  ///< Decoded size of those of type text/html.
  std::string visible_text;
  std::vector<Link> links;
};

/// Reads a mail (RFC 5322 and MIME, as mails really come). Any bytes have a result; time and memory
/// are linear in the size of the input, of which kMaxMailBytes are looked at.
Mail parse_mail(std::string_view bytes);

}  // namespace thunderline::worlds::inbox
