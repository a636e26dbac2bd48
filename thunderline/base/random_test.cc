#include "thunderline/base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace thunderline {
namespace {

TEST(Random, GivesTheSameNumbersForTheSameSeed) {
  Random a(7), b(7), c(8);
  const uint64_t first = a();
  EXPECT_EQ(first, b());
  EXPECT_NE(first, c());
}

TEST(Random, DrawsBelowTheBoundEvenly) {
  Random random(1);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts[random.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
}

TEST(Random, DrawsUnitAndNormalWithTheRightMoments) {
  Random random(2);
  double unit_sum = 0, normal_sum = 0, normal_squares = 0;
  const int n = 200'000;
  for (int i = 0; i < n; ++i) {
    const double u = random.unit();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    unit_sum += u;
    const double z = random.normal();
    normal_sum += z;
    normal_squares += z * z;
  }
  EXPECT_NEAR(unit_sum / n, 0.5, 0.005);
  EXPECT_NEAR(normal_sum / n, 0.0, 0.01);
  EXPECT_NEAR(normal_squares / n, 1.0, 0.02);
}

TEST(DeriveSeed, KeepsStreamsOfOneSeedApart) {
  std::set<uint64_t> seeds;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    for (uint64_t stream = 0; stream < 30; ++stream) seeds.insert(derive_seed(seed, stream));
  }
  EXPECT_EQ(seeds.size(), 900u);
}

}  // namespace
}  // namespace thunderline
