#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline::thunderbolt {

/// Equal bins over [0, 1] that scores are counted in; 1 falls into the last.
inline constexpr size_t kScoreBins = 10;

/// The largest entropy of a score histogram, ln 10. Units: nats.
inline constexpr double kLargestScoreEntropy = 2.302585092994045684;

/// H(p) = −Σ p_i ln p_i of counts, p_i their share. Units: nats. Range: [0, ln(size)]; 0 without
/// counts. Source: Shannon 1948.
double entropy(std::span<const uint32_t> counts);

/// How the spread of scores changes: σ = H(p_t) / H(p_{t−1}), p_t the histogram of the newest
/// `window` scores and p_{t−1} that of the `window` before. Memory: 2 · window bytes.
/// Thread-safety: one thread.
class SigmaWindow {
 public:
  /// Range: window ≥ 1 (0 counts as 1).
  explicit SigmaWindow(size_t window = 256);

  /// Takes the next score. Errors: kInvalidArgument, without any change, outside [0, 1].
  Status add(float score);

  /// H(p_t), of as many scores as there are up to `window`: a collapse shows in few of them. Nothing
  /// before half a window of scores came.
  std::optional<double> entropy_now() const;

  /// σ. Nothing before twice `window` scores came, nor while H(p_{t−1}) = 0: then no ratio exists.
  std::optional<double> sigma() const;

 private:
  size_t window_;
  std::vector<uint8_t> bins_;  // Ring of the newest 2·window scores' bins.
  uint64_t added_ = 0;
  std::array<uint32_t, kScoreBins> newest_{};
  std::array<uint32_t, kScoreBins> before_{};
};

/// How activations grow from layer to layer: the geometric mean over layers of
/// rms(a_{l+1}) / rms(a_l), rms(a) = ‖a‖/√units. 1 keeps signals at their size. This is not σ.
/// Shapes: one span of units for each layer, at least 2, of any sizes.
/// Errors: kInvalidArgument for fewer layers, an empty one, one whose activations are all 0 or not
/// finite.
Result<double> layer_propagation_ratio(std::span<const std::span<const float>> activations);

}  // namespace thunderline::thunderbolt
