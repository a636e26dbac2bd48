#pragma once

#include <cstdint>
#include <vector>

#include "thunderline/cerebros/keras/archive/hdf5_data.h"

namespace thunderline::cerebros::keras {

/// Puts together the elements of a dataset in chunks that a B-tree version 1 indexes (layout
/// version 3); `wanted` is their size in bytes. Errors: kBadData for damage, missing chunks, chunks
/// of more than 256 MiB, unknown filters. Fletcher-32 sums are dropped, not checked: the zip
/// archive's CRC covers the same bytes.
/// Source: HDF5 File Format Specification 3.0, sections III.A.1, IV.A.2.i and IV.A.2.l.
Result<std::vector<std::byte>> read_chunks(const Hdf5Image& image, const Hdf5Dataset& dataset,
                                           uint64_t wanted);

}  // namespace thunderline::cerebros::keras
