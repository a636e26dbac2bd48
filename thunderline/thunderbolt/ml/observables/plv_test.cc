#include "thunderline/thunderbolt/ml/observables/plv.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

namespace thunderline::thunderbolt {
namespace {

using std::numbers::pi;

std::vector<double> sinusoid(size_t length, double cycles, double phase) {
  std::vector<double> series(length);
  for (size_t i = 0; i < length; ++i) {
    const double turns = cycles * static_cast<double>(i) / static_cast<double>(length);
    series[i] = 3.0 + 0.5 * std::cos(2.0 * pi * turns + phase);
  }
  return series;
}

std::vector<double> noise(size_t length, Random& random) {
  std::vector<double> series(length);
  for (double& value : series) value = random.normal();
  return series;
}

TEST(InstantaneousPhase, IsThatOfACosine) {
  for (const size_t length : {256, 255, 200}) {
    const auto phases = instantaneous_phase(sinusoid(length, 8, 0.4));
    ASSERT_TRUE(phases);
    for (size_t i = 0; i < length; ++i) {
      const double turns = 8.0 * static_cast<double>(i) / static_cast<double>(length);
      const double difference = (*phases)[i] - (2.0 * pi * turns + 0.4);
      EXPECT_NEAR(std::remainder(difference, 2.0 * pi), 0.0, 1e-9);
    }
  }
}

TEST(PhaseLockingValue, IsOneForLockedSinusoidsWhateverTheirPhaseAndSize) {
  for (const double phase : {0.0, 0.7, 2.0, pi}) {
    const auto plv = phase_locking_value(sinusoid(256, 10, 0.0), sinusoid(256, 10, phase));
    ASSERT_TRUE(plv);
    EXPECT_NEAR(*plv, 1.0, 1e-9);
  }
}

TEST(PhaseLockingValue, IsZeroForSinusoidsOfDifferentFrequency) {
  const auto plv = phase_locking_value(sinusoid(256, 10, 0.0), sinusoid(256, 13, 0.0));
  ASSERT_TRUE(plv);
  EXPECT_NEAR(*plv, 0.0, 1e-9);
}

TEST(PhaseLockingValue, FallsWithTheRootOfTheWindowForIndependentNoise) {
  // N independent differences of phase have a mean resultant of √(π/4N); neighbouring phases of an
  // analytic signal are not quite independent, so a little more is to be expected.
  Random random(11);
  for (const size_t length : {64, 256, 1024}) {
    double sum = 0.0;
    const int trials = 300;
    for (int i = 0; i < trials; ++i) {
      sum += *phase_locking_value(noise(length, random), noise(length, random));
    }
    const double in_roots = sum / trials * std::sqrt(static_cast<double>(length));
    EXPECT_GT(in_roots, 0.85) << length;
    EXPECT_LT(in_roots, 1.35) << length;
  }
}

/// cos θ_i of Kuramoto's oscillators, θ_i' = ω_i + (K/n) Σ sin(θ_j − θ_i), by Euler steps of 0.02 that
/// are taken every 5th, after a start of 200 units of time.
std::vector<std::vector<double>> kuramoto(double coupling, size_t length) {
  const std::vector<double> speeds = {0.9, 1.0, 1.12, 1.26};
  const size_t n = speeds.size();
  std::vector<double> angles = {0.0, 1.7, 3.1, 4.9};
  std::vector<std::vector<double>> series(n);
  const int start = 10'000;
  for (int step = 0; series[0].size() < length; ++step) {
    const std::vector<double> before = angles;
    for (size_t i = 0; i < n; ++i) {
      double pull = 0.0;
      for (const double other : before) pull += std::sin(other - before[i]);
      angles[i] += 0.02 * (speeds[i] + coupling / static_cast<double>(n) * pull);
      if (step >= start && step % 5 == 0) series[i].push_back(std::cos(angles[i]));
    }
  }
  return series;
}

double mean_locking(const std::vector<std::vector<double>>& series) {
  double sum = 0.0;
  int pairs = 0;
  for (size_t i = 0; i < series.size(); ++i) {
    for (size_t j = i + 1; j < series.size(); ++j, ++pairs) {
      sum += *phase_locking_value(series[i], series[j]);
    }
  }
  return sum / pairs;
}

TEST(PhaseLockingValue, TellsCoupledOscillatorsAboveAndBelowTheCriticalCoupling) {
  // Speeds 0.36 apart: a coupling above that is enough to lock them (Dörfler and Bullo 2011), and one
  // far below moves each too little.
  EXPECT_LT(mean_locking(kuramoto(0.05, 4096)), 0.25);
  EXPECT_GT(mean_locking(kuramoto(0.5, 4096)), 0.99);
}

TEST(MeanPhaseLocking, IsTheMeanOverPairs) {
  const Phasors east(8, {1.0, 0.0});
  const Phasors north(8, {0.0, 1.0});
  Phasors alternating(8, {1.0, 0.0});
  for (size_t i = 1; i < 8; i += 2) alternating[i] = {-1.0, 0.0};
  EXPECT_NEAR(phase_locking(east, north), 1.0, 1e-15);
  EXPECT_NEAR(phase_locking(east, alternating), 0.0, 1e-15);
  const std::vector<Phasors> all = {east, north, alternating};
  EXPECT_NEAR(mean_phase_locking(all), 1.0 / 3.0, 1e-15);
}

TEST(AnalyticWindow, SurrogatesKeepTheSpectrumAndLoseThePhases) {
  Random random(5);
  for (const size_t length : {128, 99}) {
    const Fft plan(length);
    const std::vector<double> series = noise(length, random);
    const auto window = AnalyticWindow::create(plan, series);
    ASSERT_TRUE(window);
    const auto original = window->signal();
    const auto surrogate = window->surrogate(random);
    std::vector<double> shuffled;
    for (const auto& value : surrogate) shuffled.push_back(value.real());
    const auto again = AnalyticWindow::create(plan, shuffled);
    ASSERT_TRUE(again);
    std::vector<std::complex<double>> before = original, after = again->signal();
    double moved = 0.0;
    for (size_t i = 0; i < length; ++i) {
      EXPECT_NEAR(std::abs(after[i] - surrogate[i]), 0.0, 1e-10);  // It is an analytic signal.
      moved += std::abs(surrogate[i] - original[i]);
    }
    EXPECT_GT(moved / static_cast<double>(length), 0.5);
    plan.forward(before);
    plan.forward(after);
    for (size_t k = 0; k < length; ++k) {
      EXPECT_NEAR(std::abs(before[k]), std::abs(after[k]), 1e-9) << k;
    }
  }
}

TEST(AnalyticWindow, RefusesWhatHasNoPhase) {
  const Fft plan(8);
  const auto code = [&](const std::vector<double>& series) {
    const auto window = AnalyticWindow::create(plan, series);
    return window ? ErrorCode::kInternal : window.error().code;
  };
  EXPECT_EQ(code(std::vector<double>(8, 0.1)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(std::vector<double>(7, 0.1)), ErrorCode::kInvalidArgument);
  std::vector<double> series = {0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(code(series), ErrorCode::kInternal) << "a good one";
  series[3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(code(series), ErrorCode::kInvalidArgument);
  EXPECT_FALSE(instantaneous_phase({}));
  EXPECT_FALSE(phase_locking_value(sinusoid(8, 1, 0), sinusoid(9, 1, 0)));
}

}  // namespace
}  // namespace thunderline::thunderbolt
