#pragma once

#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/graph/graph.h"
#include "thunderline/cerebros/keras/tensor.h"

namespace thunderline::cerebros::train {

/// The penalty that a regularizer (Keras's config as JSON: L1, L2, L1L2, OrthogonalRegularizer)
/// adds to the loss. Errors: kBadData that names it. Source: keras.regularizers, 3.15.1.
Result<graph::Ref> weight_penalty(graph::GraphBuilder& g, const std::string& config,
                                  graph::Ref weights);

/// What a variable is put through after each update. Source: keras.constraints, 3.15.1.
class WeightConstraint {
 public:
  /// From Keras's config as JSON: MaxNorm, NonNeg, UnitNorm, MinMaxNorm; empty: none.
  /// Errors: kBadData that names the constraint.
  static Result<WeightConstraint> parse(const std::string& config);

  void apply(keras::Tensor& weights) const;

 private:
  enum class Kind { kNone, kMaxNorm, kNonNegative, kUnitNorm, kMinMaxNorm };

  double scale(double norm) const;

  Kind kind_ = Kind::kNone;
  double low_ = 0;
  double high_ = 2;
  double rate_ = 1;
  std::vector<int64_t> axes_ = {0};
};

}  // namespace thunderline::cerebros::train
