#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/onnx/runtime/onnx_inspect.h"
#include "thunderline/cerebros/onnx/runtime/tensor_value.h"

namespace thunderline::cerebros::onnx {

/// An ONNX model, ready to run in ONNX Runtime on the CPU. Immutable.
/// Thread-safety: any thread, any number at once. Lifetime: keeps no reference to the model's bytes.
class OrtSession {
 public:
  struct Options {
    /// Threads inside one run; they wait without spinning. 1 = the caller's alone; 0 = all cores.
    int intra_op_threads = 1;
    bool optimize = true;  ///< False: the graph runs node by node as it stands.
    /// How far `optimize` goes. Source: ONNX Runtime's GraphOptimizationLevel.
    enum class Level { kBasic, kExtended, kAll } level = Level::kAll;
    /// Keeps freed memory in an arena of the session: faster for large nets, but what one large batch
    /// took is never given back.
    bool cpu_arena = false;
    uint64_t max_model_bytes = uint64_t{1} << 31;  ///< Protobuf's own limit.
  };

  /// Checks the bytes (`inspect_onnx`, `check_self_contained`), then loads them.
  /// Errors: kBadData with the reason, in ONNX Runtime's own words where it is the one that refuses,
  /// and `where`; kResourceLimit for too many bytes; kUnavailable when the library is missing.
  static Result<std::unique_ptr<OrtSession>> create(std::span<const std::byte> model,
                                                    const Options& options,
                                                    const std::string& where);
  ~OrtSession();
  OrtSession(const OrtSession&) = delete;
  OrtSession& operator=(const OrtSession&) = delete;

  const std::vector<TensorInfo>& inputs() const;
  const std::vector<TensorInfo>& outputs() const;

  /// Operator sets, IR version, producer, metadata, parameters.
  const OnnxModelInfo& info() const;
  const std::map<std::string, std::string>& metadata() const { return info().metadata; }

  /// Runs the model on one tensor per input, in the order of `inputs()`; any dtypes but strings.
  /// Errors: kInvalidArgument that names the tensor and says expected and got; kBadData when the
  /// model fails on it.
  Result<std::vector<TensorValue>> run(std::span<const TensorValue> inputs) const;

  /// Whether `run_floats` can run this model: one float32 input and output, each of rank 2.
  bool has_float_rows() const;

  /// Width of the rows that `run_floats` takes and gives; -1 when the model leaves it open or
  /// `has_float_rows` is false.
  int64_t input_width() const;
  int64_t output_width() const;

  /// Runs a model of one float32 input and output on `rows` rows, without copies.
  /// Shapes: input [rows, w], output [rows, k], both row-major and owned by the caller.
  /// Errors: kInvalidArgument that says expected and got; kBadData when the model fails, or gives
  /// another shape. `output` is then unspecified.
  Status run_floats(std::span<const float> input, int64_t rows, std::span<float> output) const;

 private:
  struct Impl;
  explicit OrtSession(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

/// The version of the ONNX Runtime that is in use, e.g. "1.30.0". Errors: kUnavailable.
Result<std::string> onnxruntime_version();

/// The path from which it was opened. Errors: kUnavailable.
Result<std::string> onnxruntime_path();

}  // namespace thunderline::cerebros::onnx
