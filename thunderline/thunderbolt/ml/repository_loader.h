#pragma once

#include <memory>
#include <string>

#include "thunderline/thunderbolt/ml/model_repository.h"
#include "thunderline/thunderbolt/ml/onnx_session.h"
#include "thunderline/thunderbolt/ml/served_model.h"

namespace thunderline::thunderbolt {

/// A served model over an ONNX session.
class OnnxServedModel final : public ServedModel {
 public:
  OnnxServedModel(ModelMetadata metadata, std::unique_ptr<const OnnxSession> session)
      : ServedModel(std::move(metadata)), session_(std::move(session)) {}

  const OnnxSession& session() const { return *session_; }

  const std::vector<cerebros::onnx::TensorInfo>& inputs() const override {
    return session_->inputs();
  }
  const std::vector<cerebros::onnx::TensorInfo>& outputs() const override {
    return session_->outputs();
  }
  Status run_floats(std::span<const float> input, int64_t rows,
                    std::span<float> output) const override {
    return session_->runtime().run_floats(input, rows, output);
  }
  Result<std::vector<cerebros::onnx::TensorValue>> run(
      std::span<const cerebros::onnx::TensorValue> tensors) const override {
    return session_->runtime().run(tensors);
  }

 private:
  std::unique_ptr<const OnnxSession> session_;
};

/// Loads a model's bytes; what they say of themselves fills in and overrules `metadata`: opset,
/// ir_version, inputs, outputs, parameters.
Result<std::unique_ptr<const OnnxServedModel>> load_stored_model(StoredModel stored,
                                                                 const LoadOptions& options,
                                                                 const Clock& clock);

/// Loads versions out of a repository. Lifetime: `repository` and `clock` must outlive it.
class RepositoryLoader final : public ModelLoader {
 public:
  RepositoryLoader(const ModelRepository& repository, LoadOptions options, const Clock& clock)
      : repository_(repository), options_(std::move(options)), clock_(clock) {}

  Result<std::unique_ptr<const ServedModel>> load(const std::string& name,
                                                  int64_t version) override;

 private:
  const ModelRepository& repository_;
  LoadOptions options_;
  const Clock& clock_;
};

}  // namespace thunderline::thunderbolt
