#pragma once

#include <string>

#include "thunderline/cerebros/tpe/mersenne_twister.h"
#include "thunderline/cerebros/tpe/sampler.h"

namespace thunderline::cerebros::tpe {

/// Draws every parameter on its own, uniformly (in log space where the distribution says so).
/// Source: Optuna 5 `RandomSampler`; the same seed gives the same values.
class RandomSampler final : public Sampler {
 public:
  explicit RandomSampler(uint32_t seed = 0) : random_(seed) {}

  void reseed(uint32_t seed) override { random_ = MersenneTwister(seed); }
  Params sample_relative(const StudyView& study, const FrozenTrial& trial) override;
  ParamValue sample_independent(const StudyView& study, const FrozenTrial& trial,
                                const std::string& name,
                                const Distribution& distribution) override;

 private:
  MersenneTwister random_;
};

}  // namespace thunderline::cerebros::tpe
