#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "thunderline/worlds/inbox/mail/header_fields.h"

namespace thunderline::worlds::inbox {

/// Where a delivery time was read.
enum class DateSource { kReceived, kEnvelope, kDate, kNone };

/// The machine's own name of a source, e.g. "received".
const char* source_name(DateSource source);

struct DeliveryTime {
  int64_t unix_s = 0;  ///< Seconds since 1970-01-01 UTC; 0 when there is no date.
  DateSource source = DateSource::kNone;
};

/// The first date found in a text, as seconds since 1970-01-01 UTC: `D Mon YYYY h:mm[:ss] [zone]`
/// anywhere, else `Mon D hh:mm:ss [zone] YYYY` anywhere. Range: 1970 to 2100.
std::optional<int64_t> find_date(std::string_view text);

/// The first Received field, from the top, that has a date; else the envelope line; else Date.
DeliveryTime delivery_time(const Header& header, std::string_view envelope_line);

}  // namespace thunderline::worlds::inbox
