#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/model.h"
#include "thunderline/cerebros/keras/network.h"
#include "thunderline/cerebros/onnx/runtime/ort_session.h"

namespace thunderline::cli {

/// A model that answers, from an ONNX file or a Keras archive. Immutable.
class AnyModel {
 public:
  /// Loads `*.onnx` or `*.keras`. Errors: kInvalidArgument for another name; those of the loaders.
  static Result<AnyModel> load(FileSystem& files, const std::string& path);

  const std::vector<cerebros::onnx::TensorInfo>& inputs() const { return inputs_; }
  const std::vector<cerebros::onnx::TensorInfo>& outputs() const { return outputs_; }

  /// The Keras model, where it is a chain of dense layers.
  const std::optional<cerebros::keras::Model>& keras() const { return keras_; }

  /// The ONNX model's session, or null.
  const cerebros::onnx::OrtSession* session() const { return session_.get(); }

  /// One tensor per output for one per input, in order.
  /// Errors: kInvalidArgument that names the tensor and says expected and got; kBadData.
  Result<std::vector<cerebros::onnx::TensorValue>> run(
      std::span<const cerebros::onnx::TensorValue> tensors) const;

 private:
  std::vector<cerebros::onnx::TensorInfo> inputs_;
  std::vector<cerebros::onnx::TensorInfo> outputs_;
  std::optional<cerebros::keras::Model> keras_;
  std::optional<cerebros::keras::Network> network_;
  std::unique_ptr<const cerebros::onnx::OrtSession> session_;
};

}  // namespace thunderline::cli
