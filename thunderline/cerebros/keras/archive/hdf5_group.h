#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "thunderline/cerebros/keras/archive/hdf5_image.h"

namespace thunderline::cerebros::keras {

/// A member of a group.
struct Hdf5Link {
  std::string name;
  uint64_t address = 0;  ///< Of the member's object header.
};

/// True for an object header that is a group's.
bool is_group(std::span<const Hdf5Message> messages);

/// The members of the group with this object header, whichever way they are stored: a symbol table
/// (B-tree version 1), link messages, or a fractal heap with a B-tree version 2. Order: as stored.
/// At most `max_links`.
/// Errors: kBadData for damage, and for soft and external links.
/// Source: HDF5 File Format Specification 3.0, sections III.A, III.C–III.G, IV.A.2.
Result<std::vector<Hdf5Link>> read_links(const Hdf5Image& image,
                                         std::span<const Hdf5Message> messages, size_t max_links);

}  // namespace thunderline::cerebros::keras
