#include "thunderline/cerebros/tpe/tpe_sampler.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "thunderline/cerebros/tpe/trial_split.h"

namespace thunderline::cerebros::tpe {
namespace {

using NamedDistributions = std::vector<std::pair<std::string, DistributionPtr>>;

bool counts_as_finished(const FrozenTrial& trial) {
  return trial.state == TrialState::kComplete || trial.state == TrialState::kPruned;
}

/// The parameter called `name`; trials of one study mostly have it at the same place.
const TrialParam* find_near(const FrozenTrial& trial, const std::string& name, size_t place) {
  if (place < trial.params.size() && trial.params[place].name == name) return &trial.params[place];
  return trial.find(name);
}

bool has_equal(const FrozenTrial& trial, const std::string& name, size_t place,
               const DistributionPtr& distribution) {
  const TrialParam* param = find_near(trial, name, place);
  return param != nullptr &&
         (param->distribution == distribution || *param->distribution == *distribution);
}

const ParamValue* observed_value(const FrozenTrial& trial, const std::string& name,
                                 size_t place, bool with_relative) {
  if (const TrialParam* param = find_near(trial, name, place)) return &param->value;
  if (!with_relative || trial.state != TrialState::kRunning) return nullptr;
  return find_param(trial.relative_params, name);
}

/// Whether `internal` can be the centre of a kernel: the logarithm must exist.
bool is_usable(const Distribution& distribution, double internal) {
  if (std::holds_alternative<CategoricalDistribution>(distribution)) return true;
  return internal > 0 || !domain_of(distribution).log;
}

/// The first largest l − g; a candidate whose score is not a number cannot win.
size_t best_index(const std::vector<double>& log_l, const std::vector<double>& log_g) {
  size_t best = 0;
  double best_score = -std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < log_l.size(); ++i) {
    const double score = log_l[i] - log_g[i];
    if (score > best_score) {
      best_score = score;
      best = i;
    }
  }
  return best;
}

}  // namespace

NamedDistributions shared_parameters(std::span<const TrialPtr> trials) {
  NamedDistributions shared;
  bool first = true;
  for (const TrialPtr& trial : trials) {
    if (!counts_as_finished(*trial)) continue;
    if (first) {
      for (const TrialParam& param : trial->params) {
        shared.emplace_back(param.name, param.distribution);
      }
      first = false;
      continue;
    }
    size_t place = 0;
    std::erase_if(shared, [&](const auto& entry) {
      return !has_equal(*trial, entry.first, place++, entry.second);
    });
  }
  std::erase_if(shared, [](const auto& entry) { return is_single(*entry.second); });
  std::sort(shared.begin(), shared.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return shared;
}

Observations collect_observations(std::span<const FrozenTrial* const> trials,
                                  const std::vector<std::string>& names,
                                  const std::vector<const Distribution*>& distributions,
                                  bool with_relative) {
  Observations columns(names.size());
  for (auto& column : columns) column.reserve(trials.size());
  std::vector<size_t> places(names.size(), 0);  // where each name was last seen
  std::vector<double> row(names.size());
  for (const FrozenTrial* trial : trials) {
    bool complete = true;
    for (size_t i = 0; i < names.size() && complete; ++i) {
      const ParamValue* value = observed_value(*trial, names[i], places[i], with_relative);
      const auto internal = value ? to_internal(*distributions[i], *value) : std::nullopt;
      complete = internal && is_usable(*distributions[i], *internal);
      if (complete) row[i] = *internal;
    }
    if (!complete) continue;
    for (size_t i = 0; i < names.size(); ++i) {
      columns[i].push_back(row[i]);
      const TrialParam* param = find_near(*trial, names[i], places[i]);
      if (param != nullptr) places[i] = static_cast<size_t>(param - trial->params.data());
    }
  }
  return columns;
}

void TpeSampler::reseed(uint32_t seed) {
  random_ = MersenneTwister(seed);
  startup_.reseed(seed);
}

bool TpeSampler::is_startup(const StudyView& study) const {
  const auto finished = std::count_if(study.trials.begin(), study.trials.end(),
                                      [](const auto& t) { return counts_as_finished(*t); });
  return finished < options_.startup_trials;
}

std::vector<const FrozenTrial*> TpeSampler::visible_trials(const StudyView& study,
                                                           const FrozenTrial& trial) const {
  std::vector<const FrozenTrial*> visible;
  visible.reserve(study.trials.size());
  for (const TrialPtr& other : study.trials) {
    const bool running = other->state == TrialState::kRunning;
    const bool lies = running && options_.constant_liar && other->number != trial.number;
    if (lies || counts_as_finished(*other)) visible.push_back(other.get());
  }
  return visible;
}

std::vector<double> TpeSampler::best_candidate(
    const StudyView& study, const FrozenTrial& trial, const std::vector<std::string>& names,
    const std::vector<const Distribution*>& distributions) {
  const std::vector<const FrozenTrial*> visible = visible_trials(study, trial);
  const auto finished = static_cast<size_t>(std::count_if(
      visible.begin(), visible.end(), [](const auto* t) { return counts_as_finished(*t); }));
  const TrialSplit split = split_trials(visible, good_count(finished), study.direction);
  const auto estimator = [&](const std::vector<const FrozenTrial*>& trials) {
    return ParzenEstimator(
        distributions,
        collect_observations(trials, names, distributions, options_.multivariate));
  };
  const ParzenEstimator good = estimator(split.below), rest = estimator(split.above);
  const std::vector<double> points =
      good.sample(random_, static_cast<size_t>(options_.ei_candidates));
  const size_t best = best_index(good.log_density(points), rest.log_density(points));
  const auto begin = points.begin() + static_cast<ptrdiff_t>(best * names.size());
  return {begin, begin + static_cast<ptrdiff_t>(names.size())};
}

Params TpeSampler::sample_relative(const StudyView& study, const FrozenTrial& trial) {
  if (!options_.multivariate || is_startup(study)) return {};
  const NamedDistributions shared = shared_parameters(study.trials);
  if (shared.empty()) return {};
  std::vector<std::string> names;
  std::vector<const Distribution*> distributions;
  for (const auto& [name, distribution] : shared) {
    names.push_back(name);
    distributions.push_back(distribution.get());
  }
  const std::vector<double> best = best_candidate(study, trial, names, distributions);
  Params params;
  for (size_t i = 0; i < names.size(); ++i) {
    params.emplace_back(names[i], to_external(*distributions[i], best[i]));
  }
  return params;
}

ParamValue TpeSampler::sample_independent(const StudyView& study, const FrozenTrial& trial,
                                          const std::string& name,
                                          const Distribution& distribution) {
  if (is_startup(study)) return startup_.sample_independent(study, trial, name, distribution);
  return to_external(distribution, best_candidate(study, trial, {name}, {&distribution}).front());
}

}  // namespace thunderline::cerebros::tpe
