#include "thunderline/cerebros/onnx/runtime/onnx_inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_onnx.h"
#include "thunderline/base/random.h"

namespace thunderline::cerebros::onnx {
namespace {

using ::testing::HasSubstr;
using testing::TinyOnnx;
using testing::TinyProto;

std::string refusal(const TinyOnnx& model) {
  const auto info = inspect_onnx(model.build(), "m.onnx");
  if (!info) return to_string(info.error());
  const Status status = check_self_contained(*info, "m.onnx");
  return status ? "" : to_string(status.error());
}

/// An If node whose two branches are `branch`.
TinyProto branch_attribute(const char* name, const TinyProto& branch) {
  return TinyProto().text(1, name).message(6, branch).integer(20, 5);
}

TEST(InspectOnnx, ReadsWhatTheModelSaysOfItself) {
  const auto info =
      inspect_onnx(testing::sigmoid_onnx(40, 0.5f, 1).metadata("study", "s1").build(), "m").value();
  EXPECT_EQ(info.ir_version, 8);
  EXPECT_EQ(info.opsets.at(""), 17);
  EXPECT_EQ(info.producer_name, "tiny");
  EXPECT_EQ(info.model_version, 3);
  EXPECT_EQ(info.graph_name, "g");
  EXPECT_EQ(info.metadata.at("study"), "s1");
  EXPECT_EQ(info.parameter_count, 41);
  EXPECT_EQ(info.op_counts.at("MatMul"), 1);
  const TensorInfo x{"x", "float32", {-1, 40}, {"batch", ""}};
  const TensorInfo y{"y", "float32", {-1, 1}, {"batch", ""}};
  EXPECT_THAT(info.inputs, ::testing::ElementsAre(x));
  EXPECT_THAT(info.outputs, ::testing::ElementsAre(y));
  EXPECT_TRUE(check_self_contained(info, "m"));
}

TEST(InspectOnnx, RefusesForeignOperatorsAndExternalData) {
  EXPECT_THAT(refusal(testing::foreign_onnx(4)), HasSubstr("com.example.Steal"));
  EXPECT_THAT(refusal(testing::external_onnx(4, "../../etc/passwd")), HasSubstr("another file"));
}

TEST(InspectOnnx, LooksIntoTheBranchesOfConditions) {
  TinyProto inner;
  inner.message(1, TinyProto().text(2, "t").text(4, "Steal").text(7, "com.example"));
  inner.message(12, TinyProto().text(1, "t"));
  TinyOnnx hidden;
  hidden.input("c", {1}).output("y", {1}).node("If", {"c"}, {"y"}, "",
                                               {branch_attribute("then_branch", inner)});
  EXPECT_THAT(refusal(hidden), HasSubstr("com.example.Steal"));

  TinyProto outside;
  outside.message(5, TinyOnnx::external_tensor("w", {1}, "w.bin"));
  outside.message(12, TinyProto().text(1, "w"));
  TinyOnnx far;
  far.input("c", {1}).output("y", {1}).node("If", {"c"}, {"y"}, "",
                                            {branch_attribute("else_branch", outside)});
  EXPECT_THAT(refusal(far), HasSubstr("another file"));
}

TEST(InspectOnnx, ABranchMaySeeWhatStandsAroundIt) {
  TinyProto branch;
  branch.message(1, TinyProto().text(1, "c").text(2, "t").text(4, "Identity"));
  branch.message(12, TinyProto().text(1, "t"));
  TinyOnnx model;
  model.input("c", {1}).output("y", {1}).node("If", {"c"}, {"y"}, "",
                                              {branch_attribute("then_branch", branch)});
  EXPECT_EQ(refusal(model), "");
}

TEST(InspectOnnx, RefusesGraphsNestedWithoutEnd) {
  TinyProto graph;
  graph.message(12, TinyProto().text(1, "c"));
  for (int i = 0; i < 40; ++i) {
    TinyProto around;
    around.message(1, TinyProto().text(2, "t" + std::to_string(i)).text(4, "If").message(
                          5, branch_attribute("then_branch", graph)));
    graph = around;
  }
  TinyOnnx model;
  model.input("c", {1}).output("y", {1}).node("If", {"c"}, {"y"}, "",
                                              {branch_attribute("then_branch", graph)});
  EXPECT_THAT(refusal(model), HasSubstr("nested too deep"));
}

TEST(InspectOnnx, RefusesCyclesAndTensorsFromNowhere) {
  TinyOnnx cycle;
  cycle.input("x", {1}).output("y", {1}).node("Add", {"x", "b"}, {"a"}).node("Neg", {"a"}, {"b"});
  EXPECT_THAT(refusal(cycle), HasSubstr("uses \"b\", which nothing before it makes"));
  TinyOnnx none;
  none.input("x", {1}).output("y", {1}).node("Neg", {"x"}, {"z"});
  EXPECT_THAT(refusal(none), HasSubstr("nothing makes the output \"y\""));
  TinyOnnx twice;
  twice.input("x", {1}).output("y", {1}).node("Neg", {"x"}, {"y"}).node("Abs", {"x"}, {"y"});
  EXPECT_THAT(refusal(twice), HasSubstr("two tensors are named \"y\""));
}

TEST(InspectOnnx, RefusesShapesThatTheirBytesDoNotFill) {
  const auto with = [](const TinyProto& tensor) {
    TinyOnnx model = testing::identity_onnx(4);
    return refusal(model.initializer(tensor));
  };
  EXPECT_THAT(with(TinyOnnx::tensor("w", {1 << 20, 1 << 20}, {1})), HasSubstr("has 4 bytes"));
  EXPECT_THAT(with(TinyOnnx::tensor("w", {int64_t{1} << 62, 8}, {1})), HasSubstr("impossible"));
  EXPECT_THAT(with(TinyOnnx::tensor("w", {-3}, {1})), HasSubstr("impossible"));
  EXPECT_THAT(with(TinyProto().integer(1, int64_t{1} << 40).integer(2, 1).text(8, "w")),
              HasSubstr("more elements than the file holds"));
}

TEST(InspectOnnx, RefusesSparseTensorsThatWouldFillTheMemory) {
  const TinyProto sparse = TinyProto()
                               .message(1, TinyOnnx::tensor("s", {1}, {1}))
                               .integer(3, 1 << 20)
                               .integer(3, 1 << 20);
  const TinyProto attribute = TinyProto().text(1, "sparse_value").message(22, sparse);
  TinyOnnx model;
  model.input("x", {1}).output("y", {1}).node("Constant", {}, {"y"}, "", {attribute});
  EXPECT_THAT(refusal(model), HasSubstr("too large"));
}

TEST(InspectOnnx, EveryCutOfAModelIsRefused) {
  const auto model = testing::sigmoid_onnx(8, 1, 0).build();
  // The last message is the operator set: without it there is no model either.
  for (size_t size = 0; size < model.size(); ++size) {
    EXPECT_FALSE(inspect_onnx(std::span(model).first(size), "m")) << size;
  }
  EXPECT_TRUE(inspect_onnx(model, "m"));
}

TEST(InspectOnnx, AnyFlippedByteIsReadOrRefusedWithoutHarm) {
  const auto model = testing::sigmoid_onnx(8, 1, 0).build();
  Random random(7);
  for (int i = 0; i < 20'000; ++i) {
    auto bent = model;
    for (uint64_t k = random.below(4) + 1; k-- > 0;) {
      bent[random.below(bent.size())] = static_cast<std::byte>(random.below(256));
    }
    const auto info = inspect_onnx(bent, "m");
    EXPECT_TRUE(info || info.error().code == ErrorCode::kBadData);
  }
}

}  // namespace
}  // namespace thunderline::cerebros::onnx
