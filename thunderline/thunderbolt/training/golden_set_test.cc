#include "thunderline/thunderbolt/training/golden_set.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/fake_clock.h"
#include "tests/support/tiny_onnx.h"

namespace thunderline::thunderbolt {
namespace {

TEST(ReferenceGoldenSet, HoldsTheModelsOwnAnswers) {
  const testing::FakeClock clock;
  const auto model = testing::sigmoid_onnx(2, 1, 0).build();
  const GoldenSet golden = reference_golden_set(model, 5, 42, clock, "m").value();
  ASSERT_EQ(golden.inputs.size(), 10u);
  ASSERT_EQ(golden.expected.size(), 5u);
  for (size_t row = 0; row < 5; ++row) {
    const float sum = golden.inputs[2 * row] + golden.inputs[2 * row + 1];
    EXPECT_NEAR(golden.expected[row], 1 / (1 + std::exp(-sum)), 1e-6);
  }
  EXPECT_EQ(reference_golden_set(model, 5, 42, clock, "m")->inputs, golden.inputs);
  EXPECT_NE(reference_golden_set(model, 5, 43, clock, "m")->inputs, golden.inputs);
}

TEST(ReferenceGoldenSet, RefusesNoRowsAndTooMany) {
  const testing::FakeClock clock;
  const auto model = testing::sigmoid_onnx(2, 1, 0).build();
  for (const int64_t rows : {int64_t{0}, int64_t{-1}, int64_t{1} << 40}) {
    EXPECT_EQ(reference_golden_set(model, rows, 1, clock, "m").error().code,
              ErrorCode::kInvalidArgument);
  }
}

TEST(ReferenceGoldenSet, RefusesModelsOfAnotherForm) {
  const testing::FakeClock clock;
  testing::TinyOnnx whole;
  whole.input("x", {-1, 2}, testing::kOnnxInt64)
      .output("y", {-1, 2}, testing::kOnnxInt64)
      .node("Neg", {"x"}, {"y"});
  EXPECT_EQ(reference_golden_set(whole.build(), 5, 1, clock, "m").error().code,
            ErrorCode::kBadData);
  EXPECT_EQ(reference_golden_set({}, 5, 1, clock, "m").error().code, ErrorCode::kBadData);
}

}  // namespace
}  // namespace thunderline::thunderbolt
