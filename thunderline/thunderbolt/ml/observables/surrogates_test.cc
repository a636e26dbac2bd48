#include "thunderline/thunderbolt/ml/observables/surrogates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace thunderline::thunderbolt {
namespace {

/// A series that remembers itself, with values far from Gaussian.
std::vector<double> skewed_walk(size_t length, Random& random) {
  std::vector<double> series(length);
  double x = 0.0;
  for (double& value : series) {
    x = 0.8 * x + random.normal();
    value = std::exp(x);
  }
  return series;
}

double autocorrelation(const std::vector<double>& series) {
  const double n = static_cast<double>(series.size());
  const double mean = std::accumulate(series.begin(), series.end(), 0.0) / n;
  double products = 0.0, squares = 0.0;
  for (size_t i = 0; i < series.size(); ++i) {
    squares += (series[i] - mean) * (series[i] - mean);
    if (i > 0) products += (series[i] - mean) * (series[i - 1] - mean);
  }
  return products / squares;
}

TEST(AmplitudeAdjustedSurrogates, KeepTheValuesAndNearlyTheCorrelation) {
  Random random(1);
  const Fft plan(512);
  const std::vector<double> series = skewed_walk(512, random);
  const auto source = AmplitudeAdjustedSurrogates::create(plan, series, random);
  ASSERT_TRUE(source);
  std::vector<double> sorted = series;
  std::sort(sorted.begin(), sorted.end());
  double correlation = 0.0;
  for (int i = 0; i < 50; ++i) {
    std::vector<double> surrogate = source->next(random);
    EXPECT_NE(surrogate, series);
    correlation += autocorrelation(surrogate) / 50;
    std::sort(surrogate.begin(), surrogate.end());
    EXPECT_EQ(surrogate, sorted);
  }
  EXPECT_NEAR(correlation, autocorrelation(series), 0.15);
}

TEST(AmplitudeAdjustedSurrogates, RefuseWhatHasNoPhase) {
  Random random(2);
  const Fft plan(64);
  const std::vector<double> constant(64, 1.0);
  EXPECT_EQ(AmplitudeAdjustedSurrogates::create(plan, constant, random).error().code,
            ErrorCode::kInvalidArgument);
}

TEST(CentralBand, LeavesHalfAPercentOutOnEachSide) {
  std::vector<double> values(199);
  std::iota(values.begin(), values.end(), 1.0);
  std::reverse(values.begin(), values.end());
  EXPECT_EQ(central_band(values), (Band{1.0, 199.0}));
  values.resize(999);
  std::iota(values.begin(), values.end(), 1.0);
  EXPECT_EQ(central_band(values), (Band{5.0, 995.0}));
  EXPECT_EQ(central_band({3.0}), (Band{3.0, 3.0}));
}

TEST(LoopAlert, SaysWhatItSawInOneSentence) {
  LoopAlert alert{LoopAlertKind::kLocked, "plv", 0.95, 0.9, Band{0.02, 0.4}, 7};
  EXPECT_EQ(alert.reason(), "plv 0.950 is above 0.900 (chance alone: 0.020 to 0.400)");
  alert = {LoopAlertKind::kDegenerate, "entropy", 0.0, 0.115, std::nullopt, 7};
  EXPECT_EQ(alert.reason(), "entropy 0.000 is below 0.115");
  EXPECT_EQ(loop_topic(LoopAlertKind::kLocked).name, "ml.loop.locked");
  EXPECT_EQ(loop_topic(LoopAlertKind::kDegenerate).name, "ml.loop.degenerate");
  EXPECT_EQ(loop_topic(LoopAlertKind::kChaotic).name, "ml.loop.chaotic");
}

}  // namespace
}  // namespace thunderline::thunderbolt
