#pragma once

#include <string>
#include <vector>

#include "thunderline/cerebros/tpe/mersenne_twister.h"
#include "thunderline/cerebros/tpe/parzen_estimator.h"
#include "thunderline/cerebros/tpe/random_sampler.h"
#include "thunderline/cerebros/tpe/sampler.h"
#include "thunderline/cerebros/tpe/tpe_history.h"

namespace thunderline::cerebros::tpe {

/// The tree-structured Parzen estimator: models the good tenth of the trials and the rest as two
/// densities l and g, draws candidates from l and takes the one with the largest l/g.
///
/// Source: Bergstra et al. 2011; every detail as in Optuna 5's TPESampler for one objective, with a
/// stable sort of tied observations, so that the same seed and history give the same suggestions.
class TpeSampler final : public Sampler {
 public:
  struct Options {
    int startup_trials = 10;    ///< Random until so many trials are complete or pruned.
    int ei_candidates = 24;     ///< Drawn from l. >= 1.
    bool multivariate = true;   ///< One joint draw over the parameters that all trials share.
    bool constant_liar = true;  ///< Running trials count as bad ones.
  };

  explicit TpeSampler(Options options, uint32_t seed = 0)
      : options_(options), random_(seed), startup_(seed) {}

  void reseed(uint32_t seed) override;
  Params sample_relative(const StudyView& study, const FrozenTrial& trial) override;
  ParamValue sample_independent(const StudyView& study, const FrozenTrial& trial,
                                const std::string& name,
                                const Distribution& distribution) override;

 private:
  bool is_startup(const StudyView& study);
  std::vector<double> best_candidate(const StudyView& study, const FrozenTrial& trial,
                                     const std::vector<std::string>& names,
                                     const std::vector<const Distribution*>& distributions);

  Options options_;
  MersenneTwister random_;
  RandomSampler startup_;
  TpeHistory history_;
};

/// The parameters that every complete or pruned trial has with an equal distribution, sorted by
/// name, without those that have a single value.
std::vector<std::pair<std::string, DistributionPtr>> shared_parameters(
    std::span<const TrialPtr> trials);

/// The observed values of `names` in the trials that have all of them. A running trial counts with
/// its joint draw too when `with_relative`. Values that do not fit the distribution leave the trial
/// out.
Observations collect_observations(std::span<const FrozenTrial* const> trials,
                                  const std::vector<std::string>& names,
                                  const std::vector<const Distribution*>& distributions,
                                  bool with_relative);

}  // namespace thunderline::cerebros::tpe
