#include "thunderline/cerebros/tpe/importance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "thunderline/cerebros/tpe/truncated_normal.h"

namespace thunderline::cerebros::tpe {
namespace {

constexpr double kTargetQuantile = 0.1;
constexpr size_t kGridSteps = 50;
constexpr size_t kMinTrialsOfRegime = 2;
constexpr double kTiny = 1e-12;  // added to densities

using Trials = std::vector<const FrozenTrial*>;

/// Points of the parameter's grid.
size_t grid_size(const Distribution& distribution) {
  if (const auto* d = std::get_if<CategoricalDistribution>(&distribution)) return d->choices.size();
  const Domain domain = domain_of(distribution);
  const double span = domain.bound_high - domain.bound_low;
  if (std::holds_alternative<IntDistribution>(distribution) && domain.log) {
    const double doublings = std::ceil(std::log(span + 1) / std::log(2.0)) + 1;
    return std::min(static_cast<size_t>(doublings), kGridSteps);
  }
  if (domain.step > 0) {
    const double points = std::nearbyint(span / domain.step) + 1;
    return points < static_cast<double>(kGridSteps) ? static_cast<size_t>(points) : kGridSteps;
  }
  return kGridSteps;
}

/// The grid's nearest point; a tie goes to the lower one.
size_t grid_point(const Distribution& distribution, double value, size_t size) {
  if (std::holds_alternative<CategoricalDistribution>(distribution)) {
    return static_cast<size_t>(value);
  }
  const Domain domain = domain_of(distribution);
  double low = domain.bound_low;
  double high = domain.bound_high;
  if (domain.log) {
    low = std::log(low);
    high = std::log(high);
    value = std::log(value);
  }
  const double step = (high - low) / static_cast<double>(size - 1);
  const double place = std::ceil((value - low) / step - 0.5);
  return static_cast<size_t>(std::clamp(place, 0.0, static_cast<double>(size - 1)));
}

/// How many of the trials lie at each point of the grid.
std::vector<double> counts_on_grid(const std::string& name, const Distribution& distribution,
                                   const Trials& trials) {
  std::vector<double> counts(grid_size(distribution), 0.0);
  for (const FrozenTrial* trial : trials) {
    const auto value = to_internal(distribution, trial->find(name)->value);
    if (value) counts[grid_point(distribution, *value, counts.size())] += 1;
  }
  return counts;
}

/// Scott's rule, the narrower of the interquartile range and the deviation. `points` and `weights`:
/// where the trials lie, and how many.
double bandwidth(const std::vector<double>& points, const std::vector<double>& weights) {
  std::vector<double> cumulative(weights.size());
  std::partial_sum(weights.begin(), weights.end(), cumulative.begin());
  const double sum = cumulative.back();
  const double mean = std::inner_product(points.begin(), points.end(), weights.begin(), 0.0) / sum;
  double squares = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    squares += (points[i] - mean) * (points[i] - mean) * weights[i];
  }
  const double deviation = std::sqrt(squares / std::max(1.0, sum - 1));
  const auto first = static_cast<size_t>(
      std::lower_bound(cumulative.begin(), cumulative.end(), std::floor(sum / 4)) -
      cumulative.begin());
  const auto third = static_cast<size_t>(
      std::upper_bound(cumulative.begin(), cumulative.end(), std::floor(sum * 3 / 4)) -
      cumulative.begin());
  const double range = points[std::min(points.size() - 1, third)] - points[first];
  const double sigma = 1.059 * std::min(range / 1.34, deviation) * std::pow(sum, -0.2);
  return std::max(sigma, 0.5 / 1.64);  // so that 90 % of a kernel fit into one cell
}

/// The mass of a normal kernel in each cell of the grid, cut off at its ends.
std::vector<double> normal_kernel(double mu, double sigma, size_t size) {
  const double total = log_normal_mass((-0.5 - mu) / sigma,
                                       (static_cast<double>(size) - 0.5 - mu) / sigma);
  std::vector<double> mass(size);
  for (size_t i = 0; i < size; ++i) {
    const auto x = static_cast<double>(i);
    mass[i] = std::exp(log_normal_mass((x - 0.5 - mu) / sigma, (x + 0.5 - mu) / sigma) - total);
  }
  return mass;
}

/// A kernel that prefers one choice; without one the prior.
std::vector<double> choice_kernel(size_t kernels, size_t size, const double* chosen) {
  const double base = 1.0 / static_cast<double>(kernels);
  std::vector<double> mass(size, base);
  if (chosen != nullptr) mass[static_cast<size_t>(*chosen)] += 1;
  const double sum = std::accumulate(mass.begin(), mass.end(), 0.0);
  for (double& m : mass) m /= sum;
  return mass;
}

/// The density of the trials on the grid: a kernel for each point with trials, and the prior's.
std::vector<double> density(const std::vector<double>& counts, bool categorical) {
  std::vector<double> points;
  std::vector<double> weights;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    points.push_back(static_cast<double>(i));
    weights.push_back(counts[i]);
  }
  const size_t size = counts.size();
  const double total = std::accumulate(weights.begin(), weights.end(), 1.0);
  const double sigma = categorical ? 0 : bandwidth(points, weights);
  std::vector<double> result(size, kTiny);
  const auto add = [&](const std::vector<double>& kernel, double weight) {
    for (size_t i = 0; i < size; ++i) result[i] += weight / total * kernel[i];
  };
  for (size_t k = 0; k < points.size(); ++k) {
    add(categorical ? choice_kernel(points.size() + 1, size, &points[k])
                    : normal_kernel(points[k], sigma, size),
        weights[k]);
  }
  add(categorical ? choice_kernel(points.size() + 1, size, nullptr)
                  : normal_kernel(static_cast<double>(size - 1) / 2, static_cast<double>(size), size),
      1.0);
  return result;
}

double pearson_divergence(const std::string& name, const Distribution& distribution,
                          const Trials& target, const Trials& region) {
  const bool categorical = std::holds_alternative<CategoricalDistribution>(distribution);
  const std::vector<double> top =
      density(counts_on_grid(name, distribution, target), categorical);
  const std::vector<double> local =
      density(counts_on_grid(name, distribution, region), categorical);
  double sum = 0;
  for (size_t i = 0; i < top.size(); ++i) {
    const double excess = top[i] / local[i] - 1;
    sum += local[i] * excess * excess;
  }
  return sum;
}

/// Complete trials with finite values.
Trials usable_trials(const std::vector<TrialPtr>& trials) {
  Trials usable;
  for (const TrialPtr& trial : trials) {
    if (trial->state == TrialState::kComplete && std::isfinite(*trial->value)) {
      usable.push_back(trial.get());
    }
  }
  return usable;
}

/// The best tenth, with those that equal its last.
std::set<const FrozenTrial*> target_trials(const Trials& trials, Direction direction) {
  const double sign = direction == Direction::kMinimize ? 1 : -1;
  std::vector<double> losses;
  for (const FrozenTrial* trial : trials) losses.push_back(sign * *trial->value);
  const auto at = static_cast<ptrdiff_t>(
                      std::ceil(kTargetQuantile * static_cast<double>(losses.size()))) - 1;
  std::nth_element(losses.begin(), losses.begin() + at, losses.end());
  const double cutoff = losses[static_cast<size_t>(at)];
  std::set<const FrozenTrial*> target;
  for (const FrozenTrial* trial : trials) {
    if (sign * *trial->value <= cutoff) target.insert(trial);
  }
  return target;
}

/// The trials by the distribution that the parameter had in them; those without it are left out.
std::vector<std::pair<const Distribution*, Trials>> regimes(const std::string& name,
                                                            const Trials& trials) {
  std::vector<std::pair<const Distribution*, Trials>> result;
  for (const FrozenTrial* trial : trials) {
    const TrialParam* param = trial->find(name);
    if (param == nullptr) continue;
    auto it = std::find_if(result.begin(), result.end(), [&](const auto& regime) {
      return *regime.first == *param->distribution;
    });
    if (it == result.end()) it = result.insert(it, {param->distribution.get(), {}});
    it->second.push_back(trial);
  }
  std::erase_if(result, [](const auto& r) { return r.second.size() < kMinTrialsOfRegime; });
  return result;
}

double importance_of(const std::string& name, const Trials& region,
                     const std::set<const FrozenTrial*>& target) {
  double importance = 0;
  for (const auto& [distribution, trials] : regimes(name, region)) {
    Trials best;
    std::copy_if(trials.begin(), trials.end(), std::back_inserter(best),
                 [&](const FrozenTrial* trial) { return target.contains(trial); });
    if (is_single(*distribution) || best.empty()) continue;
    const double alpha = static_cast<double>(best.size()) / static_cast<double>(target.size());
    const double beta = static_cast<double>(trials.size()) / static_cast<double>(region.size());
    importance += alpha * alpha / beta * pearson_divergence(name, *distribution, best, trials);
  }
  return importance;
}

}  // namespace

std::vector<std::pair<std::string, double>> parameter_importances(
    const std::vector<TrialPtr>& trials, Direction direction) {
  std::vector<std::pair<std::string, double>> result;
  for (const TrialPtr& trial : trials) {
    if (trial->state != TrialState::kComplete) continue;
    for (const TrialParam& param : trial->params) {
      const bool known = std::any_of(result.begin(), result.end(),
                                     [&](const auto& entry) { return entry.first == param.name; });
      if (!known) result.emplace_back(param.name, 0.0);
    }
  }
  const Trials region = usable_trials(trials);
  double sum = 0;
  if (region.size() > 1) {
    const std::set<const FrozenTrial*> target = target_trials(region, direction);
    for (auto& [name, importance] : result) sum += importance = importance_of(name, region, target);
  }
  for (auto& [name, importance] : result) {
    importance = sum > 0 ? importance / sum : 1.0 / static_cast<double>(result.size());
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return result;
}

}  // namespace thunderline::cerebros::tpe
