#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline::thunderchief {

/// Population stability index of one channel: Σ (q − p) · ln(q / p) over ten bins at the deciles of the
/// reference, p and q the shares of reference and recent values, each kept at 0.0001 at least. 0: the
/// same; by custom above 0.1 a little and above 0.25 much. It is shown and raises no alarm: the inbox
/// drifts by its nature, and a model is replaced for what it does, not for what it is given.
/// Equal deciles merge, so a channel of few values has fewer bins.
/// Errors: kInvalidArgument for no values on a side, or one that is not finite.
Result<double> population_stability(std::span<const float> reference,
                                    std::span<const float> recent);

/// The same for each column. Shapes: both row-major [rows, columns], rows ≥ 1 each.
/// Errors: as above, and for a length that is no multiple of `columns`.
Result<std::vector<double>> feature_drift(std::span<const float> reference,
                                          std::span<const float> recent, size_t columns);

}  // namespace thunderline::thunderchief
