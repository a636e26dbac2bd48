#include "thunderline/cerebros/onnx/onnx_writer.h"

#include <gtest/gtest.h>

#include "thunderline/cerebros/onnx/runtime/onnx_inspect.h"

namespace thunderline::cerebros::onnx {
namespace {

const std::vector<float> kTwo = {1.0f, -2.0f};

/// y = x + c, for rows of two.
OnnxModel addition() {
  OnnxModel model;
  model.graph.name = "g";
  model.graph.inputs = {{"x", {{0, "batch"}, {2, ""}}}};
  model.graph.outputs = {{"y", {{0, "batch"}, {2, ""}}}};
  model.graph.initializers = {{"c", {2}, kTwo}};
  model.graph.nodes = {{"add", "Add", {"x", "c"}, {"y"}}};
  model.producer_name = "p";
  model.producer_version = "1";
  model.metadata = {{"b", "2"}, {"a", ""}};
  return model;
}

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(OnnxWriter, WritesTheWireFormatByteForByte) {
  // Each line by hand from onnx.proto: key, length, content.
  const std::string node("\x0a\x01x\x0a\x01" "c\x12\x01y\x1a\x03" "add\x22\x03" "Add", 19);
  const std::string tensor("\x08\x02\x10\x01\x42\x01" "c\x4a\x08\x00\x00\x80\x3f\x00\x00\x00\xc0",
                           17);
  const std::string shape("\x0a\x07\x12\x05" "batch\x0a\x02\x08\x02", 13);
  const std::string type = std::string("\x0a\x11\x08\x01\x12\x0d", 6) + shape;
  const std::string x = std::string("\x0a\x01x\x12\x13", 5) + type;
  const std::string y = std::string("\x0a\x01y\x12\x13", 5) + type;
  const std::string graph = "\x0a\x13" + node + "\x12\x01g\x2a\x11" + tensor + "\x5a\x18" + x +
      "\x62\x18" + y;
  ASSERT_EQ(graph.size(), 21u + 3 + 19 + 26 + 26);
  const std::string want = std::string("\x08\x08\x12\x01p\x1a\x01" "1\x3a\x5f", 10) + graph +
                           std::string("\x42\x04\x0a\x00\x10\x11", 6) +
                           std::string("\x72\x05\x0a\x01" "a\x12\x00", 7) +
                               "\x72\x06\x0a\x01" "b\x12\x01" "2";
  EXPECT_EQ(onnx_bytes(addition()).value(), want);
}

TEST(OnnxWriter, WritesWhatTheInspectorReads) {
  const OnnxModelInfo info = inspect_onnx(bytes(onnx_bytes(addition()).value()), "x").value();
  EXPECT_EQ(info.ir_version, 8);
  EXPECT_EQ(info.opsets.at(""), 17);
  EXPECT_EQ(info.graph_name, "g");
  EXPECT_EQ(info.metadata, addition().metadata);
  EXPECT_EQ(info.parameter_count, 2);
}

TEST(OnnxWriter, RefusesConstantsThatDoNotFillTheirShape) {
  OnnxModel model = addition();
  model.graph.initializers[0].dims = {3};
  EXPECT_EQ(onnx_bytes(model).error().where, "c");
  model.graph.initializers[0].dims = {-2};
  EXPECT_EQ(onnx_bytes(model).error().code, ErrorCode::kInvalidArgument);
}

TEST(OnnxWriter, RefusesMoreThanProtobufCanRead) {
  const std::vector<float> large(1 << 20);
  OnnxModel model = addition();
  for (int i = 0; i < 512; ++i) {  // All borrow the same numbers.
    model.graph.initializers.push_back({"c" + std::to_string(i), {1 << 20}, large});
  }
  EXPECT_EQ(onnx_bytes(model).error().code, ErrorCode::kResourceLimit);
}

}  // namespace
}  // namespace thunderline::cerebros::onnx
