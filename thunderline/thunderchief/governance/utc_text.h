#pragma once

#include <cstdint>
#include <string>

namespace thunderline::thunderchief {

/// "2026-12-24T18:00:00.000Z". Units: milliseconds since 1970. Range: years 1 to 9999.
std::string utc_text(int64_t unix_ms);

}  // namespace thunderline::thunderchief
