#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/onnx/runtime/tensor_value.h"

namespace thunderline::cerebros::onnx {

/// What the bytes of an ONNX model say of it, read without a runtime.
struct OnnxModelInfo {
  int64_t ir_version = 0;
  std::string producer_name;
  std::string producer_version;
  int64_t model_version = 0;
  std::string graph_name;
  std::map<std::string, int64_t> opsets;         ///< Operator set version by domain; "" = ONNX.
  std::map<std::string, std::string> metadata;   ///< metadata_props.
  std::map<std::string, int64_t> op_counts;      ///< By op type; "domain.Type" outside ONNX.
  std::vector<std::string> foreign_ops;          ///< The keys of op_counts outside ONNX's domain.
  std::vector<std::string> external_tensors;     ///< Tensors whose data lie in other files.
  std::vector<TensorInfo> inputs;                ///< Without initialisers.
  std::vector<TensorInfo> outputs;
  int64_t parameter_count = 0;                   ///< Elements of the main graph's initialisers.
};

/// Reads a model's protobuf (onnx.proto3) without trusting it: bounded depth, no allocation larger
/// than the file, every length checked. Shapes of stored tensors must match their bytes, every node
/// may use only what stands before it (which rules out cycles), ids are checked in sub-graphs too.
/// Errors: kBadData that says what is broken, with `where`.
Result<OnnxModelInfo> inspect_onnx(std::span<const std::byte> model, const std::string& where);

/// Whether the product may run this model: nothing outside the file, no operators but ONNX's own.
/// Errors: kBadData that names the tensor or operator.
Status check_self_contained(const OnnxModelInfo& info, const std::string& where);

}  // namespace thunderline::cerebros::onnx
