#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/onnx/runtime/tensor_value.h"
#include "thunderline/thunderbolt/ml/model_metadata.h"

namespace thunderline::thunderbolt {

/// One version of a model, ready to answer. Immutable. Thread-safety: any thread, any number at once.
class ServedModel {
 public:
  explicit ServedModel(ModelMetadata metadata) : metadata_(std::move(metadata)) {}
  virtual ~ServedModel() = default;
  ServedModel(const ServedModel&) = delete;
  ServedModel& operator=(const ServedModel&) = delete;

  const ModelMetadata& metadata() const { return metadata_; }
  const std::string& name() const { return metadata_.name; }
  int64_t version() const { return metadata_.version; }

  virtual const std::vector<cerebros::onnx::TensorInfo>& inputs() const = 0;
  virtual const std::vector<cerebros::onnx::TensorInfo>& outputs() const = 0;

  /// Shapes: input [rows, w], output [rows, k], the caller's buffers. See OrtSession::run_floats.
  virtual Status run_floats(std::span<const float> input, int64_t rows,
                            std::span<float> output) const = 0;

  /// One tensor per input, in the order of `inputs()`. See OrtSession::run.
  virtual Result<std::vector<cerebros::onnx::TensorValue>> run(
      std::span<const cerebros::onnx::TensorValue> tensors) const = 0;

 private:
  ModelMetadata metadata_;
};

using ModelPtr = std::shared_ptr<const ServedModel>;

/// Where a ModelServer gets its models from. Thread-safety: any thread.
class ModelLoader {
 public:
  virtual ~ModelLoader() = default;

  /// Errors: kNotFound for an unknown name or version; kBadData with the reason.
  virtual Result<std::unique_ptr<const ServedModel>> load(const std::string& name,
                                                          int64_t version) = 0;
};

}  // namespace thunderline::thunderbolt
