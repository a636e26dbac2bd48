#include "thunderline/thunderchief/scorer.h"

#include <cmath>

namespace thunderline::thunderchief {
namespace {

Status check_range(std::span<const float> scores, const std::string& version) {
  for (size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] >= 0.0f && scores[i] <= 1.0f) continue;
    return fail(ErrorCode::kBadData,
                "the score " + std::to_string(scores[i]) + " of row " + std::to_string(i) +
                    " is not in [0, 1]",
                "model version " + version, "roll back to the version before");
  }
  return {};
}

}  // namespace

Status HeuristicScorer::score(std::span<const float> features, int64_t rows,
                              std::span<float> scores) const {
  for (int64_t i = 0; i < rows; ++i) {
    const auto row = features.subspan(static_cast<size_t>(i * width_), static_cast<size_t>(width_));
    scores[static_cast<size_t>(i)] = static_cast<float>(rule_(row));
  }
  return check_range(scores, version_);
}

ModelScorer::ModelScorer(std::shared_ptr<const thunderbolt::ServedModel> model)
    : model_(std::move(model)), version_(std::to_string(model_->version())) {}

Status ModelScorer::score(std::span<const float> features, int64_t rows,
                          std::span<float> scores) const {
  TL_RETURN_IF_ERROR(model_->run_floats(features, rows, scores));
  return check_range(scores, version_);
}

}  // namespace thunderline::thunderchief
