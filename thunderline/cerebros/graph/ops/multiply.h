#pragma once

#include <cstdint>

namespace thunderline::cerebros::graph {

/// c [m, n] += a [m, k] · b [k, n]. Element (i, l) of a lies at `a[i * a_row + l * a_col]`, so that
/// a transposed a is a matter of strides; rows of b and c follow one another. Each element is one
/// chain of multiply-adds over k in rising order: its bits do not depend on the width of the
/// processor's vectors. Thread-safety: any thread, on distinct c.
void multiply_add(const double* a, int64_t a_row, int64_t a_col, const double* b, double* c,
                  int64_t m, int64_t n, int64_t k);

}  // namespace thunderline::cerebros::graph
