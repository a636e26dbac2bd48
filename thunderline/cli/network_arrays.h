#pragma once

#include <string>

#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/network.h"
#include "thunderline/cerebros/train/network_fit.h"

namespace thunderline::cli {

/// Reads what a network is trained on: an array for each input and each output, by its name (`x`
/// and `y` where there is one), and where it is there `sample_weight`. An output without an array
/// is left empty; training says whether it has a loss. Errors: those of `read_npz`; kBadData that
/// names the array and lists what the file has.
Result<cerebros::train::NetworkData> load_network_arrays(FileSystem& files, const std::string& path,
                                                         const cerebros::keras::Network& network);

}  // namespace thunderline::cli
