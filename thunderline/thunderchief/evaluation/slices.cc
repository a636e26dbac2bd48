#include "thunderline/thunderchief/evaluation/slices.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace thunderline::thunderchief {
namespace {

/// The largest values of the lower and of the middle third.
std::array<float, 2> tercile_edges(std::vector<float> values) {
  std::sort(values.begin(), values.end());
  const size_t last = values.size() - 1;
  return {values[last / 3], values[last * 2 / 3]};
}

int tercile_of(float value, const std::array<float, 2>& edges) {
  if (value <= edges[0]) return 0;
  return value <= edges[1] ? 1 : 2;
}

Result<std::optional<Slice>> slice_of(std::span<const LoggedDecision> decisions,
                                      std::span<const float> values, size_t channel, int tercile,
                                      const std::array<float, 2>& edges,
                                      const RewardValues& rewards, const SliceOptions& options) {
  Slice slice{channel, tercile};
  std::vector<LoggedDecision> inside;
  for (size_t i = 0; i < decisions.size(); ++i) {
    if (tercile_of(values[i], edges) != tercile) continue;
    const auto value = static_cast<double>(values[i]);
    slice.low = inside.empty() ? value : std::min(slice.low, value);
    slice.high = inside.empty() ? value : std::max(slice.high, value);
    inside.push_back(decisions[i]);
    if (decisions[i].seen) ++slice.judged;
  }
  if (slice.judged == 0 || slice.judged < options.min_judged) return std::optional<Slice>();
  TL_ASSIGN_OR_RETURN(slice.reward, label_replay(inside, rewards));
  return std::optional<Slice>(slice);
}

}  // namespace

Result<std::vector<Slice>> compare_slices(std::span<const LoggedDecision> decisions,
                                          std::span<const float> channels, size_t width,
                                          const RewardValues& rewards,
                                          const SliceOptions& options) {
  if (decisions.empty() || width == 0 || channels.size() != decisions.size() * width) {
    return fail(ErrorCode::kInvalidArgument, "the channels do not fit the decisions",
                std::to_string(channels.size()) + " values, " + std::to_string(decisions.size()) +
                    " decisions of width " + std::to_string(width));
  }
  std::vector<Slice> slices;
  for (size_t channel = 0; channel < width; ++channel) {
    std::vector<float> values;
    for (size_t i = channel; i < channels.size(); i += width) values.push_back(channels[i]);
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
      return fail(ErrorCode::kInvalidArgument, "a value is not finite",
                  "channel " + std::to_string(channel));
    }
    const std::array<float, 2> edges = tercile_edges(values);
    for (int tercile = 0; tercile < 3; ++tercile) {
      TL_ASSIGN_OR_RETURN(
          const std::optional<Slice> slice,
          slice_of(decisions, values, channel, tercile, edges, rewards, options));
      if (slice) slices.push_back(*slice);
    }
  }
  return slices;
}

std::optional<Slice> harmed_slice(std::span<const Slice> slices, const SliceOptions& options) {
  std::optional<Slice> worst;
  for (const Slice& slice : slices) {
    if (slice.judged < options.min_judged || slice.reward.z > options.worst_z) continue;
    if (!worst || slice.reward.z < worst->reward.z) worst = slice;
  }
  return worst;
}

}  // namespace thunderline::thunderchief
