#include "thunderline/cerebros/train/kernels/gemm.h"
#include "thunderline/cerebros/train/kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "thunderline/cerebros/train/kernels/gemm.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace thunderline::cerebros::train {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, kLanes>;

// Registers decide the tile: 8 x 3 accumulators want 28 of 32, 4 x 3 want 16 of 16.
constexpr int64_t kTileRows = HWY_TARGET <= HWY_AVX3 ? 8 : 4;

/// One tile of kRows rows and kVectors vectors, with its accumulators in registers: that needs
/// every loop over them unrolled, which compilers do not do by themselves below -O3.
template <int kRows, int kVectors>
HWY_INLINE void tile(const Product& product, Epilogue epilogue, int64_t row, int64_t column) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<D> sums[kRows][kVectors];
  HWY_UNROLL(8)
  for (int v = 0; v < kVectors; ++v) {
    const auto start = product.bias != nullptr && epilogue == Epilogue::kAddBias
                           ? hn::Load(d, product.bias + column + v * lanes)
                           : hn::Zero(d);
    HWY_UNROLL(8)
    for (int r = 0; r < kRows; ++r) sums[r][v] = start;
  }
  const float* HWY_RESTRICT a = product.a + row * product.a_row_stride;
  const float* HWY_RESTRICT b = product.b + column;
  for (int64_t p = 0; p < product.depth; ++p, a += product.a_step, b += product.b_stride) {
    hn::Vec<D> b_row[kVectors];
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) b_row[v] = hn::Load(d, b + v * lanes);
    HWY_UNROLL(8)
    for (int r = 0; r < kRows; ++r) {
      const auto a_value = hn::Set(d, a[r * product.a_row_stride]);
      HWY_UNROLL(8)
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = hn::MulAdd(a_value, b_row[v], sums[r][v]);
      }
    }
  }
  HWY_UNROLL(8)
  for (int r = 0; r < kRows; ++r) {
    float* c = product.c + (row + r) * product.c_stride + column;
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v, c += lanes) {
      const auto sum = sums[r][v];
      hn::Store(epilogue == Epilogue::kScale ? hn::Mul(sum, hn::Load(d, c)) : sum, d, c);
    }
  }
}

/// All rows of one column block.
template <int kVectors>
HWY_INLINE void column_block(const Product& product, Epilogue epilogue, int64_t column) {
  int64_t row = 0;
  for (; row + kTileRows <= product.rows; row += kTileRows) {
    tile<kTileRows, kVectors>(product, epilogue, row, column);
  }
  if constexpr (kTileRows > 4) {
    for (; row + 4 <= product.rows; row += 4) tile<4, kVectors>(product, epilogue, row, column);
  }
  for (; row + 2 <= product.rows; row += 2) tile<2, kVectors>(product, epilogue, row, column);
  for (; row < product.rows; ++row) tile<1, kVectors>(product, epilogue, row, column);
}

void gemm(const Product& product, Epilogue epilogue) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(D()));
  int64_t column = 0;
  while (column < product.columns) {
    // Blocks of three, but four left are two and two: a single one would starve the FMA units.
    const int64_t left = (product.columns - column) / lanes;
    const int64_t vectors = left == 1 ? 1 : (left == 2 || left == 4) ? 2 : 3;
    if (vectors == 3) column_block<3>(product, epilogue, column);
    if (vectors == 2) column_block<2>(product, epilogue, column);
    if (vectors == 1) column_block<1>(product, epilogue, column);
    column += vectors * lanes;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace thunderline::cerebros::train
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace thunderline::cerebros::train {

HWY_EXPORT(gemm);

void gemm(const Product& product, Epilogue epilogue) {
  HWY_DYNAMIC_DISPATCH(gemm)(product, epilogue);
}

}  // namespace thunderline::cerebros::train
#endif
