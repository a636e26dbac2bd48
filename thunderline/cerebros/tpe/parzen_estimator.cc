#include "thunderline/cerebros/tpe/parzen_estimator.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "thunderline/cerebros/tpe/truncated_normal.h"

namespace thunderline::cerebros::tpe {
namespace {

constexpr size_t kFullWeights = 25;
constexpr double kLogSqrtTwoPi = 0.91893853320467274178;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNegligible = -50;  // exp of it is lost beside 1, and dear where it underflows
constexpr double kBoundTolerance = 1e-12;  // exp and log of a bound may miss it by a rounding

using NumericKernels = ParzenEstimator::NumericKernels;
using CategoricalKernels = ParzenEstimator::CategoricalKernels;

/// The larger gap to a neighbour, the domain's ends being neighbours of the outermost; but with two
/// or more observations the outermost look inwards only.
std::vector<double> neighbour_gaps(const std::vector<double>& mu, const Domain& domain) {
  const size_t n = mu.size();
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return mu[a] < mu[b]; });
  std::vector<double> gaps(n);
  for (size_t k = 0; k < n; ++k) {
    const double here = mu[order[k]];
    const double left = here - (k > 0 ? mu[order[k - 1]] : domain.low);
    const double right = (k + 1 < n ? mu[order[k + 1]] : domain.high) - here;
    double gap = std::max(left, right);
    if (n >= 2 && k == 0) gap = right;
    if (n >= 2 && k == n - 1) gap = left;
    gaps[order[k]] = gap;
  }
  return gaps;
}

NumericKernels numeric_kernels(const Domain& domain, const std::vector<double>& column) {
  NumericKernels kernels{.domain = domain, .mu = column, .sigma = {}};
  if (domain.log) {
    for (double& mu : kernels.mu) mu = std::log(mu);
  }
  kernels.sigma = neighbour_gaps(kernels.mu, domain);
  const double width = domain.width();
  const double parts = std::min(100.0, 2.0 + static_cast<double>(column.size()));
  const double narrowest = std::max(width / parts, std::numeric_limits<double>::min());
  for (double& sigma : kernels.sigma) sigma = std::max(std::min(sigma, width), narrowest);
  kernels.mu.push_back(0.5 * (domain.low + domain.high));
  kernels.sigma.push_back(width);
  return kernels;
}

CategoricalKernels categorical_kernels(size_t choices, const std::vector<double>& column) {
  const size_t count = column.size() + 1;
  const double smoothing = 1.0 / static_cast<double>(count);
  const double row_sum = 1.0 + smoothing * static_cast<double>(choices);
  CategoricalKernels kernels{choices, std::vector<double>(count * choices, smoothing / row_sum)};
  for (size_t k = 0; k < column.size(); ++k) {
    kernels.probabilities[k * choices + static_cast<size_t>(column[k])] =
        (1.0 + smoothing) / row_sum;
  }
  const double uniform = 1.0 / static_cast<double>(choices);
  std::fill(kernels.probabilities.end() - static_cast<ptrdiff_t>(choices),
            kernels.probabilities.end(), uniform);
  return kernels;
}

std::vector<size_t> draw_kernels(MersenneTwister& random, const std::vector<double>& weights,
                                 size_t count) {
  std::vector<double> cumulative(weights.size());
  std::partial_sum(weights.begin(), weights.end(), cumulative.begin());
  const double total = cumulative.back();
  for (double& value : cumulative) value /= total;
  std::vector<size_t> kernels(count);
  for (size_t& kernel : kernels) {
    kernel = static_cast<size_t>(
        std::upper_bound(cumulative.begin(), cumulative.end(), random.unit()) -
        cumulative.begin());
  }
  return kernels;
}

double draw_category(MersenneTwister& random, const CategoricalKernels& kernels, size_t kernel) {
  const double u = random.unit();
  const double* row = &kernels.probabilities[kernel * kernels.choices];
  double sum = 0;
  size_t category = 0;
  for (size_t i = 0; i + 1 < kernels.choices; ++i) {  // the last sum is 1, never below u
    sum += row[i];
    if (sum < u) ++category;
  }
  return static_cast<double>(category);
}

double draw_number(MersenneTwister& random, const NumericKernels& kernels, size_t kernel) {
  const double mu = kernels.mu[kernel], sigma = kernels.sigma[kernel];
  const double quantile = truncated_normal_quantile(
      random.unit(), (kernels.domain.low - mu) / sigma, (kernels.domain.high - mu) / sigma);
  return kernels.domain.value_at(quantile * sigma + mu);
}

/// Log densities under construction. Shape: [points][kernels].
struct LogTable {
  size_t kernels = 0;
  std::vector<double> values;

  std::span<double> row(size_t point) { return {&values[point * kernels], kernels}; }
};

double log_mass_in_domain(const NumericKernels& dimension, size_t kernel) {
  const double mu = dimension.mu[kernel], sigma = dimension.sigma[kernel];
  return log_normal_mass((dimension.domain.low - mu) / sigma,
                         (dimension.domain.high - mu) / sigma);
}

void add_continuous(const NumericKernels& dimension, std::span<const double> points, size_t stride,
                    LogTable& table) {
  std::vector<double> offset(table.kernels), precision(table.kernels);
  for (size_t k = 0; k < table.kernels; ++k) {
    precision[k] = 1.0 / dimension.sigma[k];
    offset[k] =
        -kLogSqrtTwoPi - std::log(dimension.sigma[k]) - log_mass_in_domain(dimension, k);
  }
  const Domain& domain = dimension.domain;
  for (size_t i = 0; i * stride < points.size(); ++i) {
    const double x = points[i * stride];
    const double z = domain.log ? std::log(x) : x;
    const bool inside = z >= domain.low - kBoundTolerance && z <= domain.high + kBoundTolerance;
    const std::span<double> row = table.row(i);
    for (size_t k = 0; k < table.kernels; ++k) {
      const double y = (z - dimension.mu[k]) * precision[k];
      row[k] += inside ? offset[k] - 0.5 * y * y : -kInfinity;
    }
  }
}

/// Kernels on a grid repeat: a few values, and among equal ones at most three bandwidths. So the
/// costly masses are computed once for each distinct kernel.
struct DistinctKernels {
  std::vector<size_t> representative;  // of each distinct kernel
  std::vector<size_t> group;           // of each kernel

  explicit DistinctKernels(const NumericKernels& all) : group(all.mu.size()) {
    std::vector<size_t> order(all.mu.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const auto key = [&](size_t k) { return std::pair(all.mu[k], all.sigma[k]); };
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return key(a) < key(b); });
    for (size_t k : order) {
      if (representative.empty() || key(representative.back()) != key(k)) {
        representative.push_back(k);
      }
      group[k] = representative.size() - 1;
    }
  }
};

std::vector<double> cell_masses(const NumericKernels& dimension, const DistinctKernels& distinct,
                                double x) {
  double left = x - dimension.domain.step / 2, right = x + dimension.domain.step / 2;
  if (dimension.domain.log) {
    left = std::log(left);
    right = std::log(right);
  }
  std::vector<double> masses;
  masses.reserve(distinct.representative.size());
  for (size_t k : distinct.representative) {
    const double mu = dimension.mu[k], sigma = dimension.sigma[k];
    masses.push_back(log_normal_mass((left - mu) / sigma, (right - mu) / sigma));
  }
  return masses;
}

void add_grid(const NumericKernels& dimension, std::span<const double> points, size_t stride,
              LogTable& table) {
  const DistinctKernels distinct(dimension);
  std::vector<double> normaliser;
  for (size_t k : distinct.representative) normaliser.push_back(log_mass_in_domain(dimension, k));
  std::vector<std::pair<double, std::vector<double>>> known;  // by value; few on a grid
  for (size_t i = 0; i * stride < points.size(); ++i) {
    const double x = points[i * stride];
    auto it = std::find_if(known.begin(), known.end(),
                           [x](const auto& entry) { return entry.first == x; });
    if (it == known.end()) {
      std::vector<double> masses = cell_masses(dimension, distinct, x);
      for (size_t g = 0; g < masses.size(); ++g) masses[g] -= normaliser[g];
      it = known.insert(known.end(), {x, std::move(masses)});
    }
    const std::span<double> row = table.row(i);
    for (size_t k = 0; k < table.kernels; ++k) row[k] += it->second[distinct.group[k]];
  }
}

void add_categories(const CategoricalKernels& dimension, std::span<const double> points,
                    size_t stride, LogTable& table) {
  std::vector<double> logs(dimension.probabilities.size());
  std::transform(dimension.probabilities.begin(), dimension.probabilities.end(), logs.begin(),
                 [](double p) { return std::log(p); });
  for (size_t i = 0; i * stride < points.size(); ++i) {
    const auto category = static_cast<size_t>(points[i * stride]);
    const std::span<double> row = table.row(i);
    for (size_t k = 0; k < table.kernels; ++k) row[k] += logs[k * dimension.choices + category];
  }
}

double log_sum_exp(std::span<const double> values) {
  const double largest = *std::max_element(values.begin(), values.end());
  if (largest == -kInfinity) return largest;
  double sum = 0;
  for (double value : values) {
    const double below = value - largest;
    if (below > kNegligible) sum += std::exp(below);
  }
  return largest + std::log(sum);
}

}  // namespace

std::vector<double> parzen_weights(size_t observations) {
  if (observations == 0) return {1.0};
  std::vector<double> weights(observations + 1, 1.0);
  const size_t ramp = observations > kFullWeights ? observations - kFullWeights : 0;
  const double first = 1.0 / static_cast<double>(observations);
  for (size_t i = 0; i < ramp; ++i) {
    weights[i] = ramp == 1 ? first
                           : first + static_cast<double>(i) * (1.0 - first) /
                                         static_cast<double>(ramp - 1);
  }
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= sum;
  return weights;
}

ParzenEstimator::ParzenEstimator(std::span<const Distribution* const> distributions,
                                 const Observations& observations)
    : weights_(parzen_weights(observations.empty() ? 0 : observations.front().size())) {
  for (size_t i = 0; i < distributions.size(); ++i) {
    if (const auto* d = std::get_if<CategoricalDistribution>(distributions[i])) {
      dimensions_.emplace_back(categorical_kernels(d->choices.size(), observations[i]));
    } else {
      dimensions_.emplace_back(numeric_kernels(domain_of(*distributions[i]), observations[i]));
    }
  }
}

std::vector<double> ParzenEstimator::sample(MersenneTwister& random, size_t count) const {
  const size_t stride = dimensions_.size();
  const std::vector<size_t> kernels = draw_kernels(random, weights_, count);
  std::vector<double> points(count * stride);
  for (size_t d = 0; d < stride; ++d) {
    const auto* categories = std::get_if<CategoricalKernels>(&dimensions_[d]);
    if (categories == nullptr) continue;
    for (size_t i = 0; i < count; ++i) {
      points[i * stride + d] = draw_category(random, *categories, kernels[i]);
    }
  }
  for (size_t d = 0; d < stride; ++d) {
    const auto* numbers = std::get_if<NumericKernels>(&dimensions_[d]);
    if (numbers == nullptr) continue;
    for (size_t i = 0; i < count; ++i) {
      points[i * stride + d] = draw_number(random, *numbers, kernels[i]);
    }
  }
  return points;
}

std::vector<double> ParzenEstimator::log_density(std::span<const double> points) const {
  const size_t stride = dimensions_.size();
  const size_t count = stride == 0 ? 0 : points.size() / stride;
  LogTable table{weights_.size(), std::vector<double>(count * weights_.size())};
  std::vector<double> log_weights(weights_.size());
  std::transform(weights_.begin(), weights_.end(), log_weights.begin(),
                 [](double w) { return std::log(w); });
  for (size_t i = 0; i < count; ++i) {
    std::copy(log_weights.begin(), log_weights.end(), table.row(i).begin());
  }
  for (size_t d = 0; d < stride && count > 0; ++d) {
    const std::span<const double> column = points.subspan(d);
    if (const auto* categories = std::get_if<CategoricalKernels>(&dimensions_[d])) {
      add_categories(*categories, column, stride, table);
      continue;
    }
    const auto& numbers = std::get<NumericKernels>(dimensions_[d]);
    (numbers.domain.step > 0 ? add_grid : add_continuous)(numbers, column, stride, table);
  }
  std::vector<double> result(count);
  for (size_t i = 0; i < count; ++i) result[i] = log_sum_exp(table.row(i));
  return result;
}

}  // namespace thunderline::cerebros::tpe
