#pragma once

#include <cstdint>

namespace thunderline::cerebros::train {

/// Floats that row strides are rounded up to, and the virtual vector width of every kernel here.
/// What lies between a row's width and its stride is computed along and never read.
inline constexpr int64_t kLanes = 16;

/// The stride of a row of `width` floats.
constexpr int64_t padded(int64_t width) { return (width + kLanes - 1) / kLanes * kLanes; }

/// What becomes of a product A·B.
enum class Epilogue {
  kAddBias,  ///< C = bias + A·B; no bias counts as zero.
  kScale,    ///< C = (A·B) ∘ C.
};

/// One product. Shapes: A [rows, depth], element (i, p) at `a[i * a_row_stride + p * a_step]`, so
/// that a transposed A is a matter of strides; B [depth, columns]; C [rows, columns]; bias
/// [columns]. `columns`, `b_stride` and `c_stride` are multiples of kLanes; B, C and bias lie on 64
/// bytes.
struct Product {
  const float* a = nullptr;
  int64_t a_row_stride = 0;
  int64_t a_step = 1;
  const float* b = nullptr;
  int64_t b_stride = 0;
  const float* bias = nullptr;
  float* c = nullptr;
  int64_t c_stride = 0;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t depth = 0;
};

/// Computes `product`. Each element of A·B is one chain of fused multiply-adds over `depth` in
/// rising order, so that the bits do not depend on the vector width (processors without FMA
/// excepted).
/// Thread-safety: any thread, on distinct C.
void gemm(const Product& product, Epilogue epilogue);

}  // namespace thunderline::cerebros::train
