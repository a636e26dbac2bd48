#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/model.h"

namespace thunderline::cerebros::onnx {

struct VerifyOptions {
  double tolerance = 1e-4;  ///< Of the output's scale.
  uint64_t seed = 1;        ///< Of the random inputs.
};

/// How far an ONNX model was from its Keras model.
struct VerifyReport {
  double max_error = 0.0;  ///< max |got − want| / max(max |want|, 1e-3), the worst batch.
  double tolerance = 0.0;
  int64_t rows = 0;  ///< Rows compared.
};

/// Compares the native forward pass with ONNX Runtime on standard normal inputs, in batches of 1
/// and of 3 rows. `where` names the ONNX model in errors.
/// Errors: kBadData when ONNX Runtime refuses the model, its widths differ, or it is further off
/// than the tolerance; kUnavailable when ONNX Runtime is missing.
Result<VerifyReport> verify(const keras::Model& model, std::span<const std::byte> onnx,
                            const std::string& where, const VerifyOptions& options = {});

}  // namespace thunderline::cerebros::onnx
