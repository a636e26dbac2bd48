#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"
#include "thunderline/cerebros/onnx/runtime/ort_session.h"
#include "thunderline/thunderbolt/ml/input.h"
#include "thunderline/thunderbolt/ml/output.h"

namespace thunderline::thunderbolt {

/// How to load a model.
struct LoadOptions {
  std::string device = "cpu";                    ///< The only one that there is.
  std::vector<std::string> providers = {"cpu"};  ///< Tried in order; the first known one is taken.
  enum class Optimization { kNone, kBasic, kExtended, kAll } optimization = Optimization::kAll;
  int intra_op_threads = 1;  ///< 0 = all cores.
  bool cpu_arena = false;    ///< See OrtSession::Options.
  uint64_t max_model_bytes = uint64_t{1} << 31;
};

/// A model loaded into ONNX Runtime in this process. Immutable. Thread-safety: any thread, any number
/// at once. Lifetime: `clock` must outlive it.
class OnnxSession {
 public:
  /// Loads the file `path`. Errors: those of `from_bytes`, and of reading.
  static Result<std::unique_ptr<OnnxSession>> load(FileSystem& files, const std::string& path,
                                                   const LoadOptions& options, const Clock& clock);

  /// Errors: kBadData with the reason and `where`; kInvalidArgument for a device or provider that is
  /// not there; kUnavailable when ONNX Runtime is missing; kResourceLimit for too many bytes.
  static Result<std::unique_ptr<OnnxSession>> from_bytes(std::span<const std::byte> model,
                                                         const LoadOptions& options,
                                                         const Clock& clock,
                                                         const std::string& where);

  const std::vector<cerebros::onnx::TensorInfo>& inputs() const { return session_->inputs(); }
  const std::vector<cerebros::onnx::TensorInfo>& outputs() const { return session_->outputs(); }

  /// Operator sets, IR version, producer, parameters, the model's own metadata.
  const cerebros::onnx::OnnxModelInfo& metadata() const { return session_->info(); }

  /// The layer below: for callers that have buffers of their own.
  const cerebros::onnx::OrtSession& runtime() const { return *session_; }

  /// Runs the model on one Input per input of the model, by name or by position.
  /// Returns one Output per output; the inputs' metadata are merged into each.
  /// Errors: kInvalidArgument that names the tensor and says expected and got; kBadData when the
  /// model fails.
  Result<std::vector<Output>> run(std::span<const Input> inputs) const;

 private:
  OnnxSession(std::unique_ptr<cerebros::onnx::OrtSession> session, const Clock& clock)
      : session_(std::move(session)), clock_(clock) {}
  Result<size_t> position(const Input& input, size_t given_at) const;

  std::unique_ptr<cerebros::onnx::OrtSession> session_;
  const Clock& clock_;
};

}  // namespace thunderline::thunderbolt
