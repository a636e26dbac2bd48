#pragma once

#include <cstddef>

namespace thunderline::worlds {

/// P(quarantine) of an event with this score: ε/2 + (1 − ε)·[score > threshold].
/// Range: `epsilon` in [0, 1]; the result is in [0, 1].
double quarantine_probability(double score, double threshold, double epsilon);

/// Whether the first event is judged before the second: highest score first, ties newest first (the
/// later in the order of arrival). Scores must not be NaN.
bool judged_before(double score, size_t position, double other_score, size_t other_position);

}  // namespace thunderline::worlds
