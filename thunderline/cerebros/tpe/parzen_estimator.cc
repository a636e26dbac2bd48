#include "thunderline/cerebros/tpe/parzen_estimator.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "thunderline/cerebros/tpe/parzen_kernels.h"
#include "thunderline/cerebros/tpe/truncated_normal.h"

namespace thunderline::cerebros::tpe {
namespace {

constexpr size_t kFullWeights = 25;
constexpr double kLogSqrtTwoPi = 0.91893853320467274178;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kBoundTolerance = 1e-12;  // exp and log of a bound may miss it by a rounding

using NumericKernels = ParzenEstimator::NumericKernels;
using CategoricalKernels = ParzenEstimator::CategoricalKernels;

/// The larger gap to a neighbour, the domain's ends being neighbours of the outermost; but with two
/// or more observations the outermost look inwards only.
std::vector<double> neighbour_gaps(const std::vector<double>& mu,
                                   const std::vector<uint32_t>& order, const Domain& domain) {
  const size_t n = mu.size();
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

NumericKernels numeric_kernels(const Domain& domain, SortedColumn column) {
  NumericKernels kernels{.domain = domain,
                         .mu = std::move(column.values),
                         .sigma = {},
                         .order = std::move(column.order),
                         .offset = {}};
  kernels.sigma = neighbour_gaps(kernels.mu, kernels.order, domain);
  const double width = domain.width();
  const double parts = std::min(100.0, 2.0 + static_cast<double>(kernels.mu.size()));
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

/// The offset of a kernel of `previous` with this centre and width, or NaN. `at` walks through its
/// order as `mu` grows.
double known_offset(const NumericKernels* previous, double mu, double sigma, size_t& at) {
  if (previous == nullptr) return std::numeric_limits<double>::quiet_NaN();
  const std::vector<uint32_t>& order = previous->order;
  while (at < order.size() && previous->mu[order[at]] < mu) ++at;
  // Of many equal centres the first has a width of its own, most others share one.
  for (size_t i = at; i < std::min(at + 3, order.size()); ++i) {
    const uint32_t k = order[i];
    if (previous->mu[k] == mu && previous->sigma[k] == sigma) return previous->offset[k];
  }
  return std::numeric_limits<double>::quiet_NaN();
}

void set_offsets(NumericKernels& kernels, const NumericKernels* previous) {
  kernels.offset.resize(kernels.mu.size());
  const auto compute = [&](size_t k) {
    return -kLogSqrtTwoPi - std::log(kernels.sigma[k]) - log_mass_in_domain(kernels, k);
  };
  size_t at = 0;
  for (const uint32_t k : kernels.order) {
    const double known = known_offset(previous, kernels.mu[k], kernels.sigma[k], at);
    kernels.offset[k] = std::isnan(known) ? compute(k) : known;
  }
  kernels.offset.back() = compute(kernels.offset.size() - 1);  // the prior
}

void add_continuous(const NumericKernels& dimension, std::span<const double> points, size_t stride,
                    LogTable& table) {
  std::vector<double> precision(table.kernels);
  for (size_t k = 0; k < table.kernels; ++k) precision[k] = 1.0 / dimension.sigma[k];
  const Domain& domain = dimension.domain;
  for (size_t i = 0; i * stride < points.size(); ++i) {
    const double x = points[i * stride];
    const double z = domain.log ? std::log(x) : x;
    const bool inside = z >= domain.low - kBoundTolerance && z <= domain.high + kBoundTolerance;
    const std::span<double> row = table.row(i);
    if (!inside) {
      std::fill(row.begin(), row.end(), -kInfinity);
      continue;
    }
    subtract_half_squares(row, dimension.mu, precision, z);
  }
}

/// Kernels on a grid repeat: a few values, and among equal ones at most three bandwidths. So the
/// costly masses are computed once for each distinct kernel.
struct DistinctKernels {
  std::vector<size_t> representative;  // of each distinct kernel
  std::vector<size_t> group;           // of each kernel

  explicit DistinctKernels(const NumericKernels& all) : group(all.mu.size()) {
    size_t first = 0;  // of the groups whose centre is the present one
    for (const uint32_t k : all.order) {
      if (first < representative.size() && all.mu[representative[first]] != all.mu[k]) {
        first = representative.size();
      }
      size_t at = first;
      while (at < representative.size() && all.sigma[representative[at]] != all.sigma[k]) ++at;
      if (at == representative.size()) representative.push_back(k);
      group[k] = at;
    }
    representative.push_back(group.size() - 1);  // the prior
    group.back() = representative.size() - 1;
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
  // Few numbers come again and again: one logarithm for each run of equal ones. By category, kernel.
  std::vector<double> logs(dimension.probabilities.size());
  for (size_t c = 0; c < dimension.choices; ++c) {
    double p = 1, log = 0;
    double other_p = 1, other_log = 0;
    for (size_t k = 0; k < table.kernels; ++k) {
      const double here = dimension.probabilities[k * dimension.choices + c];
      if (here != p) {
        std::swap(p, other_p);
        std::swap(log, other_log);
      }
      if (here != p) {
        p = here;
        log = std::log(here);
      }
      logs[c * table.kernels + k] = log;
    }
  }
  for (size_t i = 0; i * stride < points.size(); ++i) {
    const auto category = static_cast<size_t>(points[i * stride]);
    const std::span<double> row = table.row(i);
    const double* column = &logs[category * table.kernels];
    for (size_t k = 0; k < table.kernels; ++k) row[k] += column[k];
  }
}

/// The distributions' columns, sorted.
std::vector<SortedColumn> sorted_columns(std::span<const Distribution* const> distributions,
                                         const Observations& observations) {
  std::vector<SortedColumn> columns(distributions.size());
  for (size_t d = 0; d < distributions.size(); ++d) {
    std::vector<double>& values = columns[d].values;
    for (const double internal : observations[d]) {
      values.push_back(kernel_centre(*distributions[d], internal));
    }
    if (std::holds_alternative<CategoricalDistribution>(*distributions[d])) continue;
    columns[d].order.resize(values.size());
    std::iota(columns[d].order.begin(), columns[d].order.end(), uint32_t{0});
    std::stable_sort(columns[d].order.begin(), columns[d].order.end(),
                     [&](uint32_t a, uint32_t b) { return values[a] < values[b]; });
  }
  return columns;
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

double kernel_centre(const Distribution& distribution, double internal) {
  if (std::holds_alternative<CategoricalDistribution>(distribution)) return internal;
  return domain_of(distribution).log ? std::log(internal) : internal;
}

ParzenEstimator::ParzenEstimator(std::span<const Distribution* const> distributions,
                                 const Observations& observations)
    : ParzenEstimator(distributions, sorted_columns(distributions, observations), nullptr) {}

ParzenEstimator::ParzenEstimator(std::span<const Distribution* const> distributions,
                                 std::vector<SortedColumn> columns, const ParzenEstimator* previous)
    : weights_(parzen_weights(columns.empty() ? 0 : columns.front().values.size())) {
  for (size_t i = 0; i < distributions.size(); ++i) {
    if (const auto* d = std::get_if<CategoricalDistribution>(distributions[i])) {
      dimensions_.emplace_back(categorical_kernels(d->choices.size(), columns[i].values));
      continue;
    }
    NumericKernels kernels = numeric_kernels(domain_of(*distributions[i]), std::move(columns[i]));
    if (kernels.domain.step <= 0) {
      set_offsets(kernels, previous == nullptr
                               ? nullptr
                               : &std::get<NumericKernels>(previous->dimensions_[i]));
    }
    dimensions_.emplace_back(std::move(kernels));
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
  std::vector<double> base(weights_.size());  // what no point changes
  std::transform(weights_.begin(), weights_.end(), base.begin(),
                 [](double w) { return std::log(w); });
  for (const Dimension& dimension : dimensions_) {
    const auto* numbers = std::get_if<NumericKernels>(&dimension);
    if (numbers == nullptr || numbers->offset.empty()) continue;
    for (size_t k = 0; k < base.size(); ++k) base[k] += numbers->offset[k];
  }
  for (size_t i = 0; i < count; ++i) std::copy(base.begin(), base.end(), table.row(i).begin());
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
