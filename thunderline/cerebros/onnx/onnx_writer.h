#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline::cerebros::onnx {

/// One axis of a value: a fixed extent, or a name for one that is free ("batch").
struct OnnxDim {
  int64_t extent = 0;
  std::string name;  ///< When not empty, the axis is free and `extent` means nothing.
};

/// A float32 input or output of the graph.
struct OnnxValue {
  std::string name;
  std::vector<OnnxDim> shape;
};

/// A float32 constant, stored in the file. Lifetime: `data` is borrowed. Empty dims: a scalar.
struct OnnxInitializer {
  std::string name;
  std::vector<int64_t> dims;
  std::span<const float> data;
};

/// One operator of ONNX's own domain, without attributes (no operator in use here has any).
struct OnnxNode {
  std::string name;
  std::string op_type;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
};

struct OnnxGraph {
  std::string name;
  std::vector<OnnxNode> nodes;  ///< Each uses only what stands before it.
  std::vector<OnnxInitializer> initializers;
  std::vector<OnnxValue> inputs;
  std::vector<OnnxValue> outputs;
};

struct OnnxModel {
  OnnxGraph graph;
  int64_t opset = 17;
  int64_t ir_version = 8;
  std::string producer_name;
  std::string producer_version;
  std::map<std::string, std::string> metadata;  ///< metadata_props.
};

/// The model as an ONNX file: protobuf's wire format, fields in order of their numbers, the same
/// bytes for the same model. Source: onnx/onnx.proto (IR version 8); protobuf.dev, "Encoding".
/// Errors: kResourceLimit when the file would have 2 GiB or more, which protobuf cannot read;
/// kInvalidArgument when a constant's data do not fill its dims.
Result<std::string> onnx_bytes(const OnnxModel& model);

}  // namespace thunderline::cerebros::onnx
