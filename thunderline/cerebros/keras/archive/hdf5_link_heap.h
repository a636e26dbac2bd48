#pragma once

#include <cstdint>
#include <vector>

#include "thunderline/cerebros/keras/archive/hdf5_image.h"

namespace thunderline::cerebros::keras {

/// The bodies of the link messages of a group that stores them densely: the records of the B-tree
/// version 2 at `tree_address` (type 5, links by name) point into the fractal heap at
/// `heap_address`. At most `max_links`. Lifetime: the spans are of `image.bytes`.
/// Errors: kBadData for damage, and for filtered or huge objects.
/// Source: HDF5 File Format Specification 3.0, sections III.A.2 and III.G.
Result<std::vector<std::span<const std::byte>>> read_dense_links(
    const Hdf5Image& image, uint64_t heap_address, uint64_t tree_address, size_t max_links);

}  // namespace thunderline::cerebros::keras
