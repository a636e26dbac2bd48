#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/frozen_trial.h"

namespace thunderline::cerebros::tpe {

/// What samplers and pruners see of a study. Lifetime: that of the call.
struct StudyView {
  Direction direction = Direction::kMinimize;
  std::span<const TrialPtr> trials;  ///< In the order of their numbers.
  std::string_view name;             ///< The study's.
};

/// Chooses the values of a trial. The study calls under its lock; implementations need none.
class Sampler {
 public:
  virtual ~Sampler() = default;

  /// Starts the random streams anew.
  virtual void reseed(uint32_t seed) = 0;

  /// Values drawn together for `trial`, or nothing. Called once a trial, at its first suggestion
  /// that the sampler has to answer. A value that does not fit its later distribution is dropped.
  virtual Params sample_relative(const StudyView& study, const FrozenTrial& trial) = 0;

  /// One value, for a parameter that `sample_relative` did not give. Precondition: the distribution
  /// is checked and has more than one value.
  virtual ParamValue sample_independent(const StudyView& study, const FrozenTrial& trial,
                                        const std::string& name,
                                        const Distribution& distribution) = 0;
};

/// What `make_sampler` can set.
struct SamplerOptions {
  int startup_trials = 10;     ///< Random until so many trials are complete or pruned. >= 0.
  int ei_candidates = 24;      ///< Drawn from the good trials' density; the best is taken. >= 1.
  bool constant_liar = true;   ///< Running trials count as bad ones, so that parallel ones spread.
};

/// Makes "tpe" (multivariate), "tpe-univariate" or "random". Errors: kInvalidArgument.
Result<std::unique_ptr<Sampler>> make_sampler(std::string_view name,
                                              const SamplerOptions& options = {});

/// The 32 bits that seed the samplers' generators: seeds below 2^32 as they are, so that the stream
/// is Optuna's; larger ones mixed down.
uint32_t fold_seed(uint64_t seed);

/// The seed for a study that is gone on with when it has `trials` trials: `seed` itself at 0, else
/// the low 32 bits of `derive_seed(seed, trials)`. So no start-up point comes twice.
uint32_t resume_seed(uint64_t seed, uint64_t trials);

}  // namespace thunderline::cerebros::tpe
