#include "thunderline/cerebros/onnx/runtime/ort_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "tests/support/tiny_onnx.h"
#include "thunderline/cerebros/onnx/runtime/ort_library.h"

namespace thunderline::cerebros::onnx {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TinyOnnx;

Result<std::unique_ptr<OrtSession>> load(const TinyOnnx& model,
                                         const OrtSession::Options& options = {}) {
  return OrtSession::create(model.build(), options, "m.onnx");
}

Error refusal(const TinyOnnx& model) {
  const auto session = load(model);
  return session ? Error{} : session.error();
}

TEST(OrtLibrary, SaysWhereItLookedAndWhatToDo) {
  const auto library = open_ort_library({"/nowhere/libonnxruntime.so", "libno-such-thing.so"});
  ASSERT_FALSE(library);
  EXPECT_EQ(library.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(library.error().message, HasSubstr("/nowhere/libonnxruntime.so"));
  EXPECT_THAT(library.error().hint, HasSubstr("scripts/setup"));
}

TEST(OrtLibrary, RefusesALibraryThatIsSomethingElse) {
  const auto library = open_ort_library({"libm.so.6"});
  ASSERT_FALSE(library);
  EXPECT_EQ(library.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(library.error().message, HasSubstr("not ONNX Runtime"));
}

TEST(OrtLibrary, AChosenPathIsTheOnlyCandidate) {
  const char* const before = std::getenv("THUNDERLINE_ONNXRUNTIME");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("THUNDERLINE_ONNXRUNTIME", "/opt/ort.so", 1);
  EXPECT_THAT(ort_library_candidates(), ElementsAre("/opt/ort.so"));
  ::setenv("THUNDERLINE_ONNXRUNTIME", "", 1);
  EXPECT_EQ(ort_library_candidates().back(), "libonnxruntime.so.1");
  if (before == nullptr) ::unsetenv("THUNDERLINE_ONNXRUNTIME");
  if (before != nullptr) ::setenv("THUNDERLINE_ONNXRUNTIME", kept.c_str(), 1);
}

TEST(OrtSession, TellsItsVersion) {
  EXPECT_THAT(onnxruntime_version().value(), HasSubstr("1."));
  EXPECT_THAT(onnxruntime_path().value(), HasSubstr("onnxruntime"));
}

TEST(OrtSession, ReadsInputsAndOutputsOfTheModel) {
  const auto session = load(testing::sigmoid_onnx(40, 1, 0).metadata("k", "v")).value();
  const TensorInfo x{"x", "float32", {-1, 40}, {"batch", ""}};
  const TensorInfo y{"y", "float32", {-1, 1}, {"batch", ""}};
  EXPECT_THAT(session->inputs(), ElementsAre(x));
  EXPECT_THAT(session->outputs(), ElementsAre(y));
  EXPECT_EQ(session->metadata().at("k"), "v");
  EXPECT_EQ(session->info().opsets.at(""), 17);
  EXPECT_EQ(session->input_width(), 40);
  EXPECT_EQ(session->output_width(), 1);
}

TEST(OrtSession, WritesItsAnswersIntoTheCallersBuffer) {
  const auto session = load(testing::sigmoid_onnx(3, 0.5f, -1)).value();
  const std::vector<float> input = {1, 2, 3, 0, 0, 0};
  std::vector<float> output(3, -7);
  ASSERT_TRUE(session->run_floats(input, 2, std::span(output).first(2)));
  EXPECT_NEAR(output[0], 1 / (1 + std::exp(-2.0f)), 1e-6);
  EXPECT_NEAR(output[1], 1 / (1 + std::exp(1.0f)), 1e-6);
  EXPECT_EQ(output[2], -7);
}

TEST(OrtSession, AModelThatOnlyPassesItsInputOnStillFillsTheBuffer) {
  const auto session = load(testing::identity_onnx(2)).value();
  const std::vector<float> input = {1, 2, 3, 4};
  std::vector<float> output(4);
  ASSERT_TRUE(session->run_floats(input, 2, output));
  EXPECT_EQ(output, input);
}

TEST(OrtSession, EveryOptimisationLevelGivesTheSameAnswer) {
  const std::vector<float> input = {1, 2, 3};
  std::vector<float> plain(1);
  ASSERT_TRUE(load(testing::sigmoid_onnx(3, 0.5f, 0), {.optimize = false})
                  .value()
                  ->run_floats(input, 1, plain));
  using Level = OrtSession::Options::Level;
  for (const Level level : {Level::kBasic, Level::kExtended, Level::kAll}) {
    const auto session = load(testing::sigmoid_onnx(3, 0.5f, 0),
                              {.intra_op_threads = 2, .level = level, .cpu_arena = true});
    std::vector<float> output(1);
    ASSERT_TRUE(session.value()->run_floats(input, 1, output));
    EXPECT_NEAR(output[0], plain[0], 1e-6);
  }
}

TEST(OrtSession, RunsTensorsOfOtherTypes) {
  TinyOnnx model;
  model.input("a", {-1}, testing::kOnnxInt64)
      .input("b", {-1}, testing::kOnnxInt64)
      .output("sum", {-1}, testing::kOnnxInt64)
      .output("difference", {-1}, testing::kOnnxInt64)
      .node("Add", {"a", "b"}, {"sum"})
      .node("Sub", {"a", "b"}, {"difference"});
  const auto session = load(model).value();
  EXPECT_FALSE(session->has_float_rows());
  const std::vector<int64_t> a = {5, 6};
  const std::vector<int64_t> b = {1, 2};
  const std::vector<TensorValue> inputs = {TensorValue::of_int64s(a, {2}),
                                           TensorValue::of_int64s(b, {2})};
  const std::vector<int64_t> sum = {6, 8};
  const std::vector<int64_t> difference = {4, 4};
  EXPECT_THAT(session->run(inputs).value(), ElementsAre(TensorValue::of_int64s(sum, {2}),
                                                        TensorValue::of_int64s(difference, {2})));
}

TEST(OrtSession, RunsAnEmptyBatch) {
  const auto session = load(testing::sigmoid_onnx(3, 1, 0)).value();
  EXPECT_TRUE(session->run_floats({}, 0, {}));
  const std::vector<TensorValue> inputs = {TensorValue{"float32", {0, 3}, {}}};
  EXPECT_THAT(session->run(inputs).value(), ElementsAre(TensorValue{"float32", {0, 1}, {}}));
}

TEST(OrtSession, WrongInputsAreRefusedWithExpectedAndGot) {
  const auto session = load(testing::sigmoid_onnx(3, 1, 0)).value();
  const std::vector<float> seven(7);
  std::vector<float> output(2);
  const Status uneven = session->run_floats(seven, 2, output);
  ASSERT_FALSE(uneven);
  EXPECT_EQ(uneven.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(uneven.error().message,
            "wrong size: expected 2 rows of [batch, 3], got 7 floats");
  const std::span<const float> six = std::span(seven).first(6);
  EXPECT_FALSE(session->run_floats(six, 2, std::span(output).first(1)));
  EXPECT_FALSE(session->run_floats(six, -2, output));
  EXPECT_FALSE(session->run_floats(six, 0, output));
  EXPECT_EQ(session->run({}).error().message, "wrong number of inputs: expected 1, got 0");
  const std::vector<int64_t> whole(3);
  const std::vector<TensorValue> other = {TensorValue::of_int64s(whole, {1, 3})};
  EXPECT_THAT(session->run(other).error().message, HasSubstr("expected float32, got int64"));
}

TEST(OrtSession, AModelThatLiesAboutItsOutputShapeFailsTheRunAndNotTheProcess) {
  // The output has a row per non-zero, whatever the batch is.
  const auto to_float = testing::TinyProto().text(1, "to").integer(3, 1).integer(20, 2);
  TinyOnnx liar;
  liar.input("x", {-1, 1})
      .output("y", {-1, 2})
      .node("NonZero", {"x"}, {"where"})
      .node("Transpose", {"where"}, {"rows"})
      .node("Cast", {"rows"}, {"y"}, "", {to_float});
  const auto session = load(liar).value();
  const std::vector<float> input = {1, 1, 1, 0};
  std::vector<float> output(8);
  const Status status = session->run_floats(input, 4, output);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().where, "m.onnx");
  EXPECT_THAT(status.error().message, HasSubstr("the model fails on this input"));
}

TEST(OrtSession, ModelsThatLieAreRefusedWithAReason) {
  EXPECT_EQ(refusal(testing::unknown_op_onnx(4)).code, ErrorCode::kBadData);
  EXPECT_THAT(refusal(testing::unknown_op_onnx(4)).message, HasSubstr("NoSuchOp"));
  EXPECT_THAT(refusal(testing::foreign_onnx(4)).message, HasSubstr("com.example.Steal"));
  EXPECT_THAT(refusal(testing::external_onnx(4, "w.bin")).message, HasSubstr("another file"));
  TinyOnnx shapes = testing::sigmoid_onnx(4, 1, 0);
  shapes.initializer("c", {2, 2}, {1, 2, 3, 4}).node("MatMul", {"c", "W"}, {"never"});
  EXPECT_EQ(refusal(shapes).code, ErrorCode::kBadData);
  const auto nothing = OrtSession::create({}, {}, "empty.onnx");
  EXPECT_EQ(nothing.error().code, ErrorCode::kBadData);
  EXPECT_EQ(nothing.error().where, "empty.onnx");
}

TEST(OrtSession, RefusesTooManyBytesAndOddOptions) {
  EXPECT_EQ(load(testing::identity_onnx(2), {.max_model_bytes = 10}).error().code,
            ErrorCode::kResourceLimit);
  EXPECT_EQ(load(testing::identity_onnx(2), {.intra_op_threads = -1}).error().code,
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace thunderline::cerebros::onnx
