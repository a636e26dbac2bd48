#pragma once

#include <cstdint>
#include <span>

#include "thunderline/base/result.h"

namespace thunderline::thunderchief {

/// How well scores in [0, 1] (the probability of class 1) fit labels 0 and 1.
/// Shapes: `scores` and `labels` are of one length, >= 1. Errors, for all: kInvalidArgument for
/// other lengths, a score that is no number in [0, 1], or a label that is neither 0 nor 1.

/// Area under the ROC curve: the chance that a random 1 scores above a random 0, ties counting half
/// (Mann–Whitney). Errors: kInvalidArgument too when one of the classes is missing.
Result<double> auc(std::span<const double> scores, std::span<const uint8_t> labels);

/// Mean of (score − label)². 0 is perfect, 0.25 is what 0.5 for all gives.
Result<double> brier(std::span<const double> scores, std::span<const uint8_t> labels);

/// Share of entries on the right side of `threshold` (class 1 where score > threshold).
Result<double> accuracy(std::span<const double> scores, std::span<const uint8_t> labels,
                        double threshold = 0.5);

/// Mean negative log likelihood, natural; scores are kept 1e-15 away from 0 and 1.
Result<double> log_loss(std::span<const double> scores, std::span<const uint8_t> labels);

}  // namespace thunderline::thunderchief
