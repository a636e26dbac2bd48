#include "thunderline/thunderchief/evaluation/calibration.h"

#include <algorithm>
#include <cmath>

namespace thunderline::thunderchief {
namespace {

Status check(std::span<const double> scores, std::span<const uint8_t> labels, size_t bins) {
  if (scores.empty() || scores.size() != labels.size()) {
    return fail(ErrorCode::kInvalidArgument, "scores and labels must be of one length, not 0",
                std::to_string(scores.size()) + " and " + std::to_string(labels.size()));
  }
  if (bins == 0) return fail(ErrorCode::kInvalidArgument, "at least one bin is needed", "bins");
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!(scores[i] >= 0 && scores[i] <= 1)) {
      return fail(ErrorCode::kInvalidArgument, "the score is no probability",
                  "entry " + std::to_string(i));
    }
    if (labels[i] > 1) {
      return fail(ErrorCode::kInvalidArgument, "the label is neither 0 nor 1",
                  "entry " + std::to_string(i));
    }
  }
  return {};
}

}  // namespace

Result<Calibration> calibrate(std::span<const double> scores, std::span<const uint8_t> labels,
                              size_t bins) {
  TL_RETURN_IF_ERROR(check(scores, labels, bins));
  Calibration result;
  const auto width = static_cast<double>(bins);
  for (size_t i = 0; i < bins; ++i) {
    result.bins.push_back({static_cast<double>(i) / width, static_cast<double>(i + 1) / width});
  }
  for (size_t i = 0; i < scores.size(); ++i) {
    const auto at = std::min(static_cast<size_t>(scores[i] * width), bins - 1);
    ReliabilityBin& bin = result.bins[at];
    ++bin.count;
    bin.mean_score += scores[i];
    bin.share_of_ones += labels[i];
  }
  for (ReliabilityBin& bin : result.bins) {
    if (bin.count == 0) continue;
    const auto count = static_cast<double>(bin.count);
    bin.mean_score /= count;
    bin.share_of_ones /= count;
    const double error = std::abs(bin.share_of_ones - bin.mean_score);
    result.expected_error += count / static_cast<double>(scores.size()) * error;
    result.largest_error = std::max(result.largest_error, error);
  }
  return result;
}

}  // namespace thunderline::thunderchief
