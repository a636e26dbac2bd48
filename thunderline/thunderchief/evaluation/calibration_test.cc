#include "thunderline/thunderchief/evaluation/calibration.h"

#include <gtest/gtest.h>

#include <limits>

namespace thunderline::thunderchief {
namespace {

TEST(Calibration, IsZeroWhereTheScoreIsTheShare) {
  const std::vector<double> scores = {0.25, 0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0.75};
  const std::vector<uint8_t> labels = {0, 0, 0, 1, 1, 1, 0, 1};
  const auto calibration = calibrate(scores, labels);
  ASSERT_TRUE(calibration);
  EXPECT_DOUBLE_EQ(calibration->expected_error, 0.0);
  EXPECT_EQ(calibration->bins[2].count, 4u);
  EXPECT_DOUBLE_EQ(calibration->bins[2].share_of_ones, 0.25);
}

TEST(Calibration, WeighsEachBinsErrorByItsCount) {
  // Three at 0.9 of which one is a 1 (error 0.9 − 1/3), one at 0.1 that is a 0 (error 0.1).
  const auto calibration =
      calibrate(std::vector<double>{0.9, 0.9, 0.9, 0.1}, std::vector<uint8_t>{1, 0, 0, 0}, 4);
  ASSERT_TRUE(calibration);
  EXPECT_NEAR(calibration->expected_error, 0.75 * (0.9 - 1.0 / 3.0) + 0.25 * 0.1, 1e-12);
  EXPECT_NEAR(calibration->largest_error, 0.9 - 1.0 / 3.0, 1e-12);
}

TEST(Calibration, PutsAScoreOfOneIntoTheLastBin) {
  const auto calibration = calibrate(std::vector<double>{1.0, 0.0}, std::vector<uint8_t>{1, 0}, 5);
  ASSERT_TRUE(calibration);
  EXPECT_EQ(calibration->bins.front().count, 1u);
  EXPECT_EQ(calibration->bins.back().count, 1u);
}

TEST(Calibration, RefusesWhatIsNoProbabilityOrLabel) {
  EXPECT_FALSE(calibrate({}, {}));
  EXPECT_FALSE(calibrate(std::vector<double>{0.5}, std::vector<uint8_t>{}));
  EXPECT_FALSE(calibrate(std::vector<double>{1.5}, std::vector<uint8_t>{1}));
  EXPECT_FALSE(calibrate(std::vector<double>{0.5}, std::vector<uint8_t>{2}));
  EXPECT_FALSE(calibrate(std::vector<double>{0.5}, std::vector<uint8_t>{1}, 0));
  EXPECT_FALSE(calibrate(std::vector<double>{std::numeric_limits<double>::quiet_NaN()},
                         std::vector<uint8_t>{1}));
}

}  // namespace
}  // namespace thunderline::thunderchief
