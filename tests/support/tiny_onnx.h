#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thunderline::testing {

/// A protobuf message under construction (protobuf.dev, "Encoding").
class TinyProto {
 public:
  TinyProto& integer(int field, int64_t value) {
    varint(static_cast<uint64_t>(field) << 3);
    varint(static_cast<uint64_t>(value));
    return *this;
  }
  TinyProto& text(int field, std::string_view value) {
    varint(static_cast<uint64_t>(field) << 3 | 2);
    varint(value.size());
    bytes_.append(value);
    return *this;
  }
  TinyProto& message(int field, const TinyProto& value) { return text(field, value.bytes_); }

  const std::string& bytes() const { return bytes_; }

 private:
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

inline constexpr int kOnnxFloat = 1;
inline constexpr int kOnnxInt64 = 7;

/// Builds small ONNX models for tests, sound ones and liars (onnx.proto3). Everything is written as
/// told: nothing is checked. A dimension of -1 is the symbol "batch".
class TinyOnnx {
 public:
  TinyOnnx& input(const std::string& name, const std::vector<int64_t>& shape,
                  int type = kOnnxFloat) {
    graph_.message(11, value_info(name, shape, type));
    return *this;
  }
  TinyOnnx& output(const std::string& name, const std::vector<int64_t>& shape,
                   int type = kOnnxFloat) {
    graph_.message(12, value_info(name, shape, type));
    return *this;
  }
  TinyOnnx& node(const std::string& op, const std::vector<std::string>& inputs,
                 const std::vector<std::string>& outputs, const std::string& domain = "",
                 const std::vector<TinyProto>& attributes = {}) {
    TinyProto node;
    for (const std::string& name : inputs) node.text(1, name);
    for (const std::string& name : outputs) node.text(2, name);
    node.text(3, op + "_" + outputs.front()).text(4, op);
    for (const TinyProto& attribute : attributes) node.message(5, attribute);
    if (!domain.empty()) node.text(7, domain);
    graph_.message(1, node);
    return *this;
  }
  TinyOnnx& initializer(const TinyProto& tensor) {
    graph_.message(5, tensor);
    return *this;
  }
  TinyOnnx& initializer(const std::string& name, const std::vector<int64_t>& shape,
                        const std::vector<float>& values) {
    return initializer(tensor(name, shape, values));
  }
  TinyOnnx& opset(const std::string& domain, int64_t version) {
    opsets_.message(8, TinyProto().text(1, domain).integer(2, version));
    return *this;
  }
  TinyOnnx& metadata(const std::string& key, const std::string& value) {
    extra_.message(14, TinyProto().text(1, key).text(2, value));
    return *this;
  }

  std::vector<std::byte> build() const {
    TinyProto model;
    model.integer(1, 8).text(2, "tiny").text(3, "1").integer(5, 3);
    TinyProto graph = graph_;
    model.message(7, graph.text(2, "g"));
    model.message(8, TinyProto().text(1, "").integer(2, 17));
    const std::string all = model.bytes() + opsets_.bytes() + extra_.bytes();
    const auto view = std::as_bytes(std::span(all.data(), all.size()));
    return {view.begin(), view.end()};
  }

  static TinyProto tensor(const std::string& name, const std::vector<int64_t>& shape,
                          const std::vector<float>& values) {
    TinyProto tensor;
    for (const int64_t extent : shape) tensor.integer(1, extent);
    std::string raw(values.size() * sizeof(float), '\0');
    if (!values.empty()) std::memcpy(raw.data(), values.data(), raw.size());
    return tensor.integer(2, kOnnxFloat).text(8, name).text(9, raw);
  }

  /// A float tensor that says its data lie in the file `location`.
  static TinyProto external_tensor(const std::string& name, const std::vector<int64_t>& shape,
                                   const std::string& location) {
    TinyProto tensor;
    for (const int64_t extent : shape) tensor.integer(1, extent);
    return tensor.integer(2, kOnnxFloat)
        .text(8, name)
        .message(13, TinyProto().text(1, "location").text(2, location))
        .integer(14, 1);
  }

 private:
  static TinyProto value_info(const std::string& name, const std::vector<int64_t>& shape,
                              int type) {
    TinyProto dims;
    for (const int64_t extent : shape) {
      dims.message(1, extent < 0 ? TinyProto().text(2, "batch") : TinyProto().integer(1, extent));
    }
    const TinyProto tensor = TinyProto().integer(1, type).message(2, dims);
    return TinyProto().text(1, name).message(2, TinyProto().message(1, tensor));
  }

  TinyProto graph_;
  TinyProto opsets_;
  TinyProto extra_;
};

/// y = sigmoid(x·W + b) with x [batch, width], y [batch, 1], every weight `weight`, bias `bias`.
inline TinyOnnx sigmoid_onnx(int64_t width, float weight, float bias) {
  TinyOnnx model;
  model.input("x", {-1, width})
      .output("y", {-1, 1})
      .initializer("W", {width, 1}, std::vector<float>(static_cast<size_t>(width), weight))
      .initializer("b", {1}, {bias})
      .node("MatMul", {"x", "W"}, {"xw"})
      .node("Add", {"xw", "b"}, {"z"})
      .node("Sigmoid", {"z"}, {"y"});
  return model;
}

/// y = x, both [batch, width].
inline TinyOnnx identity_onnx(int64_t width) {
  TinyOnnx model;
  model.input("x", {-1, width}).output("y", {-1, width}).node("Identity", {"x"}, {"y"});
  return model;
}

/// As `sigmoid_onnx`, but every answer is NaN.
inline TinyOnnx nan_onnx(int64_t width) { return sigmoid_onnx(width, 0, __builtin_nanf("")); }

/// One operator that the domain com.example would have to define.
inline TinyOnnx foreign_onnx(int64_t width) {
  TinyOnnx model;
  model.input("x", {-1, width})
      .output("y", {-1, 1})
      .node("Steal", {"x"}, {"y"}, "com.example")
      .opset("com.example", 1);
  return model;
}

/// One operator that ONNX does not have.
inline TinyOnnx unknown_op_onnx(int64_t width) {
  TinyOnnx model;
  model.input("x", {-1, width}).output("y", {-1, 1}).node("NoSuchOp", {"x"}, {"y"});
  return model;
}

/// As `sigmoid_onnx`, but the weights lie in the file `location`.
inline TinyOnnx external_onnx(int64_t width, const std::string& location) {
  TinyOnnx model;
  model.input("x", {-1, width})
      .output("y", {-1, 1})
      .initializer(TinyOnnx::external_tensor("W", {width, 1}, location))
      .node("MatMul", {"x", "W"}, {"y"});
  return model;
}

}  // namespace thunderline::testing
