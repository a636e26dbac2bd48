#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline::cerebros::keras {

/// One file of a zip archive.
struct ZipEntry {
  std::string name;
  std::string data;
  bool operator==(const ZipEntry&) const = default;
};

/// What `read_zip` takes at most. The ratio is Keras's own guard: an entry above
/// `ratio_from_bytes` must not unpack to more than `max_ratio` times its packed size.
/// Source: keras.src.saving.saving_lib, 3.15.1.
struct ZipLimits {
  uint64_t max_entries = 10'000;
  uint64_t max_total_bytes = uint64_t{4} << 30;  ///< All entries, unpacked.
  uint64_t ratio_from_bytes = uint64_t{256} << 20;
  uint64_t max_ratio = 100;
};

/// Unpacks every entry, in the archive's order, checked by its CRC.
/// Errors: kBadData for what is no archive, damaged or encrypted, or names an entry twice;
/// kResourceLimit beyond `limits`.
Result<std::vector<ZipEntry>> read_zip(std::string_view bytes, const std::string& where,
                                       const ZipLimits& limits = {});

/// An archive of `entries` in their order, stored (not deflated) and dated 1980-01-01: the same
/// bytes for the same entries.
Result<std::string> zip_bytes(std::span<const ZipEntry> entries);

}  // namespace thunderline::cerebros::keras
