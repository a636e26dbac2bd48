#include "thunderline/thunderbolt/ml/observables/sigma.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace thunderline::thunderbolt {
namespace {

Result<double> root_mean_square(std::span<const float> units, size_t layer) {
  double sum = 0.0;
  for (const float unit : units) sum += static_cast<double>(unit) * unit;
  if (!(sum > 0.0) || !std::isfinite(sum)) {
    return fail(ErrorCode::kInvalidArgument, "activations must be finite and not all 0",
                "layer " + std::to_string(layer));
  }
  return std::sqrt(sum / static_cast<double>(units.size()));
}

}  // namespace

double entropy(std::span<const uint32_t> counts) {
  double total = 0.0;
  for (const uint32_t count : counts) total += count;
  double entropy = 0.0;
  for (const uint32_t count : counts) {
    if (count > 0) entropy += count / total * std::log(total / count);
  }
  return entropy;
}

SigmaWindow::SigmaWindow(size_t window)
    : window_(std::max<size_t>(window, 1)), bins_(2 * window_) {}

Status SigmaWindow::add(float score) {
  if (!(score >= 0.0f && score <= 1.0f)) {
    return fail(ErrorCode::kInvalidArgument, "a score must be in [0, 1]", std::to_string(score));
  }
  const auto bin = std::min(static_cast<size_t>(score * kScoreBins), kScoreBins - 1);
  const size_t slot = added_ % bins_.size();
  if (added_ >= bins_.size()) --before_[bins_[slot]];
  if (added_ >= window_) {
    const uint8_t aged = bins_[(added_ - window_) % bins_.size()];
    --newest_[aged];
    ++before_[aged];
  }
  bins_[slot] = static_cast<uint8_t>(bin);
  ++newest_[bin];
  ++added_;
  return {};
}

std::optional<double> SigmaWindow::entropy_now() const {
  if (2 * added_ < window_) return std::nullopt;
  return entropy(newest_);
}

std::optional<double> SigmaWindow::sigma() const {
  if (added_ < 2 * window_) return std::nullopt;
  const double before = entropy(before_);
  if (before <= 0.0) return std::nullopt;
  return entropy(newest_) / before;
}

Result<double> layer_propagation_ratio(std::span<const std::span<const float>> activations) {
  if (activations.size() < 2) {
    return fail(ErrorCode::kInvalidArgument, "a propagation ratio needs at least 2 layers",
                std::to_string(activations.size()));
  }
  double log_ratio = 0.0;
  double last = 0.0;
  for (size_t layer = 0; layer < activations.size(); ++layer) {
    TL_ASSIGN_OR_RETURN(const double size, root_mean_square(activations[layer], layer));
    if (layer > 0) log_ratio += std::log(size / last);
    last = size;
  }
  return std::exp(log_ratio / static_cast<double>(activations.size() - 1));
}

}  // namespace thunderline::thunderbolt
