#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "thunderline/base/result.h"
#include "thunderline/thunderbolt/ml/model_server.h"

namespace thunderline::thunderchief {

/// Turns feature rows into scores. Immutable. Thread-safety: any thread.
class Scorer {
 public:
  virtual ~Scorer() = default;

  /// Shapes: features [rows, width] row-major, scores [rows]. Range of a score: [0, 1].
  /// Errors: what kept the model from answering, or kBadData for a score that is not in range.
  virtual Status score(std::span<const float> features, int64_t rows,
                       std::span<float> scores) const = 0;

  /// What made the scores: "heuristic", or the model's version number.
  virtual const std::string& version() const = 0;
};

/// A rule of thumb on one row of features, for the time before the first model.
class HeuristicScorer final : public Scorer {
 public:
  using Rule = std::function<double(std::span<const float> row)>;

  HeuristicScorer(Rule rule, int64_t width) : rule_(std::move(rule)), width_(width) {}

  Status score(std::span<const float> features, int64_t rows,
               std::span<float> scores) const override;
  const std::string& version() const override { return version_; }

 private:
  Rule rule_;
  int64_t width_;
  std::string version_ = "heuristic";
};

/// A deployed model. Holds its session, whatever is deployed after it.
class ModelScorer final : public Scorer {
 public:
  explicit ModelScorer(std::shared_ptr<const thunderbolt::ServedModel> model);

  Status score(std::span<const float> features, int64_t rows,
               std::span<float> scores) const override;
  const std::string& version() const override { return version_; }

 private:
  std::shared_ptr<const thunderbolt::ServedModel> model_;
  std::string version_;
};

}  // namespace thunderline::thunderchief
