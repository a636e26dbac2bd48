#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "thunderline/thunderbolt/ml/onnx_session.h"

namespace thunderline::thunderbolt {

/// Inference with models that came from Keras: load, infer, infer_batch.
/// Thread-safety: any thread. Lifetime: `files` and `clock` must outlive it and its sessions.
class KerasOnnx {
 public:
  KerasOnnx(FileSystem& files, const Clock& clock) : files_(files), clock_(clock) {}

  /// Errors: those of OnnxSession::load.
  Result<std::shared_ptr<const OnnxSession>> load(const std::string& path,
                                                  const LoadOptions& options = {}) const;

  /// Runs a model of one input and one output. Errors: kInvalidArgument for a model of another form
  /// (OnnxSession::run takes those) and for a wrong shape, dtype or rank.
  Result<Output> infer(const OnnxSession& session, const Input& input) const;

  /// As `infer` for each of `inputs`, in one run: they are stacked along the first axis, so all
  /// their other extents must agree. A model with a fixed batch runs once per input instead.
  /// Errors: as `infer`; one bad input fails the batch, and the error says which.
  Result<std::vector<Output>> infer_batch(const OnnxSession& session,
                                          std::span<const Input> inputs) const;

 private:
  FileSystem& files_;
  const Clock& clock_;
};

}  // namespace thunderline::thunderbolt
