#pragma once

#include <cstdint>

#include "thunderline/cerebros/keras/model.h"

namespace thunderline::cerebros::train {

// Loops over flat buffers. `count` is a multiple of kLanes (kernels/gemm.h) and buffers lie on 64
// bytes. Same bits on AVX2 and AVX-512. Thread-safety: any thread, on distinct buffers.

/// a = activation(z). `a` may be `z`.
void activate(keras::Activation activation, const float* z, float* a, int64_t count);

/// a = activation(z), then z = activation'(z). Errors of both: below 4e-7 relative to max(1, |z|).
void activate_with_slope(keras::Activation activation, float* z, float* a, int64_t count);

/// Inverted dropout: element i of `a` (and of `slope`, where there is one) becomes 0 with
/// probability `rate`, else is scaled by 1 / (1 − rate). Which ones depends on `key` and i alone:
/// bits 8 to 31 of a 32-bit mix of both are below rate · 2^24. Range: rate in [0, 1).
void drop(uint64_t key, double rate, float* a, float* slope, int64_t count);

/// sums[j] = Σ_i rows[i, j], one chain of additions a column. Shapes: rows [n, columns].
void sum_rows(const float* rows, int64_t stride, int64_t n, int64_t columns, float* sums);

/// to[j, i] = from[i, j]. Shapes: from [n, m].
void transpose(const float* from, int64_t from_stride, int64_t n, int64_t m, float* to,
               int64_t to_stride);

/// What one step of Adam needs beside the state. Source: keras.optimizers.Adam, 3.15.1: epsilon is
/// added outside of the root, and alpha = learning_rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ).
struct AdamStep {
  float alpha = 0;
  float one_minus_beta_1 = 0;
  float one_minus_beta_2 = 0;
  float epsilon = 0;
};

/// m += (g − m)(1 − β₁); v += (g² − v)(1 − β₂); w −= alpha · m / (√v + epsilon).
void adam_update(const AdamStep& step, const float* g, float* m, float* v, float* w, int64_t count);

// Losses: the value of each element, and its derivative with respect to `z` or `p`.

/// max(z, 0) − z·y + log1p(exp(−|z|)); derivative sigmoid(z) − y.
void cross_entropy_of_logits(const float* z, const float* y, float* values, float* slopes,
                             int64_t count);

/// −y·log(q) − (1 − y)·log(1 − q), with q = p clipped to [1e-7, 1 − 1e-7]; derivative 0 where
/// clipped.
void cross_entropy_of_probabilities(const float* p, const float* y, float* values, float* slopes,
                                    int64_t count);

/// (p − y)²; derivative 2(p − y).
void squared_error(const float* p, const float* y, float* values, float* slopes, int64_t count);

/// Whether every number is finite. Any count, any alignment.
bool all_finite(const float* values, int64_t count);

}  // namespace thunderline::cerebros::train
