#include "thunderline/cerebros/graph/ops/multiply.h"

// Vectors of unknown length (SVE, RVV) cannot lie in the arrays of registers below.
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "thunderline/cerebros/graph/ops/multiply.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace thunderline::cerebros::graph {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<double>;

/// kRows rows by kVectors vectors of c, held in registers while k is walked.
template <int kRows, int kVectors>
HWY_INLINE void tile(const double* a, int64_t a_row, int64_t a_col, const double* b, double* c,
                     int64_t n, int64_t k) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<D> sums[kRows][kVectors];
  HWY_UNROLL(8)
  for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::LoadU(d, c + r * n + v * lanes);
  }
  for (int64_t l = 0; l < k; ++l, b += n) {
    hn::Vec<D> row[kVectors];
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) row[v] = hn::LoadU(d, b + v * lanes);
    HWY_UNROLL(8)
    for (int r = 0; r < kRows; ++r) {
      const auto factor = hn::Set(d, a[r * a_row + l * a_col]);
      HWY_UNROLL(8)
      for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(factor, row[v], sums[r][v]);
    }
  }
  HWY_UNROLL(8)
  for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sums[r][v], d, c + r * n + v * lanes);
  }
}

/// The columns that fill no vector, one by one, by the same chains.
HWY_INLINE void last_columns(const double* a, int64_t a_row, int64_t a_col, const double* b,
                             double* c, int64_t first, int64_t m, int64_t n, int64_t k) {
  const hn::CappedTag<double, 1> d;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = first; j < n; ++j) {
      auto sum = hn::Set(d, c[i * n + j]);
      for (int64_t l = 0; l < k; ++l) {
        sum = hn::MulAdd(hn::Set(d, a[i * a_row + l * a_col]), hn::Set(d, b[l * n + j]), sum);
      }
      c[i * n + j] = hn::GetLane(sum);
    }
  }
}

template <int kVectors>
HWY_INLINE void block(const double* a, int64_t a_row, int64_t a_col, const double* b, double* c,
                      int64_t m, int64_t n, int64_t k) {
  int64_t i = 0;
  for (; i + 4 <= m; i += 4) {
    tile<4, kVectors>(a + i * a_row, a_row, a_col, b, c + i * n, n, k);
  }
  for (; i < m; ++i) tile<1, kVectors>(a + i * a_row, a_row, a_col, b, c + i * n, n, k);
}

void multiply_add(const double* a, int64_t a_row, int64_t a_col, const double* b, double* c,
                  int64_t m, int64_t n, int64_t k) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(D()));
  int64_t j = 0;
  for (; j + 2 * lanes <= n; j += 2 * lanes) block<2>(a, a_row, a_col, b + j, c + j, m, n, k);
  for (; j + lanes <= n; j += lanes) block<1>(a, a_row, a_col, b + j, c + j, m, n, k);
  last_columns(a, a_row, a_col, b, c, j, m, n, k);
}

}  // namespace HWY_NAMESPACE
}  // namespace thunderline::cerebros::graph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace thunderline::cerebros::graph {

HWY_EXPORT(multiply_add);

void multiply_add(const double* a, int64_t a_row, int64_t a_col, const double* b, double* c,
                  int64_t m, int64_t n, int64_t k) {
  HWY_DYNAMIC_DISPATCH(multiply_add)(a, a_row, a_col, b, c, m, n, k);
}

}  // namespace thunderline::cerebros::graph
#endif
