#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "thunderline/cerebros/onnx/runtime/tensor_value.h"

namespace thunderline::thunderbolt {

/// What comes out of a model.
struct Output {
  cerebros::onnx::TensorValue tensor;
  std::string name;                             ///< The model's output.
  std::map<std::string, std::string> metadata;  ///< The input's.
  /// Time of the run that made it, which it may share with others of a batch.
  std::chrono::nanoseconds inference_time{0};

  const std::vector<int64_t>& shape() const { return tensor.shape; }
  const std::string& dtype() const { return tensor.dtype; }
};

}  // namespace thunderline::thunderbolt
