#include "thunderline/thunderchief/evaluation/classification_metrics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <vector>

namespace thunderline::thunderchief {
namespace {

constexpr double kSmallestProbability = 1e-15;

Status check(std::span<const double> scores, std::span<const uint8_t> labels) {
  if (scores.size() != labels.size() || scores.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                std::to_string(scores.size()) + " scores for " + std::to_string(labels.size()) +
                    " labels",
                "scores", "give one score a label, and at least one");
  }
  for (size_t i = 0; i < scores.size(); ++i) {
    const std::string place = "entry " + std::to_string(i);
    if (!(scores[i] >= 0 && scores[i] <= 1)) {
      return fail(ErrorCode::kInvalidArgument, "a score is not in [0, 1]", place);
    }
    if (labels[i] > 1) return fail(ErrorCode::kInvalidArgument, "a label is not 0 or 1", place);
  }
  return {};
}

template <typename Loss>
Result<double> mean_of(std::span<const double> scores, std::span<const uint8_t> labels,
                       Loss loss) {
  TL_RETURN_IF_ERROR(check(scores, labels));
  double sum = 0;
  for (size_t i = 0; i < scores.size(); ++i) sum += loss(scores[i], labels[i] == 1);
  return sum / static_cast<double>(scores.size());
}

}  // namespace

Result<double> auc(std::span<const double> scores, std::span<const uint8_t> labels) {
  TL_RETURN_IF_ERROR(check(scores, labels));
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] < scores[b]; });
  double zeros_below = 0, pairs = 0;
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    double zeros = 0, ones = 0;
    for (; end < order.size() && scores[order[end]] == scores[order[begin]]; ++end) {
      (labels[order[end]] == 1 ? ones : zeros) += 1;
    }
    pairs += ones * (zeros_below + 0.5 * zeros);
    zeros_below += zeros;
    begin = end;
  }
  const double ones = static_cast<double>(scores.size()) - zeros_below;
  if (ones == 0 || zeros_below == 0) {
    return fail(ErrorCode::kInvalidArgument, "the AUC needs both classes", "labels",
                "evaluate on data that has both");
  }
  return pairs / (ones * zeros_below);
}

Result<double> brier(std::span<const double> scores, std::span<const uint8_t> labels) {
  return mean_of(scores, labels, [](double score, bool one) {
    const double gap = score - (one ? 1.0 : 0.0);
    return gap * gap;
  });
}

Result<double> accuracy(std::span<const double> scores, std::span<const uint8_t> labels,
                        double threshold) {
  return mean_of(scores, labels, [threshold](double score, bool one) {
    return (score > threshold) == one ? 1.0 : 0.0;
  });
}

Result<double> log_loss(std::span<const double> scores, std::span<const uint8_t> labels) {
  return mean_of(scores, labels, [](double score, bool one) {
    return -std::log(std::max(one ? score : 1 - score, kSmallestProbability));
  });
}

}  // namespace thunderline::thunderchief
