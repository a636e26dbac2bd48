#include "thunderline/worlds/inbox/heuristic.h"

#include <gtest/gtest.h>

#include <cmath>

#include "thunderline/worlds/inbox/mail_channels.h"

namespace thunderline::worlds::inbox {
namespace {

double logit(double p) { return std::log(p / (1 - p)); }

TEST(HeuristicScore, IsLowForAPlainMail) {
  EXPECT_NEAR(heuristic_score({}), 1 / (1 + std::exp(2.5)), 1e-15);
}

TEST(HeuristicScore, WeighsEveryChannelAsDefined) {
  const double weights[kChannels] = {1, 2, 1, -2, 0, 0, 0, 1, 2, 2, 0.5, 2, -2, 0, 1, 0};
  for (size_t i = 0; i < kChannels; ++i) {
    std::array<float, kChannels> channels{};
    channels[i] = 1;
    EXPECT_NEAR(logit(heuristic_score(channels)), -2.5 + weights[i], 1e-12) << channel_names()[i];
  }
}

}  // namespace
}  // namespace thunderline::worlds::inbox
