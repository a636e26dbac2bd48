#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace thunderline {

/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78; RFC 3720 §12.1) of `data`, going on from
/// `crc` (0 to begin), so that crc32c(ab) == crc32c(b, crc32c(a)). Uses SSE4.2 where the CPU has it.
uint32_t crc32c(std::span<const std::byte> data, uint32_t crc = 0);

}  // namespace thunderline
