#include "thunderline/worlds/decision.h"

#include <gtest/gtest.h>

namespace thunderline::worlds {
namespace {

TEST(QuarantineProbability, IsGreedyWithoutExploration) {
  EXPECT_EQ(quarantine_probability(0.6, 0.5, 0), 1);
  EXPECT_EQ(quarantine_probability(0.4, 0.5, 0), 0);
  EXPECT_EQ(quarantine_probability(0.5, 0.5, 0), 0) << "the threshold itself is not above it";
}

TEST(QuarantineProbability, SharesExplorationBetweenBothActions) {
  EXPECT_DOUBLE_EQ(quarantine_probability(0.6, 0.5, 0.02), 0.99);
  EXPECT_DOUBLE_EQ(quarantine_probability(0.4, 0.5, 0.02), 0.01);
  EXPECT_DOUBLE_EQ(quarantine_probability(0.4, 0.5, 1), 0.5);
}

TEST(JudgedBefore, TakesTheHighestScoreAndTheNewestOfEqualOnes) {
  EXPECT_TRUE(judged_before(0.9, 1, 0.8, 2));
  EXPECT_FALSE(judged_before(0.8, 2, 0.9, 1));
  EXPECT_TRUE(judged_before(0.5, 7, 0.5, 6));
  EXPECT_FALSE(judged_before(0.5, 6, 0.5, 7));
}

}  // namespace
}  // namespace thunderline::worlds
