#pragma once

#include <span>
#include <string>
#include <vector>

#include "thunderline/base/file_system.h"
#include "thunderline/base/npz.h"
#include "thunderline/base/result.h"
#include "thunderline/cerebros/onnx/runtime/tensor_value.h"

namespace thunderline::cli {

/// Reads one tensor per `infos` from `path`: JSON `{"name":[[…]]}` where it ends in .json, else an
/// .npz with one array per input by name, or a single array for a single input. Numbers are turned
/// into the declared type. Errors: kNotFound; kBadData for a file that is broken, a missing input, a
/// ragged list, a number that the type does not hold.
Result<std::vector<cerebros::onnx::TensorValue>> read_tensors(
    FileSystem& files, const std::string& path, std::span<const cerebros::onnx::TensorInfo> infos);

/// `values` as an array of the .npz, in the type `dtype`. Errors: kBadData that begins with `what`.
Result<cerebros::onnx::TensorValue> to_tensor(const NpyArray& array, const std::string& dtype,
                                              const std::string& what);

/// Writes the tensors under the names of `infos`, as JSON or .npz by the path's ending.
Status write_tensors(FileSystem& files, const std::string& path,
                     std::span<const cerebros::onnx::TensorInfo> infos,
                     std::span<const cerebros::onnx::TensorValue> tensors);

/// `{"name":[[…]]}`; numbers that are not finite are null.
Result<std::string> tensors_json(std::span<const cerebros::onnx::TensorInfo> infos,
                                 std::span<const cerebros::onnx::TensorValue> tensors);

}  // namespace thunderline::cli
