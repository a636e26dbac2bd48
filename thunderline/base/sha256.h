#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace thunderline {

/// SHA-256 of `data` as 64 lower-case hex digits. Source: FIPS 180-4, §6.2.
std::string sha256_hex(std::span<const std::byte> data);

}  // namespace thunderline
