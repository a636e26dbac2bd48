#pragma once

#include <cstdint>
#include <map>
#include <memory>
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

/// An input or output of the graph. `dtype`: TensorProto.DataType, float32 by default.
struct OnnxValue {
  std::string name;
  std::vector<OnnxDim> shape;
  int64_t dtype = 1;
};

/// A constant, stored in the file: float32 of `data` (borrowed), or, of another `dtype`, the raw
/// little-endian elements in `raw`. Empty dims: a scalar.
struct OnnxInitializer {
  std::string name;
  std::vector<int64_t> dims;
  std::span<const float> data;
  int64_t dtype = 1;
  std::string raw = {};
};

struct OnnxGraph;

/// An attribute of an operator; `type` is AttributeProto.AttributeType.
struct OnnxAttribute {
  enum Type : int64_t { kFloat = 1, kInt = 2, kText = 3, kGraph = 5, kInts = 7 };
  std::string name;
  Type type = kInt;
  std::vector<int64_t> ints = {};
  float number = 0;
  std::string text = {};
  std::shared_ptr<const OnnxGraph> graph = {};
};

/// One operator of ONNX's own domain.
struct OnnxNode {
  std::string name;
  std::string op_type;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<OnnxAttribute> attributes = {};
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
