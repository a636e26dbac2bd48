#pragma once

#include <span>

namespace thunderline::cerebros::tpe {

// The two sums over all kernels that each candidate costs, in vectors of the CPU at hand.

/// row[k] -= ((z - mu[k]) * precision[k])² / 2. All of one length.
void subtract_half_squares(std::span<double> row, std::span<const double> mu,
                           std::span<const double> precision, double z);

/// ln Σ exp(values[k]); -∞ where all are. Precondition: not empty, no NaN.
double log_sum_exp(std::span<const double> values);

}  // namespace thunderline::cerebros::tpe
