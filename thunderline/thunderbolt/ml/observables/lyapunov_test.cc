// Exponents that are known: logistic map at r = 4: ln 2 (exact); Hénon map at a = 1.4, b = 0.3: 0.419;
// Lorenz system at σ = 10, ρ = 28, β = 8/3: 0.906 (Sprott 2003, "Chaos and Time-Series Analysis").

#include "thunderline/thunderbolt/ml/observables/lyapunov.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "thunderline/base/random.h"

namespace thunderline::thunderbolt {
namespace {

using Vec3 = std::array<double, 3>;

std::vector<double> logistic_series(size_t length, double r, double x) {
  std::vector<double> series(length);
  for (double& value : series) {
    x = r * x * (1.0 - x);
    value = x;
  }
  return series;
}

std::vector<double> henon_series(size_t length) {
  double x = 0.1, y = 0.1;
  std::vector<double> series;
  for (size_t i = 0; i < length + 100; ++i) {
    const double next = 1.0 - 1.4 * x * x + y;
    y = 0.3 * x;
    x = next;
    if (i >= 100) series.push_back(x);
  }
  return series;
}

Vec3 lorenz(const Vec3& p) {
  return {10.0 * (p[1] - p[0]), p[0] * (28.0 - p[2]) - p[1], p[0] * p[1] - 8.0 / 3.0 * p[2]};
}

Vec3 lorenz_jvp(const Vec3& p, const Vec3& v) {
  return {10.0 * (v[1] - v[0]), (28.0 - p[2]) * v[0] - v[1] - p[0] * v[2],
          p[1] * v[0] + p[0] * v[1] - 8.0 / 3.0 * v[2]};
}

Vec3 along(const Vec3& p, double by, const Vec3& v) {
  return {p[0] + by * v[0], p[1] + by * v[1], p[2] + by * v[2]};
}

/// One step of RK4 on the state and, differentiated step by step, on the tangent.
void lorenz_step(double h, Vec3& p, Vec3& v) {
  const Vec3 k1 = lorenz(p), d1 = lorenz_jvp(p, v);
  const Vec3 p2 = along(p, h / 2, k1), v2 = along(v, h / 2, d1);
  const Vec3 k2 = lorenz(p2), d2 = lorenz_jvp(p2, v2);
  const Vec3 p3 = along(p, h / 2, k2), v3 = along(v, h / 2, d2);
  const Vec3 k3 = lorenz(p3), d3 = lorenz_jvp(p3, v3);
  const Vec3 p4 = along(p, h, k3), v4 = along(v, h, d3);
  const Vec3 k4 = lorenz(p4), d4 = lorenz_jvp(p4, v4);
  for (size_t i = 0; i < 3; ++i) {
    p[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
    v[i] += h / 6 * (d1[i] + 2 * d2[i] + 2 * d3[i] + d4[i]);
  }
}

std::vector<double> lorenz_series(size_t length, double h) {
  Vec3 p{1.0, 1.0, 20.0}, v{};
  std::vector<double> series;
  for (size_t i = 0; i < length + 2'000; ++i) {
    lorenz_step(h, p, v);
    if (i >= 2'000) series.push_back(p[0]);
  }
  return series;
}

// Tolerances of Rosenstein's method: the paper itself is within 5 % for the logistic map and Hénon at
// 500 and more samples, and within 10 % for Lorenz.

TEST(Rosenstein, FindsLnTwoForTheLogisticMap) {
  const auto fit = rosenstein(logistic_series(2'000, 4.0, 0.3),
                              {.dimension = 2, .exclusion = 4, .fit_begin = 0, .fit_end = 5});
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->exponent, std::numbers::ln2, 0.05 * std::numbers::ln2);
}

TEST(Rosenstein, FindsTheExponentOfHenonsMap) {
  const auto fit = rosenstein(henon_series(2'000),
                              {.dimension = 2, .exclusion = 4, .fit_begin = 0, .fit_end = 7});
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->exponent, 0.419, 0.05 * 0.419);
}

TEST(Rosenstein, FindsTheExponentOfLorenz) {
  // x at 25 samples a unit of time; the fit skips the first 0.4 units, in which neighbours turn into
  // the growing direction, and ends before they are as far apart as the attractor is wide.
  const auto fit = rosenstein(lorenz_series(5'000, 0.04), {.dimension = 5,
                                                          .lag = 3,
                                                          .exclusion = 20,
                                                          .fit_begin = 10,
                                                          .fit_end = 80,
                                                          .sample_time = 0.04});
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->exponent, 0.906, 0.10 * 0.906);
}

TEST(Rosenstein, FindsHardlyAnyGrowthInAQuasiperiodicSeries) {
  // Not exactly 0: neighbours are picked where they are nearest, so on the whole they part a little.
  std::vector<double> series;
  for (int i = 0; i < 1'000; ++i) {
    series.push_back(std::sin(0.1 * i) + std::sin(0.1 * std::sqrt(2.0) * i));
  }
  const auto fit = rosenstein(series, {.dimension = 4, .lag = 8, .exclusion = 60, .fit_end = 60});
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->exponent, 0.0, 0.02);
}

TEST(Rosenstein, LooksChaoticOnNoise) {
  Random random(3);
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<double> series(256);
    for (double& value : series) value = random.normal();
    EXPECT_GT(rosenstein(series, {})->exponent, 0.1);
  }
}

TEST(Rosenstein, GivesTheDivergenceItFitted) {
  const auto fit = rosenstein(logistic_series(300, 4.0, 0.3), {.dimension = 1, .fit_end = 3});
  ASSERT_TRUE(fit);
  ASSERT_EQ(fit->divergence.size(), 4u);
  const std::vector<double>& d = fit->divergence;
  const double slope = (-1.5 * d[0] - 0.5 * d[1] + 0.5 * d[2] + 1.5 * d[3]) / 5.0;
  EXPECT_NEAR(fit->exponent, slope, 1e-12);
}

TEST(Rosenstein, SaysWhyASeriesCannotBeRead) {
  const auto code = [](const std::vector<double>& series, RosensteinOptions options) {
    const auto fit = rosenstein(series, options);
    return fit ? ErrorCode::kInternal : fit.error().code;
  };
  const std::vector<double> good = logistic_series(100, 4.0, 0.3);
  EXPECT_EQ(code(good, {}), ErrorCode::kInternal) << "a good one";
  EXPECT_EQ(code(good, {.dimension = 0}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(good, {.lag = 0}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(good, {.lag = static_cast<size_t>(-1)}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(good, {.fit_begin = 4, .fit_end = 4}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(good, {.fit_end = 99}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(good, {.exclusion = 99}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(good, {.sample_time = 0.0}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({}, {}), ErrorCode::kInvalidArgument);
  std::vector<double> bad = good;
  bad[50] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(code(bad, {}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(std::vector<double>(100, 0.5), {}), ErrorCode::kBadData);
}

TEST(LyapunovByJvp, FindsLnTwoForTheLogisticMap) {
  const JvpStep step = [](auto x, auto v, auto next_x, auto next_v) {
    next_x[0] = 4.0 * x[0] * (1.0 - x[0]);
    next_v[0] = (4.0 - 8.0 * x[0]) * v[0];
  };
  const std::vector<double> start = {0.3};
  const auto exponent = lyapunov_by_jvp(step, start, {});
  ASSERT_TRUE(exponent);
  EXPECT_NEAR(*exponent, std::numbers::ln2, 1e-3);
}

TEST(LyapunovByJvp, FindsTheExponentOfHenonsMap) {
  const JvpStep step = [](auto x, auto v, auto next_x, auto next_v) {
    next_x[0] = 1.0 - 1.4 * x[0] * x[0] + x[1];
    next_x[1] = 0.3 * x[0];
    next_v[0] = -2.8 * x[0] * v[0] + v[1];
    next_v[1] = 0.3 * v[0];
  };
  const std::vector<double> start = {0.1, 0.1};
  const auto exponent = lyapunov_by_jvp(step, start, {.steps = 400'000});
  ASSERT_TRUE(exponent);
  EXPECT_NEAR(*exponent, 0.419, 2e-3);
}

TEST(LyapunovByJvp, FindsTheExponentOfLorenz) {
  const double h = 0.01;
  const JvpStep step = [h](auto x, auto v, auto next_x, auto next_v) {
    Vec3 p{x[0], x[1], x[2]}, t{v[0], v[1], v[2]};
    lorenz_step(h, p, t);
    std::copy(p.begin(), p.end(), next_x.begin());
    std::copy(t.begin(), t.end(), next_v.begin());
  };
  const std::vector<double> start = {1.0, 1.0, 20.0};
  const auto exponent = lyapunov_by_jvp(step, start, {.steps = 300'000, .step_time = h});
  ASSERT_TRUE(exponent);
  EXPECT_NEAR(*exponent, 0.906, 0.01);
}

TEST(LyapunovByJvp, IsTheLogOfTheFactorForALinearMap) {
  const JvpStep halve = [](auto x, auto v, auto next_x, auto next_v) {
    next_x[0] = 0.5 * x[0];
    next_v[0] = 0.5 * v[0];
  };
  const std::vector<double> start = {1.0};
  EXPECT_NEAR(*lyapunov_by_jvp(halve, start, {.steps = 100}), -std::numbers::ln2, 1e-12);
  EXPECT_NEAR(*lyapunov_by_jvp(halve, start, {.steps = 100, .step_time = 0.1}),
              -10 * std::numbers::ln2, 1e-11);
}

TEST(LyapunovByJvp, SaysWhyAnOrbitCannotBeFollowed) {
  const JvpStep explode = [](auto x, auto v, auto next_x, auto next_v) {
    next_x[0] = x[0] * x[0];
    next_v[0] = 2.0 * x[0] * v[0];
  };
  const JvpStep vanish = [](auto x, auto /*v*/, auto next_x, auto next_v) {
    next_x[0] = x[0];
    next_v[0] = 0.0;
  };
  const std::vector<double> start = {3.0};
  EXPECT_EQ(lyapunov_by_jvp(explode, start, {}).error().code, ErrorCode::kBadData);
  EXPECT_EQ(*lyapunov_by_jvp(vanish, start, {}), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(lyapunov_by_jvp(vanish, {}, {}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(lyapunov_by_jvp(vanish, start, {.steps = 0}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(lyapunov_by_jvp(vanish, start, {.step_time = 0.0}).error().code,
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace thunderline::thunderbolt
