#include "thunderline/thunderbolt/ml/keras_onnx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_onnx.h"

namespace thunderline::thunderbolt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// KerasOnnx with one model loaded from a file.
struct Loaded {
  explicit Loaded(const testing::TinyOnnx& model) {
    const auto bytes = model.build();
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    EXPECT_TRUE(write_file_atomically(posix_file_system(), folder.path("m.onnx"), text));
    session = keras.load(folder.path("m.onnx")).value();
  }

  testing::TempFolder folder;
  testing::FakeClock clock;
  KerasOnnx keras{posix_file_system(), clock};
  std::shared_ptr<const OnnxSession> session;
};

Input rows(std::vector<float> values, int64_t width, const std::string& id) {
  Input input = Input::of_rows(values, width).value();
  input.metadata["id"] = id;
  return input;
}

testing::TinyOnnx negation(std::vector<int64_t> shape) {
  testing::TinyOnnx model;
  model.input("x", shape).output("y", shape).node("Neg", {"x"}, {"y"});
  return model;
}

TEST(KerasOnnx, InfersOneInput) {
  const Loaded loaded(negation({-1, 2}));
  const Output output =
      loaded.keras.infer(*loaded.session, rows({1, 2, 3, 4}, 2, "a")).value();
  EXPECT_EQ(output.shape(), (std::vector<int64_t>{2, 2}));
  EXPECT_THAT(output.tensor.floats(), ElementsAre(-1, -2, -3, -4));
  EXPECT_EQ(output.metadata.at("id"), "a");
}

TEST(KerasOnnx, ABatchAnswersEachInputItsOwnRows) {
  for (const int64_t batch : {-1, 1}) {  // Stacked in one run, or one run each.
    const Loaded loaded(negation({batch, 2}));
    const std::vector<Input> inputs = {rows({1, 2}, 2, "a"), rows({3, 4}, 2, "b")};
    const auto outputs = loaded.keras.infer_batch(*loaded.session, inputs).value();
    ASSERT_EQ(outputs.size(), 2u);
    EXPECT_THAT(outputs[0].tensor.floats(), ElementsAre(-1, -2));
    EXPECT_THAT(outputs[1].tensor.floats(), ElementsAre(-3, -4));
    EXPECT_EQ(outputs[1].metadata.at("id"), "b");
    EXPECT_EQ(outputs[1].shape(), (std::vector<int64_t>{1, 2}));
  }
}

TEST(KerasOnnx, ABatchTakesInputsOfDifferentHeights) {
  const Loaded loaded(negation({-1, 1}));
  const std::vector<Input> inputs = {rows({1, 2, 3}, 1, "a"), rows({}, 1, "b"), rows({4}, 1, "c")};
  const auto outputs = loaded.keras.infer_batch(*loaded.session, inputs).value();
  EXPECT_THAT(outputs[0].tensor.floats(), ElementsAre(-1, -2, -3));
  EXPECT_THAT(outputs[1].tensor.floats(), IsEmpty());
  EXPECT_THAT(outputs[2].tensor.floats(), ElementsAre(-4));
  EXPECT_THAT(loaded.keras.infer_batch(*loaded.session, {}).value(), IsEmpty());
}

TEST(KerasOnnx, SaysWhichInputOfABatchIsWrong) {
  const Loaded loaded(negation({-1, -1}));
  const std::vector<Input> widths = {rows({1, 2}, 2, "a"), rows({3}, 1, "b")};
  EXPECT_THAT(to_string(loaded.keras.infer_batch(*loaded.session, widths).error()),
              HasSubstr("input 1 of the batch"));
  std::vector<Input> types = {rows({1, 2}, 2, "a"), rows({1, 2}, 2, "b")};
  types[1].tensor.dtype = "float64";
  EXPECT_THAT(to_string(loaded.keras.infer_batch(*loaded.session, types).error()),
              HasSubstr("expected float32, got float64 (input 1 of the batch)"));
}

TEST(KerasOnnx, RefusesModelsOfSeveralInputs) {
  testing::TinyOnnx sum;
  sum.input("a", {-1}).input("b", {-1}).output("y", {-1}).node("Add", {"a", "b"}, {"y"});
  const Loaded loaded(sum);
  const Input input = rows({1}, 1, "a");
  EXPECT_EQ(loaded.keras.infer(*loaded.session, input).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(loaded.keras.infer_batch(*loaded.session, {&input, 1}).error().code,
            ErrorCode::kInvalidArgument);
}

TEST(KerasOnnx, AModelThatDropsRowsFailsTheBatch) {
  const auto to_float = testing::TinyProto().text(1, "to").integer(3, 1).integer(20, 2);
  testing::TinyOnnx liar;
  liar.input("x", {-1, 1})
      .output("y", {-1, 2})
      .node("NonZero", {"x"}, {"where"})
      .node("Transpose", {"where"}, {"kept"})
      .node("Cast", {"kept"}, {"y"}, "", {to_float});
  const Loaded loaded(liar);
  const std::vector<Input> inputs = {rows({1}, 1, "a"), rows({0}, 1, "b")};
  EXPECT_EQ(loaded.keras.infer_batch(*loaded.session, inputs).error().code, ErrorCode::kBadData);
}

TEST(KerasOnnx, ObservesWhatAModelAnswersRowAfterRow) {
  const Loaded loaded(testing::identity_onnx(2));
  std::vector<float> values;
  for (int row = 0; row < 64; ++row) {  // Two units that move as one; the first half in one bin each.
    const double angle = 2.0 * std::numbers::pi * row / 16.0;
    const double size = row < 32 ? 0.04 : 0.4;
    values.push_back(static_cast<float>(0.45 + size * std::sin(angle)));
    values.push_back(static_cast<float>(0.45 + size * std::sin(angle + 0.3)));
  }
  const auto seen = loaded.keras.observe(*loaded.session, rows(values, 2, "a"));
  ASSERT_TRUE(seen) << to_string(seen.error());
  EXPECT_EQ(seen->output.shape(), (std::vector<int64_t>{64, 2}));
  const ModelObservables& observables = seen->observables;
  EXPECT_GT(*observables.observables.plv, 0.95);
  EXPECT_EQ(observables.observables.sigma, std::nullopt) << "no ratio to an entropy of 0";
  EXPECT_GT(*observables.observables.entropy, 1.5);
  EXPECT_NEAR(*observables.propagation, 1.0, 1e-6);
}

TEST(KerasOnnx, ObservesNothingThatIsNotThere) {
  const Loaded loaded(testing::sigmoid_onnx(2, 0.0f, 0.0f));
  const std::vector<float> values(64, 0.5f);
  const ModelObservables seen =
      loaded.keras.observe(*loaded.session, rows(values, 2, "a"))->observables;
  EXPECT_EQ(seen.observables.plv, std::nullopt);
  EXPECT_EQ(seen.observables.lambda, std::nullopt);
  EXPECT_EQ(seen.observables.entropy, 0.0);
  EXPECT_NEAR(*seen.propagation, 1.0, 1e-6);

  const Loaded wide(negation({-1, 2}));
  EXPECT_EQ(wide.keras.observe(*wide.session, rows(values, 2, "a")).error().code,
            ErrorCode::kInvalidArgument) << "answers below 0 are no scores";
  EXPECT_EQ(wide.keras.observe(*wide.session, rows({1, 2}, 2, "a")).error().where, "input");
}

}  // namespace
}  // namespace thunderline::thunderbolt
