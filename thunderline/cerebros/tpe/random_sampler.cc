#include "thunderline/cerebros/tpe/random_sampler.h"

#include <algorithm>
#include <cmath>

namespace thunderline::cerebros::tpe {
namespace {

/// One number a choice, and the largest wins: how Optuna's one-hot transform picks.
size_t draw_choice(MersenneTwister& random, size_t count) {
  size_t best = 0;
  double largest = -1;
  for (size_t i = 0; i < count; ++i) {
    const double u = random.unit();
    if (u > largest) {
      largest = u;
      best = i;
    }
  }
  return best;
}

double draw_number(MersenneTwister& random, const Domain& domain) {
  const double point = domain.low + domain.width() * random.unit();
  if (domain.log || domain.step == 0) return domain.value_at(point);
  // A half goes up here, where Domain::value_at would send it to the even neighbour.
  const double steps = std::floor((point - domain.bound_low) / domain.step + 0.5);
  return std::clamp(domain.bound_low + steps * domain.step, domain.bound_low, domain.bound_high);
}

}  // namespace

Params RandomSampler::sample_relative(const StudyView&, const FrozenTrial&) { return {}; }

ParamValue RandomSampler::sample_independent(const StudyView&, const FrozenTrial&,
                                             const std::string&,
                                             const Distribution& distribution) {
  if (const auto* d = std::get_if<CategoricalDistribution>(&distribution)) {
    return d->choices[draw_choice(random_, d->choices.size())];
  }
  return to_external(distribution, draw_number(random_, domain_of(distribution)));
}

}  // namespace thunderline::cerebros::tpe
