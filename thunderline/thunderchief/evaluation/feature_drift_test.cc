#include "thunderline/thunderchief/evaluation/feature_drift.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace thunderline::thunderchief {
namespace {

std::vector<float> rising(int count, float step, float start = 0) {
  std::vector<float> values;
  for (int i = 0; i < count; ++i) values.push_back(start + step * static_cast<float>(i));
  return values;
}

TEST(FeatureDrift, IsZeroForTheSameValues) {
  const auto values = rising(1000, 0.5f);
  EXPECT_DOUBLE_EQ(*population_stability(values, values), 0.0);
}

TEST(FeatureDrift, IsTheSumOverTheBins) {
  // Two values: the one bin has 3/4 before and 1/4 after, the other the rest.
  const std::vector<float> before = {0, 0, 0, 1}, after = {0, 1, 1, 1};
  EXPECT_NEAR(*population_stability(before, after), 2 * 0.5 * std::log(3.0), 1e-12);
}

TEST(FeatureDrift, IsLargeForAShiftAndForValuesNeverSeen) {
  const auto before = rising(1000, 0.001f);
  EXPECT_GT(*population_stability(before, rising(1000, 0.001f, 0.5f)), 0.25);
  EXPECT_GT(*population_stability(before, rising(1000, 0.001f, 100.0f)), 0.25);
}

TEST(FeatureDrift, IsFoundInItsColumnOnly) {
  const std::vector<float> before = {0, 5, 1, 6, 2, 7, 3, 8}, after = {0, 50, 1, 60, 2, 70, 3, 80};
  const auto drift = feature_drift(before, after, 2);
  ASSERT_TRUE(drift);
  EXPECT_DOUBLE_EQ((*drift)[0], 0.0);
  EXPECT_GT((*drift)[1], 0.25);
}

TEST(FeatureDrift, RefusesNoValuesAndSuchAsAreNoNumbers) {
  const std::vector<float> good = {1, 2};
  const std::vector<float> bad = {1, std::numeric_limits<float>::infinity()};
  EXPECT_FALSE(population_stability(good, {}));
  EXPECT_FALSE(population_stability({}, good));
  EXPECT_FALSE(population_stability(good, bad));
  EXPECT_FALSE(feature_drift(good, good, 3));
  EXPECT_FALSE(feature_drift(good, good, 0));
}

}  // namespace
}  // namespace thunderline::thunderchief
