#include "thunderline/thunderbolt/ml/observables/lyapunov.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

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

/// The first `states` embedded states in order of their first coordinate.
struct SortedStates {
  std::vector<size_t> times;        // [states]
  std::vector<double> coordinates;  // [states][dimension]
};

SortedStates sort_states(std::span<const double> series, const RosensteinOptions& options,
                         size_t states) {
  SortedStates sorted;
  sorted.times.resize(states);
  std::iota(sorted.times.begin(), sorted.times.end(), size_t{0});
  std::sort(sorted.times.begin(), sorted.times.end(), [&](size_t a, size_t b) {
    return series[a] < series[b] || (series[a] == series[b] && a < b);
  });
  sorted.coordinates.reserve(states * options.dimension);
  for (const size_t time : sorted.times) {
    for (size_t d = 0; d < options.dimension; ++d) {
      sorted.coordinates.push_back(series[time + d * options.lag]);
    }
  }
  return sorted;
}

/// Looks for the states' nearest neighbours.
class NeighbourSearch {
 public:
  NeighbourSearch(const SortedStates& sorted, const RosensteinOptions& options, double rounding)
      : sorted_(sorted), options_(options), rounding_(rounding) {}

  /// The time of the neighbour of the state at `place` in the sorted order, or kNone.
  size_t nearest(size_t place) {
    place_ = place;
    best_ = std::numeric_limits<double>::infinity();
    nearest_ = kNone;
    // Outwards on both sides, until the first coordinate alone is too far away.
    size_t above = place;
    size_t below = place;
    bool more_above = true;
    bool more_below = true;
    while (more_above || more_below) {
      more_above = more_above && ++above < sorted_.times.size() && consider(above);
      more_below = more_below && below-- > 0 && consider(below);
    }
    return nearest_;
  }

 private:
  /// False when no state beyond `other` can be nearer than the best so far.
  bool consider(size_t other) {
    const size_t dimension = options_.dimension;
    const double* const a = sorted_.coordinates.data() + place_ * dimension;
    const double* const b = sorted_.coordinates.data() + other * dimension;
    double distance = (a[0] - b[0]) * (a[0] - b[0]);
    if (distance >= best_) return false;
    for (size_t d = 1; d < dimension; ++d) distance += (a[d] - b[d]) * (a[d] - b[d]);
    if (distance >= best_ || distance <= rounding_) return true;
    const size_t here = sorted_.times[place_];
    const size_t there = sorted_.times[other];
    if ((here < there ? there - here : here - there) <= options_.exclusion) return true;
    best_ = distance;
    nearest_ = there;
    return true;
  }

  const SortedStates& sorted_;
  const RosensteinOptions& options_;
  const double rounding_;
  size_t place_ = 0;
  double best_ = 0.0;
  size_t nearest_ = kNone;
};

/// The nearest neighbour of each of the first `states` states, or kNone.
std::vector<size_t> nearest_neighbours(std::span<const double> series,
                                       const RosensteinOptions& options, size_t states,
                                       double rounding) {
  const SortedStates sorted = sort_states(series, options, states);
  NeighbourSearch search(sorted, options, rounding);
  std::vector<size_t> nearest(states);
  for (size_t place = 0; place < states; ++place) {
    nearest[sorted.times[place]] = search.nearest(place);
  }
  return nearest;
}

/// The sum of logarithms of many numbers, none so far from 1 that the product of eight would leave
/// the range of a double; at the price of one logarithm for eight.
class LogSum {
 public:
  void add(double value) {
    product_ *= value;
    if (++count_ % 8 == 0) settle();
  }
  size_t count() const { return count_; }
  double sum() {
    settle();
    return sum_;
  }

 private:
  void settle() { sum_ += std::log(std::exchange(product_, 1.0)); }

  double product_ = 1.0;
  double sum_ = 0.0;
  size_t count_ = 0;
};

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
  const double squared_range = (*high - *low) * (*high - *low);
  const double rounding = kRounding * kRounding * squared_range;
  // Only states that can be followed to the end, so that every mean is over the same pairs.
  const size_t states = series.size() - (options.dimension - 1) * options.lag - options.fit_end;
  const std::vector<size_t> nearest = nearest_neighbours(series, options, states, rounding);

  RosensteinFit fit;
  for (size_t k = 0; k <= options.fit_end; ++k) {
    LogSum logs;  // Of squared distances by the squared range: between kRounding² and the dimension.
    for (size_t i = 0; i < states; ++i) {
      if (nearest[i] == kNone) continue;
      const double distance = squared_distance(series, options, i + k, nearest[i] + k);
      if (distance > rounding) logs.add(distance / squared_range);
    }
    if (logs.count() == 0) {
      return fail(ErrorCode::kBadData, "no two states diverge: the series is constant or repeats");
    }
    const double mean = logs.sum() / static_cast<double>(logs.count());
    fit.divergence.push_back(0.5 * (mean + std::log(squared_range)));
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
