#include "thunderline/thunderbolt/ml/observables/lyapunov.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "thunderline/base/random.h"

namespace thunderline::thunderbolt {
namespace {

/// Distances below this share of the series' range are rounding.
constexpr double kRounding = 1e-10;
constexpr size_t kNone = static_cast<size_t>(-1);

Status check_rosenstein(std::span<const double> series, const RosensteinOptions& options) {
  if (options.dimension < 1 || options.lag < 1) {
    return fail(ErrorCode::kInvalidArgument, "dimension and lag must be at least 1");
  }
  if (options.fit_begin >= options.fit_end) {
    return fail(ErrorCode::kInvalidArgument, "fit_begin must be below fit_end");
  }
  if (!(options.sample_time > 0.0)) {
    return fail(ErrorCode::kInvalidArgument, "sample_time must be positive");
  }
  const size_t n = series.size();
  const auto small = [](size_t value) { return value <= 1'000'000; };  // No sum below overflows.
  const bool fits =
      small(options.lag) && small(options.dimension) && small(options.fit_end) &&
      small(options.exclusion) &&
      (options.dimension - 1) * options.lag + options.fit_end + options.exclusion + 2 <= n;
  if (!fits) {
    return fail(ErrorCode::kInvalidArgument, "the series is too short for these options",
                std::to_string(n) + " samples");
  }
  for (size_t i = 0; i < n; ++i) {
    if (!std::isfinite(series[i])) {
      return fail(ErrorCode::kInvalidArgument, "a sample is not finite",
                  "index " + std::to_string(i));
    }
  }
  return {};
}

/// Squared distance of the embedded states at `a` and `b`.
double squared_distance(std::span<const double> series, const RosensteinOptions& options, size_t a,
                        size_t b) {
  double sum = 0.0;
  for (size_t d = 0; d < options.dimension; ++d) {
    const double difference = series[a + d * options.lag] - series[b + d * options.lag];
    sum += difference * difference;
  }
  return sum;
}

/// The nearest neighbour of each of the first `states` states, or kNone. Goes by time difference, so
/// that each difference of samples is squared once and not once for every dimension.
std::vector<size_t> nearest_neighbours(std::span<const double> series,
                                       const RosensteinOptions& options, size_t states,
                                       double rounding) {
  std::vector<size_t> nearest(states, kNone);
  std::vector<double> best(states, std::numeric_limits<double>::infinity());
  std::vector<double> squares(series.size());
  std::vector<double> distances(states);
  for (size_t apart = options.exclusion + 1; apart < states; ++apart) {
    const size_t count = states - apart;
    const size_t samples = count + (options.dimension - 1) * options.lag;
    for (size_t i = 0; i < samples; ++i) {
      const double difference = series[i] - series[i + apart];
      squares[i] = difference * difference;
    }
    std::copy_n(squares.begin(), count, distances.begin());
    for (size_t d = 1; d < options.dimension; ++d) {
      const double* const shifted = squares.data() + d * options.lag;
      for (size_t i = 0; i < count; ++i) distances[i] += shifted[i];
    }
    for (size_t i = 0; i < count; ++i) {
      const double distance = distances[i];
      if (distance <= rounding) continue;
      if (distance < best[i]) {
        best[i] = distance;
        nearest[i] = i + apart;
      }
      if (distance < best[i + apart]) {
        best[i + apart] = distance;
        nearest[i + apart] = i;
      }
    }
  }
  return nearest;
}

double slope(const std::vector<double>& values, size_t begin, size_t end) {
  const double mean_x = (static_cast<double>(begin) + static_cast<double>(end)) / 2.0;
  double numerator = 0.0;
  double denominator = 0.0;
  for (size_t k = begin; k <= end; ++k) {
    const double x = static_cast<double>(k) - mean_x;
    numerator += x * values[k];
    denominator += x * x;
  }
  return numerator / denominator;
}

double length_of(std::span<const double> vector) {
  double sum = 0.0;
  for (const double value : vector) sum += value * value;
  return std::sqrt(sum);
}

}  // namespace

Result<RosensteinFit> rosenstein(std::span<const double> series,
                                 const RosensteinOptions& options) {
  TL_RETURN_IF_ERROR(check_rosenstein(series, options));
  const auto [low, high] = std::minmax_element(series.begin(), series.end());
  const double rounding = std::pow(kRounding * (*high - *low), 2);
  // Only states that can be followed to the end, so that every mean is over the same pairs.
  const size_t states = series.size() - (options.dimension - 1) * options.lag - options.fit_end;
  const std::vector<size_t> nearest = nearest_neighbours(series, options, states, rounding);

  RosensteinFit fit;
  for (size_t k = 0; k <= options.fit_end; ++k) {
    double sum = 0.0;
    size_t pairs = 0;
    for (size_t i = 0; i < states; ++i) {
      if (nearest[i] == kNone) continue;
      const double distance = squared_distance(series, options, i + k, nearest[i] + k);
      if (distance <= rounding) continue;
      sum += 0.5 * std::log(distance);
      ++pairs;
    }
    if (pairs == 0) {
      return fail(ErrorCode::kBadData, "no two states diverge: the series is constant or repeats");
    }
    fit.divergence.push_back(sum / static_cast<double>(pairs));
  }
  fit.exponent = slope(fit.divergence, options.fit_begin, options.fit_end) / options.sample_time;
  return fit;
}

Result<double> lyapunov_by_jvp(const JvpStep& step, std::span<const double> initial_state,
                               const JvpOptions& options) {
  if (initial_state.empty()) return fail(ErrorCode::kInvalidArgument, "the state is empty");
  if (options.steps < 1) return fail(ErrorCode::kInvalidArgument, "must be at least 1", "steps");
  if (!(options.step_time > 0.0)) {
    return fail(ErrorCode::kInvalidArgument, "must be positive", "step_time");
  }
  const size_t n = initial_state.size();
  std::vector<double> state(initial_state.begin(), initial_state.end());
  std::vector<double> tangent(n);
  std::vector<double> next_state(n);
  std::vector<double> next_tangent(n);
  Random random(options.seed);
  for (double& value : tangent) value = random.normal();
  const double first_length = length_of(tangent);
  for (double& value : tangent) value /= first_length;

  double log_growth = 0.0;
  for (size_t i = 0; i < options.transient_steps + options.steps; ++i) {
    step(state, tangent, next_state, next_tangent);
    const double growth = length_of(next_tangent);
    if (!std::isfinite(growth) || !std::isfinite(length_of(next_state))) {
      return fail(ErrorCode::kBadData, "the orbit leaves the finite numbers",
                  "step " + std::to_string(i));
    }
    if (growth == 0.0) return -std::numeric_limits<double>::infinity();
    if (i >= options.transient_steps) log_growth += std::log(growth);
    for (double& value : next_tangent) value /= growth;
    state.swap(next_state);
    tangent.swap(next_tangent);
  }
  return log_growth / (static_cast<double>(options.steps) * options.step_time);
}

}  // namespace thunderline::thunderbolt
