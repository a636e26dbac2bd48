#include "thunderline/cerebros/onnx/converter.h"

#include <gtest/gtest.h>

#include "tests/support/keras_models.h"
#include "thunderline/cerebros/keras/forward.h"
#include "thunderline/cerebros/onnx/runtime/ort_session.h"
#include "thunderline/cerebros/onnx/verify.h"

namespace thunderline::cerebros::onnx {
namespace {

using keras::Activation;
using keras::Dropout;
using keras::InputLayer;
using keras::Model;
using testing::random_dense;
using testing::random_mlp;

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

OnnxModelInfo inspect(const Model& model, const ConvertOptions& options = {}) {
  return inspect_onnx(bytes(to_onnx(model, options).value()), "x").value();
}

/// x[4] → a (7) → b (3), both with the activation.
Model two_layers(Activation activation, bool use_bias) {
  Random random(static_cast<uint64_t>(activation) + 10);
  Model model;
  model.layers.push_back(InputLayer{"x", 4});
  model.layers.push_back(random_dense("a", 4, 7, activation, random, use_bias));
  model.layers.push_back(random_dense("b", 7, 3, activation, random, use_bias));
  return model;
}

class EveryOpset : public ::testing::TestWithParam<int64_t> {};

TEST_P(EveryOpset, AgreesWithTheForwardPassForEveryActivation) {
  for (const Activation activation : {Activation::kLinear, Activation::kRelu, Activation::kGelu,
                                      Activation::kSilu,
                                      Activation::kSigmoid, Activation::kTanh}) {
    for (const bool use_bias : {true, false}) {
      const Model model = two_layers(activation, use_bias);
      const std::string onnx = to_onnx(model, {.opset = GetParam()}).value();
      const auto report = verify(model, bytes(onnx), activation_name(activation));
      ASSERT_TRUE(report) << to_string(report.error());
      EXPECT_LE(report->max_error, 1e-5) << activation_name(activation);
    }
  }
}

TEST_P(EveryOpset, StatesOpsetAndIrVersion) {
  const OnnxModelInfo info = inspect(random_mlp(), {.opset = GetParam()});
  EXPECT_EQ(info.opsets, (std::map<std::string, int64_t>{{"", GetParam()}}));
  EXPECT_EQ(info.ir_version, ir_version_of(GetParam()).value());
}

INSTANTIATE_TEST_SUITE_P(Converter, EveryOpset, ::testing::Range(kMinOpset, kMaxOpset + 1));

TEST(Converter, KnowsTheIrVersionOfEachOpset) {
  const std::map<int64_t, int64_t> want = {{13, 7}, {14, 7}, {15, 8}, {16, 8}, {17, 8},
                                           {18, 8}, {19, 9}, {20, 9}, {21, 10}};
  for (const auto& [opset, ir_version] : want) {
    EXPECT_EQ(ir_version_of(opset).value(), ir_version) << opset;
  }
  for (const int64_t opset : {-1, 12, 22}) {
    EXPECT_EQ(to_onnx(random_mlp(), {.opset = opset}).error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(Converter, KeepsKerassNamesWidthsAndAFreeBatch) {
  const OnnxModelInfo info = inspect(random_mlp());
  ASSERT_EQ(info.inputs.size(), 1u);
  ASSERT_EQ(info.outputs.size(), 1u);
  EXPECT_EQ(info.inputs[0].name, "features");
  EXPECT_EQ(info.inputs[0].shape, (std::vector<int64_t>{-1, 6}));
  EXPECT_EQ(info.outputs[0].name, "score");
  EXPECT_EQ(info.outputs[0].shape, (std::vector<int64_t>{-1, 2}));
  const std::string onnx = to_onnx(random_mlp()).value();
  for (const char* name : {"batch", "hidden/MatMul", "hidden/kernel", "hidden/Erf",
                           "score/Sigmoid"}) {
    EXPECT_NE(onnx.find(name), std::string::npos) << name;
  }
}

TEST(Converter, UsesOnlyOnnxsOwnOperatorsAndNoDropout) {
  const OnnxModelInfo info = inspect(random_mlp());
  EXPECT_TRUE(info.foreign_ops.empty());
  EXPECT_EQ(info.op_counts, (std::map<std::string, int64_t>{
                                {"MatMul", 2}, {"Add", 3}, {"Div", 1}, {"Erf", 1}, {"Mul", 2},
                                    {"Sigmoid", 1}}));
  EXPECT_EQ(info.parameter_count, random_mlp().parameter_count() + 3);  // Three constants of gelu.
}

TEST(Converter, CarriesProducerAndMetadata) {
  const OnnxModelInfo info = inspect(random_mlp(), {.metadata_props = {{"feature_schema", "1"}}});
  EXPECT_EQ(info.producer_name, "thunderline");
  EXPECT_EQ(info.metadata, (std::map<std::string, std::string>{{"feature_schema", "1"}}));
}

TEST(Converter, NamesTheOutputAfterTheLastLayerEvenIfItIsADropout) {
  Model model = two_layers(Activation::kTanh, true);
  model.layers.push_back(Dropout{"last", 0.5, std::nullopt});
  EXPECT_EQ(inspect(model).outputs[0].name, "last");
  EXPECT_TRUE(verify(model, bytes(to_onnx(model).value()), "x"));
  Model only;
  only.layers = {InputLayer{"x", 3}, Dropout{"nothing", 0.5, std::nullopt}};
  EXPECT_EQ(inspect(only).op_counts, (std::map<std::string, int64_t>{{"Identity", 1}}));
  EXPECT_TRUE(verify(only, bytes(to_onnx(only).value()), "x"));
}

TEST(Converter, GivesTheSameBytesForTheSameModel) {
  EXPECT_EQ(to_onnx(random_mlp()).value(), to_onnx(random_mlp()).value());
}

TEST(Converter, RefusesAnInvalidModel) {
  Model model = random_mlp();
  std::get<Dropout>(model.layers[2]).name = "hidden";
  EXPECT_EQ(to_onnx(model).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace thunderline::cerebros::onnx
