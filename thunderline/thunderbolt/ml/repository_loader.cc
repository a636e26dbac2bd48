#include "thunderline/thunderbolt/ml/repository_loader.h"

namespace thunderline::thunderbolt {

Result<std::unique_ptr<const OnnxServedModel>> load_stored_model(StoredModel stored,
                                                                 const LoadOptions& options,
                                                                 const Clock& clock) {
  TL_ASSIGN_OR_RETURN(std::unique_ptr<const OnnxSession> session,
                      OnnxSession::from_bytes(stored.onnx, options, clock, stored.path));
  const cerebros::onnx::OnnxModelInfo& info = session->metadata();
  ModelMetadata metadata = std::move(stored.metadata);
  metadata.opset = info.opsets.at("");
  metadata.ir_version = info.ir_version;
  metadata.parameters = info.parameter_count;
  metadata.inputs = session->inputs();
  metadata.outputs = session->outputs();
  return std::make_unique<const OnnxServedModel>(std::move(metadata), std::move(session));
}

Result<std::unique_ptr<const ServedModel>> RepositoryLoader::load(const std::string& name,
                                                                  int64_t version) {
  TL_ASSIGN_OR_RETURN(StoredModel stored, repository_.read(name, version));
  return load_stored_model(std::move(stored), options_, clock_);
}

}  // namespace thunderline::thunderbolt
