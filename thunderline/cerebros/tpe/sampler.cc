#include "thunderline/cerebros/tpe/sampler.h"

#include "thunderline/base/random.h"
#include "thunderline/cerebros/tpe/random_sampler.h"
#include "thunderline/cerebros/tpe/tpe_sampler.h"

namespace thunderline::cerebros::tpe {

Result<std::unique_ptr<Sampler>> make_sampler(std::string_view name,
                                              const SamplerOptions& options) {
  if (options.startup_trials < 0 || options.ei_candidates < 1) {
    return fail(ErrorCode::kInvalidArgument,
                "startup trials must be >= 0 and candidates >= 1", "sampler options",
                "the defaults are 10 and 24");
  }
  if (name == "random") return std::make_unique<RandomSampler>();
  if (name != "tpe" && name != "tpe-univariate") {
    return fail(ErrorCode::kInvalidArgument, "unknown sampler \"" + std::string(name) + "\"",
                "sampler", "use tpe, tpe-univariate or random");
  }
  return std::make_unique<TpeSampler>(
      TpeSampler::Options{.startup_trials = options.startup_trials,
                          .ei_candidates = options.ei_candidates,
                          .multivariate = name == "tpe",
                          .constant_liar = options.constant_liar});
}

uint32_t fold_seed(uint64_t seed) {
  if (seed <= UINT32_MAX) return static_cast<uint32_t>(seed);
  return static_cast<uint32_t>(derive_seed(seed, 0));
}

uint32_t resume_seed(uint64_t seed, uint64_t trials) {
  if (trials == 0) return fold_seed(seed);
  return static_cast<uint32_t>(derive_seed(seed, trials));
}

}  // namespace thunderline::cerebros::tpe
