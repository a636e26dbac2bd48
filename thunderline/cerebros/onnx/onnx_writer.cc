#include "thunderline/cerebros/onnx/onnx_writer.h"

#include <bit>
#include <cstring>
#include <string_view>

namespace thunderline::cerebros::onnx {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr uint64_t kMaxBytes = (uint64_t{1} << 31) - 1;
constexpr uint64_t kSpareBytes = uint64_t{1} << 20;  // For what is not a constant.
constexpr int64_t kFloat = 1;                        // TensorProto.DataType.FLOAT

/// Appends fields of one protobuf message.
class ProtoWriter {
 public:
  void integer(uint32_t field, int64_t value) {
    varint(uint64_t{field} << 3);
    varint(static_cast<uint64_t>(value));
  }

  void text(uint32_t field, std::string_view value) {
    varint(uint64_t{field} << 3 | 2);
    varint(value.size());
    bytes_.append(value);
  }

  void number(uint32_t field, float value) {
    varint(uint64_t{field} << 3 | 5);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }

  void message(uint32_t field, const ProtoWriter& value) { text(field, value.bytes_); }

  std::string take() { return std::move(bytes_); }

 private:
  void varint(uint64_t value) {
    while (value >= 0x80) {
      bytes_ += static_cast<char>(value | 0x80);
      value >>= 7;
    }
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

ProtoWriter graph_proto(const OnnxGraph& graph);

ProtoWriter attribute_proto(const OnnxAttribute& attribute) {
  ProtoWriter proto;
  proto.text(1, attribute.name);
  switch (attribute.type) {
    case OnnxAttribute::kFloat: proto.number(2, attribute.number); break;
    case OnnxAttribute::kInt: proto.integer(3, attribute.ints.front()); break;
    case OnnxAttribute::kText: proto.text(4, attribute.text); break;
    case OnnxAttribute::kGraph: proto.message(6, graph_proto(*attribute.graph)); break;
    case OnnxAttribute::kInts:
      for (const int64_t value : attribute.ints) proto.integer(8, value);
      break;
  }
  proto.integer(20, attribute.type);
  return proto;
}

ProtoWriter node_proto(const OnnxNode& node) {
  ProtoWriter proto;
  for (const std::string& input : node.inputs) proto.text(1, input);
  for (const std::string& output : node.outputs) proto.text(2, output);
  proto.text(3, node.name);
  proto.text(4, node.op_type);
  for (const OnnxAttribute& attribute : node.attributes) {
    proto.message(5, attribute_proto(attribute));
  }
  return proto;
}

ProtoWriter tensor_proto(const OnnxInitializer& tensor) {
  ProtoWriter proto;
  for (const int64_t extent : tensor.dims) proto.integer(1, extent);
  proto.integer(2, tensor.dtype);
  proto.text(8, tensor.name);
  if (tensor.dtype != kFloat) {
    proto.text(9, tensor.raw);
    return proto;
  }
  proto.text(9, {reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size_bytes()});
  return proto;
}

ProtoWriter value_proto(const OnnxValue& value) {
  ProtoWriter shape;
  for (const OnnxDim& dim : value.shape) {
    ProtoWriter proto;
    if (dim.name.empty()) {
      proto.integer(1, dim.extent);
    } else {
      proto.text(2, dim.name);
    }
    shape.message(1, proto);
  }
  ProtoWriter tensor;
  tensor.integer(1, value.dtype);
  tensor.message(2, shape);
  ProtoWriter type;
  type.message(1, tensor);
  ProtoWriter proto;
  proto.text(1, value.name);
  proto.message(2, type);
  return proto;
}

ProtoWriter graph_proto(const OnnxGraph& graph) {
  ProtoWriter proto;
  for (const OnnxNode& node : graph.nodes) proto.message(1, node_proto(node));
  proto.text(2, graph.name);
  for (const OnnxInitializer& tensor : graph.initializers) proto.message(5, tensor_proto(tensor));
  for (const OnnxValue& input : graph.inputs) proto.message(11, value_proto(input));
  for (const OnnxValue& output : graph.outputs) proto.message(12, value_proto(output));
  return proto;
}

/// Before anything is copied: nobody can read a protobuf message of 2 GiB.
Status check_constants(const OnnxGraph& graph) {
  uint64_t bytes = kSpareBytes;
  for (const OnnxInitializer& tensor : graph.initializers) {
    uint64_t size = 1;
    for (const int64_t extent : tensor.dims) {
      if (extent < 0 || __builtin_mul_overflow(size, static_cast<uint64_t>(extent), &size)) {
        size = ~uint64_t{0};
      }
    }
    if (tensor.dtype == kFloat && size != tensor.data.size()) {
      return fail(ErrorCode::kInvalidArgument, "the constant's data do not fill its shape",
                  tensor.name);
    }
    bytes += tensor.data.size_bytes() + tensor.raw.size();
    if (bytes > kMaxBytes) {
      return fail(ErrorCode::kResourceLimit, "the model's weights exceed ONNX's limit of 2 GiB",
                  tensor.name);
    }
  }
  return {};
}

}  // namespace

Result<std::string> onnx_bytes(const OnnxModel& model) {
  TL_RETURN_IF_ERROR(check_constants(model.graph));
  ProtoWriter opset;
  opset.text(1, "");  // The default domain: ONNX's own operators.
  opset.integer(2, model.opset);
  ProtoWriter proto;
  proto.integer(1, model.ir_version);
  proto.text(2, model.producer_name);
  proto.text(3, model.producer_version);
  proto.message(7, graph_proto(model.graph));
  proto.message(8, opset);
  for (const auto& [key, value] : model.metadata) {
    ProtoWriter entry;
    entry.text(1, key);
    entry.text(2, value);
    proto.message(14, entry);
  }
  std::string bytes = proto.take();
  if (bytes.size() > kMaxBytes) {
    return fail(ErrorCode::kResourceLimit, "the model exceeds ONNX's limit of 2 GiB",
                model.graph.name);
  }
  return bytes;
}

}  // namespace thunderline::cerebros::onnx
