#include "thunderline/worlds/decision.h"

namespace thunderline::worlds {

double quarantine_probability(double score, double threshold, double epsilon) {
  return epsilon / 2 + (score > threshold ? 1 - epsilon : 0);
}

bool judged_before(double score, size_t position, double other_score, size_t other_position) {
  if (score != other_score) return score > other_score;
  return position > other_position;
}

}  // namespace thunderline::worlds
