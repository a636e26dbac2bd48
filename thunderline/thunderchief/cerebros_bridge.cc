#include "thunderline/thunderchief/cerebros_bridge.h"

#include <algorithm>

#include "thunderline/thunderbit/protocol.h"

namespace thunderline::thunderchief {

using thunderbit::BitRef;
using thunderbit::Context;
using thunderbit::SharedText;

CerebrosBridge::CerebrosBridge(thunderbolt::FeatureExtractor extractor,
                               std::shared_ptr<const Scorer> scorer, Options options)
    : extractor_(std::move(extractor)), scorer_(std::move(scorer)), options_(std::move(options)) {}

Result<Evaluations> CerebrosBridge::evaluate_and_apply(Context context, BitRef bit) const {
  return evaluate_and_apply_batch(std::move(context), std::span(&bit, 1));
}

Result<Evaluations> CerebrosBridge::evaluate_and_apply_batch(Context context,
                                                             std::span<const BitRef> bits) const {
  Evaluations result;
  const size_t width = extractor_.schema().width();
  result.features.resize(bits.size() * width);
  result.scores.resize(bits.size());
  TL_RETURN_IF_ERROR(extractor_.extract_batch(context, bits, result.features));
  if (!bits.empty()) {
    TL_RETURN_IF_ERROR(
        scorer_->score(result.features, static_cast<int64_t>(bits.size()), result.scores));
  }

  const SharedText version(scorer_->version());
  const SharedText below(options_.actions[0]);
  const SharedText above(options_.actions[1]);
  std::vector<thunderbit::ScoreUpdate> updates;
  updates.reserve(bits.size());
  for (size_t i = 0; i < bits.size(); ++i) {
    const float score = result.scores[i];
    const float confidence = std::max(score, 1.0f - score);
    updates.push_back({bits[i], thunderbit::Score::of(score, confidence,
                                                      score > options_.threshold ? above : below,
                                                      version)});
  }
  TL_ASSIGN_OR_RETURN(result.context,
                      thunderbit::Protocol::mutate_scores(std::move(context), updates));
  return result;
}

}  // namespace thunderline::thunderchief
