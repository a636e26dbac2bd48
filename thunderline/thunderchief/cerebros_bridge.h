#pragma once

#include <memory>
#include <span>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/thunderbit/context.h"
#include "thunderline/thunderbolt/training/feature_extractor.h"
#include "thunderline/thunderchief/scorer.h"

namespace thunderline::thunderchief {

/// What a batch of evaluations gave, row by row.
struct Evaluations {
  thunderbit::Context context;   ///< With the bits' new scores.
  std::vector<float> features;   ///< [bits, 40], what was scored.
  std::vector<float> scores;     ///< [bits]
};

/// Scores bits with the deployed model, or the heuristic before the first one: gather features, one
/// call, mutate each bit's score, label, suggested action, confidence, model version.
/// Source: the seed's CerebrosBridge (section 2.3, appendix A).
/// Thread-safety: one thread.
class CerebrosBridge {
 public:
  /// `actions`: what is suggested at or below, and above, the threshold.
  struct Options {
    double threshold = 0.5;
    std::vector<std::string> actions = {"keep", "intervene"};
  };

  CerebrosBridge(thunderbolt::FeatureExtractor extractor, std::shared_ptr<const Scorer> scorer,
                 Options options);

  /// Replaces the scorer from the next evaluation on. The old one lives while it is used.
  void set_scorer(std::shared_ptr<const Scorer> scorer) { scorer_ = std::move(scorer); }
  const Scorer& scorer() const { return *scorer_; }
  const thunderbolt::FeatureExtractor& extractor() const { return extractor_; }

  /// Evaluates one bit. Errors: as `evaluate_and_apply_batch`.
  Result<Evaluations> evaluate_and_apply(thunderbit::Context context, thunderbit::BitRef bit) const;

  /// Evaluates many bits in one call. Errors, without any change: kNotFound for a bit that is not
  /// there; kBadData for features or scores that are not finite or out of range; the model's own.
  Result<Evaluations> evaluate_and_apply_batch(thunderbit::Context context,
                                               std::span<const thunderbit::BitRef> bits) const;

 private:
  thunderbolt::FeatureExtractor extractor_;
  std::shared_ptr<const Scorer> scorer_;
  Options options_;
};

}  // namespace thunderline::thunderchief
