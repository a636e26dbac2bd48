#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/thunderchief/evaluation/off_policy.h"

namespace thunderline::thunderchief {

/// The decisions in which one channel lies in one third of its range of values.
struct Slice {
  size_t channel = 0;
  int tercile = 0;  ///< 0 low, 1 middle, 2 high.
  double low = 0;   ///< Smallest and largest value of the channel in it.
  double high = 0;
  size_t judged = 0;   ///< Decisions in it whose reward was seen.
  Estimate reward;     ///< Label replay within the slice.
};

struct SliceOptions {
  size_t min_judged = 50;  ///< Smaller slices prove nothing.
  double worst_z = -3.0;   ///< A slice at or below this holds the challenger.
};

/// Cuts the decisions by each channel's terciles and compares the two models within each slice with
/// enough judged decisions. Equal values stay together, so a channel of few values has fewer slices.
/// Shapes: `channels` is row-major [decisions, width]. Errors: kInvalidArgument for other lengths or a
/// value that is not finite; those of `label_replay`.
Result<std::vector<Slice>> compare_slices(std::span<const LoggedDecision> decisions,
                                          std::span<const float> channels, size_t width,
                                          const RewardValues& rewards,
                                          const SliceOptions& options = {});

/// The slice on which the challenger is clearly worse, the worst one if there are several: it must be
/// held, however good it is on average. Nothing when there is none.
std::optional<Slice> harmed_slice(std::span<const Slice> slices, const SliceOptions& options = {});

}  // namespace thunderline::thunderchief
