#include "thunderline/thunderchief/evaluation/page_hinkley.h"

#include <gtest/gtest.h>

#include <cmath>

#include "thunderline/base/random.h"

namespace thunderline::thunderchief {
namespace {

/// Squared errors of a model: mostly small, a share of large ones.
double squared_error(Random& random, double large_share) {
  const double error = random.unit() < large_share ? 0.7 + 0.3 * random.unit()
                                                   : 0.3 * random.unit();
  return error * error;
}

TEST(PageHinkley, AgreesWithAHandCalculation) {
  PageHinkley detector({.delta = 0, .lambda = 1, .min_values = 3});
  EXPECT_FALSE(detector.add(0));
  EXPECT_FALSE(detector.add(0));
  EXPECT_TRUE(detector.add(3));  // mean 1, m = 0 + 0 + 2
  EXPECT_DOUBLE_EQ(detector.statistic(), 2);
  EXPECT_DOUBLE_EQ(detector.mean(), 1);
  EXPECT_TRUE(detector.add(std::nan("")));
  EXPECT_EQ(detector.count(), 3);
}

TEST(PageHinkley, WaitsForEnoughValues) {
  PageHinkley detector({.delta = 0, .lambda = 1, .min_values = 4});
  detector.add(0);
  detector.add(0);
  EXPECT_FALSE(detector.add(3));
  EXPECT_TRUE(detector.add(3));
}

TEST(PageHinkley, IsSilentBeforeAChangeAndFiresSoonAfter) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    PageHinkley detector;
    for (int i = 0; i < 3000; ++i) {
      ASSERT_FALSE(detector.add(squared_error(random, 0.05))) << "seed " << seed << ", " << i;
    }
    int after = 0;
    while (after < 200 && !detector.add(squared_error(random, 0.5))) ++after;
    EXPECT_LT(after, 160) << "seed " << seed;
    EXPECT_GT(after, 20) << "seed " << seed;
  }
}

TEST(PageHinkley, IgnoresAnImprovement) {
  PageHinkley detector;
  for (int i = 0; i < 1000; ++i) detector.add(0.5);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(detector.add(0.1));
}

TEST(PageHinkley, StartsAnewAfterAReset) {
  PageHinkley detector({.delta = 0, .lambda = 1, .min_values = 1});
  detector.add(0);
  EXPECT_TRUE(detector.add(9));
  detector.reset();
  EXPECT_FALSE(detector.alarm());
  EXPECT_EQ(detector.count(), 0);
  EXPECT_EQ(detector.statistic(), 0);
  EXPECT_FALSE(detector.add(9));  // a new level, not a rise
}

}  // namespace
}  // namespace thunderline::thunderchief
