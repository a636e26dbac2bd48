#pragma once

#include <string>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/network.h"
#include "thunderline/cerebros/onnx/converter.h"
#include "thunderline/cerebros/onnx/runtime/tensor_value.h"
#include "thunderline/cerebros/onnx/verify.h"

namespace thunderline::cerebros::onnx {

/// The ONNX file of any network: its inference graph, operator by operator, inputs and outputs named
/// as Keras names them. Free axes: "batch", and for others the input's name and the axis.
/// Errors: as for a `keras::Model`.
Result<std::string> to_onnx(const keras::Network& network, const ConvertOptions& options = {});

/// As for a `keras::Model`: random inputs (whole numbers in [0, 2) for integer inputs, 7 cells along
/// free axes), every output. `rows` counts batches.
Result<VerifyReport> verify(const keras::Network& network, std::span<const std::byte> onnx,
                            const std::string& where, const VerifyOptions& options = {});

/// The network's native forward pass on tensors as ONNX Runtime takes and gives them.
/// Errors: as `keras::predict`.
Result<std::vector<TensorValue>> run_natively(const keras::Network& network,
                                              std::span<const TensorValue> inputs);

}  // namespace thunderline::cerebros::onnx
