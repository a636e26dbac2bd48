#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/onnx/runtime/tensor_value.h"

namespace thunderline::thunderbolt {

/// What goes into a model: a typed tensor, and what its sender wants to remember of it.
struct Input {
  cerebros::onnx::TensorValue tensor;
  std::string name;                             ///< The model's input; empty = by position.
  std::map<std::string, std::string> metadata;  ///< Travels to the output unchanged.

  const std::vector<int64_t>& shape() const { return tensor.shape; }
  const std::string& dtype() const { return tensor.dtype; }

  /// Rows of float32. Shapes: values [n, width] row-major. Errors: kInvalidArgument when `values`
  /// is not a whole number of rows.
  static Result<Input> of_rows(std::span<const float> values, int64_t width);
};

}  // namespace thunderline::thunderbolt
