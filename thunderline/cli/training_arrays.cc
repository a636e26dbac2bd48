#include "thunderline/cli/training_arrays.h"

#include "thunderline/base/npz.h"
#include "thunderline/cerebros/onnx/runtime/tensor_value.h"

namespace thunderline::cli {
namespace {

struct Matrix {
  std::vector<float> values;
  int64_t rows = 0;
  int64_t width = 0;
};

Result<const NpyArray*> find_array(const NpzArrays& arrays, const std::string& name,
                                   const std::string& fallback, const std::string& path) {
  for (const std::string& candidate : {name, fallback}) {
    if (const auto it = arrays.find(candidate); it != arrays.end()) return &it->second;
  }
  std::string present;
  for (const auto& [key, array] : arrays) present += (present.empty() ? "" : ", ") + key;
  return fail(ErrorCode::kBadData, "there is no array \"" + fallback + "\"", path,
              "the file has: " + (present.empty() ? "nothing" : present));
}

Result<Matrix> to_matrix(const NpyArray& array, const std::string& name, int64_t width,
                         const std::string& path) {
  const size_t rank = array.shape.size();
  const bool fits = (rank == 1 || rank == 2) && (width < 0 || (rank == 1 ? 1 : array.shape[1]) == width);
  if (!fits) {
    return fail(ErrorCode::kBadData,
                "the array \"" + name + "\" has the wrong shape: expected " +
                    cerebros::onnx::shape_text(std::vector<int64_t>{-1, width}) + ", got " +
                    cerebros::onnx::shape_text(array.shape),
                path);
  }
  return Matrix{array.to_floats(), array.shape[0], rank == 1 ? 1 : array.shape[1]};
}

Status check_rows(const std::string& name, int64_t rows, int64_t expected,
                  const std::string& path) {
  if (rows == expected) return {};
  return fail(ErrorCode::kBadData,
              "the array \"" + name + "\" has " + std::to_string(rows) + " rows, x has " +
                  std::to_string(expected),
              path, "give every row of x its own");
}

}  // namespace

Result<TrainingArrays> load_training_arrays(FileSystem& files, const std::string& path,
                                            const ArrayNames& names) {
  TL_ASSIGN_OR_RETURN(const NpzArrays arrays, read_npz(files, path));
  TL_ASSIGN_OR_RETURN(const NpyArray* x, find_array(arrays, names.input, "x", path));
  TL_ASSIGN_OR_RETURN(const NpyArray* y, find_array(arrays, names.output, "y", path));
  TL_ASSIGN_OR_RETURN(Matrix inputs, to_matrix(*x, "x", names.inputs, path));
  TL_ASSIGN_OR_RETURN(Matrix outputs, to_matrix(*y, "y", names.outputs, path));
  TL_RETURN_IF_ERROR(check_rows("y", outputs.rows, inputs.rows, path));
  if (inputs.rows == 0) return fail(ErrorCode::kBadData, "there are no rows", path);
  TrainingArrays result{std::move(inputs.values), std::move(outputs.values), {}, inputs.rows,
                        inputs.width, outputs.width};
  if (const auto weights = arrays.find("sample_weight"); weights != arrays.end()) {
    TL_ASSIGN_OR_RETURN(Matrix matrix, to_matrix(weights->second, "sample_weight", 1, path));
    TL_RETURN_IF_ERROR(check_rows("sample_weight", matrix.rows, result.rows, path));
    result.sample_weight = std::move(matrix.values);
  }
  return result;
}

ArrayNames names_of(const cerebros::keras::Model& model) {
  return {model.input_name(), model.output_name(), model.input_width(), model.output_width()};
}

}  // namespace thunderline::cli
