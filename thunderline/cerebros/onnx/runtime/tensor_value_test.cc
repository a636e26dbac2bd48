#include "thunderline/cerebros/onnx/runtime/tensor_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thunderline::cerebros::onnx {
namespace {

const TensorInfo kRows{"x", "float32", {-1, 40}, {"batch", ""}};

std::string refusal(const TensorInfo& info, const TensorValue& value) {
  const Status status = check_tensor(info, value.dtype, value.shape, value.data.size());
  return status ? "" : to_string(status.error());
}

TEST(TensorValue, KeepsFloatsAndShowsThemOnlyAsFloats) {
  const std::vector<float> values = {1, 2, 3, 4};
  const TensorValue tensor = TensorValue::of_floats(values, {2, 2});
  EXPECT_THAT(tensor.floats(), ::testing::ElementsAre(1, 2, 3, 4));
  const std::vector<int64_t> whole = {1, 2};
  EXPECT_TRUE(TensorValue::of_int64s(whole, {2}).floats().empty());
}

TEST(TensorValue, NamesOfTypesGoBothWays) {
  for (int type = 1; type <= 16; ++type) EXPECT_EQ(dtype_onnx_type(dtype_name(type)), type);
  EXPECT_EQ(dtype_name(0), "unknown");
  EXPECT_EQ(dtype_name(99), "unknown");
  EXPECT_EQ(dtype_size("float16"), 2u);
  EXPECT_EQ(dtype_size("string"), 0u);
  EXPECT_EQ(dtype_size("nonsense"), 0u);
}

TEST(CheckTensor, TakesAnyBatchWhereItIsSymbolic) {
  for (const int64_t rows : {0, 1, 7}) {
    const std::vector<float> values(static_cast<size_t>(rows) * 40);
    EXPECT_EQ(refusal(kRows, TensorValue::of_floats(values, {rows, 40})), "");
  }
}

TEST(CheckTensor, SaysExpectedAndGot) {
  const std::vector<float> values(80);
  EXPECT_EQ(refusal(kRows, TensorValue::of_floats(values, {4, 20})),
            "wrong shape: expected [batch, 40], got [4, 20] (tensor \"x\")");
  EXPECT_EQ(refusal(kRows, TensorValue::of_floats(values, {80})),
            "wrong rank: expected 2 [batch, 40], got 1 [80] (tensor \"x\")");
  EXPECT_EQ(refusal(kRows, TensorValue::of_floats(values, {1, 40})),
            "wrong size: the shape [1, 40] asks for 40 elements of 4 bytes, got 320 bytes "
            "(tensor \"x\")");
  const std::vector<int64_t> whole(40);
  EXPECT_EQ(refusal(kRows, TensorValue::of_int64s(whole, {1, 40})),
            "wrong dtype: expected float32, got int64 (tensor \"x\")");
}

TEST(CheckTensor, RefusesNegativeAndOverflowingShapes) {
  EXPECT_NE(refusal(kRows, TensorValue{"float32", {-1, 40}, {}}), "");
  const TensorInfo cube{"c", "float32", {-1, -1, -1}, {}};
  EXPECT_NE(refusal(cube, TensorValue{"float32", {1 << 30, 1 << 30, 1 << 30}, {}}), "");
}

}  // namespace
}  // namespace thunderline::cerebros::onnx
