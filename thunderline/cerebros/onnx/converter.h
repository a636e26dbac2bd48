#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/model.h"

namespace thunderline::cerebros::onnx {

inline constexpr int64_t kMinOpset = 13;
inline constexpr int64_t kMaxOpset = 21;

struct ConvertOptions {
  int64_t opset = 17;  ///< Range: [kMinOpset, kMaxOpset].
  std::string producer_name = "thunderline";
  std::string producer_version = "0.1.0";
  std::map<std::string, std::string> metadata_props;  ///< Kept in the file as they are.
};

/// The IR version that belongs to an operator set: 8 for 17. Source: onnx.helper.VERSION_TABLE.
/// Errors: kInvalidArgument outside of [kMinOpset, kMaxOpset].
Result<int64_t> ir_version_of(int64_t opset);

struct OnnxGraph;

/// The graph as an ONNX file. Errors: those of `ir_version_of` and `onnx_bytes`.
Result<std::string> onnx_file(OnnxGraph graph, const ConvertOptions& options);

/// The ONNX file of a model: operators of ONNX's own domain only, weights inside, a free batch axis
/// called "batch", input and output named as Keras names them, nodes "layer/Operator". Dropout, the
/// identity at inference, is left out. gelu is written by Erf, silu as x · Sigmoid(x).
/// Shapes: input [batch, model.input_width()], output [batch, model.output_width()], float32.
/// Errors: kInvalidArgument when `validate(model)` fails or the opset is out of range;
/// kResourceLimit for 2 GiB and more.
Result<std::string> to_onnx(const keras::Model& model, const ConvertOptions& options = {});

}  // namespace thunderline::cerebros::onnx
