#include "thunderline/cerebros/tpe/truncated_normal.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace thunderline::cerebros::tpe {
namespace {

constexpr double kLogSqrtTwoPi = 0.91893853320467274178;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

/// Asymptotic series of Mills' ratio (Abramowitz and Stegun 26.2.12). Range: x < -20.
double log_tail(double x) {
  double sum = 1, term = 1;
  for (int k = 1; k < 30 && std::abs(term) > 1e-17; ++k) {
    term *= -(2 * k - 1) / (x * x);
    sum += term;
  }
  return -0.5 * x * x - std::log(-x) - kLogSqrtTwoPi + std::log(sum);
}

double log_add(double a, double b) {
  const double larger = std::max(a, b);
  if (larger == -kInfinity) return larger;
  return larger + std::log1p(std::exp(std::min(a, b) - larger));
}

}  // namespace

double log_normal_cdf(double x) {
  if (x < -20) return log_tail(x);
  if (x > 0) return std::log1p(-normal_cdf(-x));
  return std::log(normal_cdf(x));
}

double log_normal_mass(double a, double b) {
  if (a > 0) return log_normal_mass(-b, -a);
  const double middle = 0.5 * (a + b);
  if ((b - a) * std::max(1.0, std::abs(middle)) < 1e-5) {
    // Differences of Φ would cancel; the density times the width is off by less than 1e-11.
    return std::log(b - a) - 0.5 * middle * middle - kLogSqrtTwoPi;
  }
  if (b > 0) return std::log1p(-normal_cdf(a) - normal_cdf(-b));
  const double upper = log_normal_cdf(b);
  return upper + std::log1p(-std::exp(log_normal_cdf(a) - upper));
}

double inverse_log_normal_cdf(double log_p) {
  if (log_p >= 0) return kInfinity;
  if (log_p == -kInfinity) return -kInfinity;
  // ln(1 − p), by which the right half mirrors to the left one.
  if (log_p > -std::numbers::ln2) return -inverse_log_normal_cdf(std::log(-std::expm1(log_p)));
  const double t = std::sqrt(-2 * log_p);
  double x = -(t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                       (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))));
  for (int i = 0; i < 20; ++i) {
    const double log_cdf = log_normal_cdf(x);
    const double slope = std::exp(-0.5 * x * x - kLogSqrtTwoPi - log_cdf);
    const double step = (log_cdf - log_p) / slope;
    x -= step;
    if (std::abs(step) < 1e-9 * std::max(1.0, std::abs(x))) break;  // the next would be 1e-18
  }
  return x;
}

double truncated_normal_quantile(double u, double a, double b) {
  const double log_mass = log_normal_mass(a, b);
  const double x =
      a < 0 ? inverse_log_normal_cdf(log_add(log_normal_cdf(a), std::log(u) + log_mass))
            : -inverse_log_normal_cdf(
                  log_add(log_normal_cdf(-b), std::log1p(-u) + log_mass));
  return std::clamp(x, a, b);
}

}  // namespace thunderline::cerebros::tpe
