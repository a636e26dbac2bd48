#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline::thunderchief {

/// One row of a reliability table: the entries whose score lies in [low, high); the last row has 1 too.
struct ReliabilityBin {
  double low = 0;
  double high = 0;
  size_t count = 0;
  double mean_score = 0;  ///< 0 in an empty bin.
  double share_of_ones = 0;
};

/// Whether a score of 0.3 means three in ten.
struct Calibration {
  std::vector<ReliabilityBin> bins;  ///< Of equal width over [0, 1].
  double expected_error = 0;  ///< ECE: Σ count/n · |share of ones − mean score|. Range: [0, 1].
  double largest_error = 0;   ///< Of a bin that is not empty.
};

/// Shapes: `scores` and `labels` are of one length, ≥ 1. Errors: kInvalidArgument for other lengths, no
/// bins, a score that is no number in [0, 1], or a label that is neither 0 nor 1.
/// Source: Naeini, Cooper and Hauskrecht 2015, section "Calibration metrics".
Result<Calibration> calibrate(std::span<const double> scores, std::span<const uint8_t> labels,
                              size_t bins = 10);

}  // namespace thunderline::thunderchief
