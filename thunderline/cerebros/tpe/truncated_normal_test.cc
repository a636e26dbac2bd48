#include "thunderline/cerebros/tpe/truncated_normal.h"

#include <gtest/gtest.h>

#include <cmath>

namespace thunderline::cerebros::tpe {
namespace {

TEST(LogNormalCdf, AgreesWithKnownValuesFarIntoTheTail) {
  EXPECT_NEAR(log_normal_cdf(0), std::log(0.5), 1e-15);
  EXPECT_NEAR(log_normal_cdf(1.959963984540054), std::log(0.975), 1e-14);
  // ln Φ(−20) and ln Φ(−40), from 50-digit arithmetic (erfc).
  EXPECT_NEAR(log_normal_cdf(-20), -203.917155371, 1e-8);
  EXPECT_NEAR(log_normal_cdf(-40), -804.608442014, 1e-8);
  // Both branches meet.
  EXPECT_NEAR(log_normal_cdf(-20.0000001), log_normal_cdf(-19.9999999), 1e-5);
}

TEST(LogNormalMass, IsExactWhereDifferencesCancel) {
  // Mirror images carry the same mass.
  EXPECT_DOUBLE_EQ(log_normal_mass(30, 31), log_normal_mass(-31, -30));
  // A narrow cell: density times width.
  const double density = -0.5 * 9.0 - 0.5 * std::log(2 * M_PI);
  EXPECT_NEAR(log_normal_mass(3, 3 + 1e-9), density + std::log(1e-9), 1e-7);
  // Where the narrow form begins, the forms agree.
  EXPECT_NEAR(log_normal_mass(0.1, 0.1 + 0.99e-5), log_normal_mass(0.1, 0.1 + 1.01e-5) +
                                                       std::log(0.99 / 1.01), 1e-6);
  EXPECT_NEAR(log_normal_mass(-1, 2), std::log(std::erf(std::sqrt(2.0)) / 2 +
                                               std::erf(std::sqrt(0.5)) / 2), 1e-14);
}

TEST(InverseLogNormalCdf, UndoesTheForwardFunction) {
  for (double x = -60; x < 5; x += 0.37) {
    EXPECT_NEAR(inverse_log_normal_cdf(log_normal_cdf(x)), x, 1e-9 * std::max(1.0, std::abs(x)));
  }
  EXPECT_EQ(inverse_log_normal_cdf(0), HUGE_VAL);
  EXPECT_EQ(inverse_log_normal_cdf(-HUGE_VAL), -HUGE_VAL);
}

TEST(TruncatedNormalQuantile, StaysInsideAndHitsTheMedianOfASymmetricInterval) {
  EXPECT_NEAR(truncated_normal_quantile(0.5, -2, 2), 0, 1e-14);
  EXPECT_EQ(truncated_normal_quantile(0, -2, 2), -2);
  for (double u : {0.0, 1e-300, 0.3, 0.999999, 1 - 0x1.0p-53}) {
    for (double a : {-80.0, -3.0, 0.0, 40.0}) {
      const double x = truncated_normal_quantile(u, a, a + 1);
      EXPECT_GE(x, a);
      EXPECT_LE(x, a + 1);
    }
  }
}

}  // namespace
}  // namespace thunderline::cerebros::tpe
