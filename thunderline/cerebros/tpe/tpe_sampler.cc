#include "thunderline/cerebros/tpe/tpe_sampler.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "thunderline/cerebros/tpe/trial_split.h"

namespace thunderline::cerebros::tpe {
namespace {

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

bool TpeSampler::is_startup(const StudyView& study) {
  history_.update(study);
  return history_.counted() < static_cast<size_t>(options_.startup_trials);
}

std::vector<double> TpeSampler::best_candidate(
    const StudyView& study, const FrozenTrial& trial, const std::vector<std::string>& names,
    const std::vector<const Distribution*>& distributions) {
  TpeHistory::Group& group = history_.group(names, distributions);
  const std::vector<uint32_t> best = history_.best(good_count(history_.counted()));
  std::vector<uint32_t> below, above;
  above.reserve(study.trials.size());
  std::vector<std::pair<uint32_t, std::vector<double>>> running;
  auto next_best = best.begin();
  for (uint32_t place = 0; place < study.trials.size(); ++place) {
    const bool good = next_best != best.end() && *next_best == place;
    if (good) ++next_best;
    if (group.usable[place] != 0) {
      (good ? below : above).push_back(place);
    } else if (options_.constant_liar && !history_.is_finished_at(place)) {
      const FrozenTrial* other = study.trials[place].get();
      if (other->state != TrialState::kRunning || other->number == trial.number) continue;
      Observations columns =
          collect_observations({&other, 1}, names, distributions, options_.multivariate);
      if (columns.front().empty()) continue;
      std::vector<double>& row = running.emplace_back(place, std::vector<double>()).second;
      for (size_t p = 0; p < names.size(); ++p) {
        row.push_back(kernel_centre(*distributions[p], columns[p].front()));
      }
    }
  }
  const ParzenEstimator good(distributions, sorted_columns_of(group, below, {}), nullptr);
  ParzenEstimator rest(distributions, sorted_columns_of(group, above, running),
                       group.rest ? &*group.rest : nullptr);
  const std::vector<double> points =
      good.sample(random_, static_cast<size_t>(options_.ei_candidates));
  const size_t winner = best_index(good.log_density(points), rest.log_density(points));
  group.rest = std::move(rest);
  const auto begin = points.begin() + static_cast<ptrdiff_t>(winner * names.size());
  return {begin, begin + static_cast<ptrdiff_t>(names.size())};
}

Params TpeSampler::sample_relative(const StudyView& study, const FrozenTrial& trial) {
  if (!options_.multivariate || is_startup(study)) return {};
  const NamedDistributions shared = history_.shared();
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
