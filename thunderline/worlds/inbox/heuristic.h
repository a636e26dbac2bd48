#pragma once

#include <array>

#include "thunderline/worlds/world.h"

namespace thunderline::worlds::inbox {

/// P(spam) by a rule of thumb, until a model is deployed: a logistic function of the channels.
double heuristic_score(const std::array<float, kChannels>& channels);

}  // namespace thunderline::worlds::inbox
