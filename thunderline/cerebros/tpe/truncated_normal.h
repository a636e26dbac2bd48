#pragma once

namespace thunderline::cerebros::tpe {

/// ln Φ(x), the standard normal distribution function, exact far into the left tail.
double log_normal_cdf(double x);

/// ln(Φ(b) − Φ(a)) without cancellation, in either tail. Precondition: a <= b.
double log_normal_mass(double a, double b);

/// The x with ln Φ(x) = `log_p`, by Newton's method on ln Φ from the approximation of Abramowitz
/// and Stegun 26.2.23. Range: log_p <= 0.
double inverse_log_normal_cdf(double log_p);

/// The quantile of a standard normal truncated to [a, b]. Range: u in [0, 1), a <= b;
/// the result lies in [a, b].
double truncated_normal_quantile(double u, double a, double b);

}  // namespace thunderline::cerebros::tpe
