#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"
#include "thunderline/cerebros/train/fit.h"

namespace thunderline::cli {

/// What a model is trained or judged on, as it came from an .npz file.
/// Shapes: x [rows, inputs], y [rows, outputs], sample_weight [rows] or empty.
struct TrainingArrays {
  std::vector<float> x;
  std::vector<float> y;
  std::vector<float> sample_weight;
  int64_t rows = 0;
  int64_t inputs = 0;
  int64_t outputs = 0;

  /// Lifetime: that of the arrays.
  cerebros::train::TrainingData view() const { return {x, y, sample_weight, rows}; }
};

/// What a model asks of its data. A width of -1 is whatever the data have.
struct ArrayNames {
  std::string input = "x";   ///< Stands for "x" where the file has it.
  std::string output = "y";  ///< Likewise for "y".
  int64_t inputs = -1;
  int64_t outputs = -1;
};

/// Reads `x`, `y` and, where it is there, `sample_weight`. A vector counts as one column.
/// Errors: those of `read_npz`; kBadData that names the array and says expected and got.
Result<TrainingArrays> load_training_arrays(FileSystem& files, const std::string& path,
                                            const ArrayNames& names);

/// The names and widths of a Keras model.
ArrayNames names_of(const cerebros::keras::Model& model);

}  // namespace thunderline::cli
