#include "thunderline/thunderbolt/ml/onnx_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_onnx.h"

namespace thunderline::thunderbolt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A clock that moves a millisecond whenever it is read.
class SteppingClock final : public Clock {
 public:
  std::chrono::nanoseconds now() const override { return std::chrono::milliseconds(++reads_); }
  int64_t unix_ms() const override { return 0; }

 private:
  mutable int64_t reads_ = 0;
};

testing::TinyOnnx difference() {
  testing::TinyOnnx model;
  model.input("a", {-1, 2})
      .input("b", {-1, 2})
      .output("y", {-1, 2})
      .node("Sub", {"a", "b"}, {"y"});
  return model;
}

Input row(const std::string& name, std::vector<float> values) {
  Input input = Input::of_rows(values, static_cast<int64_t>(values.size())).value();
  input.name = name;
  return input;
}

TEST(OnnxSession, LoadsAFileAndTellsWhatItIs) {
  const testing::TempFolder folder;
  const testing::FakeClock clock;
  const auto model = testing::sigmoid_onnx(4, 1, 0).build();
  const std::string text(reinterpret_cast<const char*>(model.data()), model.size());
  ASSERT_TRUE(write_file_atomically(posix_file_system(), folder.path("m.onnx"), text));
  const auto session =
      OnnxSession::load(posix_file_system(), folder.path("m.onnx"), {}, clock).value();
  EXPECT_EQ(session->metadata().opsets.at(""), 17);
  EXPECT_EQ(session->inputs()[0].shape, (std::vector<int64_t>{-1, 4}));
  const auto missing = OnnxSession::load(posix_file_system(), folder.path("n.onnx"), {}, clock);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
}

TEST(OnnxSession, TakesInputsByNameOrByPosition) {
  const SteppingClock clock;
  const auto session = OnnxSession::from_bytes(difference().build(), {}, clock, "m").value();
  Input b = row("b", {1, 2});
  b.metadata["id"] = "7";
  const std::vector<Input> by_name = {b, row("a", {5, 5})};
  const auto outputs = session->run(by_name).value();
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(outputs[0].name, "y");
  EXPECT_EQ(outputs[0].dtype(), "float32");
  EXPECT_EQ(outputs[0].shape(), (std::vector<int64_t>{1, 2}));
  EXPECT_THAT(outputs[0].tensor.floats(), ElementsAre(4, 3));
  EXPECT_EQ(outputs[0].metadata.at("id"), "7");
  EXPECT_EQ(outputs[0].inference_time, std::chrono::milliseconds(1));
  const std::vector<Input> by_position = {row("", {1, 2}), row("", {5, 5})};
  EXPECT_THAT(session->run(by_position)->front().tensor.floats(), ElementsAre(-4, -3));
}

TEST(OnnxSession, RefusesInputsThatAreNoneOfTheModels) {
  const testing::FakeClock clock;
  const auto session = OnnxSession::from_bytes(difference().build(), {}, clock, "m").value();
  const auto refusal = [&](std::vector<Input> inputs) {
    return to_string(session->run(inputs).error());
  };
  EXPECT_THAT(refusal({}), HasSubstr("expected 2, got 0"));
  EXPECT_THAT(refusal({row("a", {1, 2}), row("c", {1, 2})}), HasSubstr("no input \"c\""));
  EXPECT_THAT(refusal({row("a", {1, 2}), row("a", {1, 2})}), HasSubstr("given twice"));
  EXPECT_THAT(refusal({row("a", {1, 2, 3}), row("b", {1, 2})}),
              HasSubstr("expected [batch, 2], got [1, 3]"));
}

TEST(OnnxSession, RefusesDevicesAndProvidersThatAreNotThere) {
  const testing::FakeClock clock;
  const auto load = [&](const LoadOptions& options) {
    return OnnxSession::from_bytes(difference().build(), options, clock, "m");
  };
  EXPECT_EQ(load({.device = "cuda"}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(load({.providers = {"tensorrt"}}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(load({.providers = {"tensorrt", "cpu"}}));
  EXPECT_EQ(load({.max_model_bytes = 10}).error().code, ErrorCode::kResourceLimit);
}

TEST(OnnxSession, EveryOptimisationLevelAnswersAlike) {
  const testing::FakeClock clock;
  using Level = LoadOptions::Optimization;
  for (const Level level : {Level::kNone, Level::kBasic, Level::kExtended, Level::kAll}) {
    const auto session =
        OnnxSession::from_bytes(difference().build(), {.optimization = level}, clock, "m");
    const std::vector<Input> inputs = {row("", {1, 2}), row("", {5, 5})};
    EXPECT_THAT((*session)->run(inputs)->front().tensor.floats(), ElementsAre(-4, -3));
  }
}

TEST(Input, TakesWholeRowsOnly) {
  const std::vector<float> values(6);
  EXPECT_EQ(Input::of_rows(values, 3)->shape(), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(Input::of_rows(values, 4).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(Input::of_rows(values, 0).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace thunderline::thunderbolt
