#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "thunderline/cerebros/keras/archive/hdf5_image.h"

namespace thunderline::cerebros::keras {

/// The element types that this reader tells apart.
struct Hdf5Type {
  enum class Kind { kFloat, kInteger, kFixedString, kVariableString, kOther };
  Kind kind = Kind::kOther;
  size_t size = 0;  ///< Bytes of an element.
  bool big_endian = false;
  bool is_signed = false;
};

/// A dataset's type and shape, and where its data lie.
struct Hdf5Dataset {
  Hdf5Type type;
  std::vector<int64_t> shape;  ///< Empty: a scalar.
  uint64_t size = 0;           ///< Number of elements.
  std::span<const std::byte> layout;
  std::span<const std::byte> filters;  ///< Empty: none.
};

/// Reads what a dataset's object header says. Errors: kBadData for damage, more than 32 axes, and
/// for external files.
Result<Hdf5Dataset> parse_dataset(const Hdf5Image& image, std::span<const Hdf5Message> messages);

/// The dataset's elements as they lie in the file, in C order; contiguous, compact and chunked
/// layouts, chunks plain or through deflate, shuffle and Fletcher-32.
/// Errors: kBadData for damage, for data that were never written and for other filters and layouts;
/// kResourceLimit beyond `max_bytes`.
Result<std::vector<std::byte>> read_elements(const Hdf5Image& image, const Hdf5Dataset& dataset,
                                             uint64_t max_bytes);

/// The value of the attribute `name` when it is one string, of fixed or variable length; nothing
/// when the object has no such attribute. Errors: kBadData for damage and other types.
Result<std::optional<std::string>> string_attribute(const Hdf5Image& image,
                                                    std::span<const Hdf5Message> messages,
                                                    const std::string& name);

}  // namespace thunderline::cerebros::keras
