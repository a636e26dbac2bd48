#include "thunderline/cerebros/train/kernels/gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <tuple>
#include <vector>

#include "thunderline/base/random.h"
#include "thunderline/base/result.h"
#include "thunderline/cerebros/train/arena.h"

namespace thunderline::cerebros::train {
namespace {

/// A product's operands in an arena, filled at random.
struct Operands {
  Arena arena;
  Product product;

  Operands(int64_t rows, int64_t columns, int64_t depth, bool transposed_a) {
    const int64_t a_size = transposed_a ? depth * padded(rows) : rows * padded(depth);
    const int64_t a = arena.reserve(a_size);
    const int64_t b = arena.reserve(depth * padded(columns));
    const int64_t bias = arena.reserve(padded(columns));
    const int64_t c = arena.reserve(rows * padded(columns));
    const int64_t end = arena.reserve(0);
    TL_CHECK(arena.allocate());
    Random random(derive_seed(static_cast<uint64_t>(rows * 1000 + columns), depth));
    for (int64_t i = 0; i < end; ++i) *arena.at(i) = static_cast<float>(random.normal());
    product.a = arena.at(a);
    product.a_row_stride = transposed_a ? 1 : padded(depth);
    product.a_step = transposed_a ? padded(rows) : 1;
    product.b = arena.at(b);
    product.b_stride = padded(columns);
    product.bias = arena.at(bias);
    product.c = arena.at(c);
    product.c_stride = padded(columns);
    product.rows = rows;
    product.columns = padded(columns);
    product.depth = depth;
  }
};

/// Element (i, j) as `gemm` promises it: one chain of fused multiply-adds.
float naive(const Product& product, Epilogue epilogue, int64_t i, int64_t j, float before) {
  const bool biased = epilogue == Epilogue::kAddBias && product.bias != nullptr;
  float sum = biased ? product.bias[j] : 0.0f;
  for (int64_t p = 0; p < product.depth; ++p) {
    sum = std::fma(product.a[i * product.a_row_stride + p * product.a_step],
                   product.b[p * product.b_stride + j], sum);
  }
  return epilogue == Epilogue::kScale ? sum * before : sum;
}

using Shape = std::tuple<int, int, int, bool>;
class Gemm : public ::testing::TestWithParam<Shape> {};

TEST_P(Gemm, IsTheNaiveProductBitForBit) {
  const auto [rows, columns, depth, transposed] = GetParam();
  for (const Epilogue epilogue : {Epilogue::kAddBias, Epilogue::kScale}) {
    const Operands operands(rows, columns, depth, transposed);
    const Product& product = operands.product;
    const std::vector<float> before(product.c, product.c + rows * product.c_stride);
    gemm(product, epilogue);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) {
        const int64_t place = i * product.c_stride + j;
        ASSERT_EQ(product.c[place],
                  naive(product, epilogue, i, j, before[static_cast<size_t>(place)]))
            << i << ", " << j;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OddShapes, Gemm,
                         ::testing::Combine(::testing::Values(1, 3, 7, 8, 15, 64),
                                            ::testing::Values(1, 16, 33, 64, 80, 100),
                                            ::testing::Values(1, 5, 40), ::testing::Bool()));

TEST(GemmBias, MayBeMissing) {
  Operands operands(3, 16, 4, false);
  operands.product.bias = nullptr;
  gemm(operands.product, Epilogue::kAddBias);
  EXPECT_EQ(operands.product.c[1], naive(operands.product, Epilogue::kAddBias, 0, 1, 0));
}

}  // namespace
}  // namespace thunderline::cerebros::train
