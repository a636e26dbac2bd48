#pragma once

#include <cstdint>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/model.h"

namespace thunderline::cerebros::keras {

/// The hyperparameters of the scoring network that a study searches.
struct ScoringMlpOptions {
  int64_t inputs = 40;
  int64_t outputs = 1;
  int64_t hidden_dim = 64;
  int num_layers = 2;    ///< Hidden layers. Range: [0, 64]; 0 is a regression.
  double dropout = 0.1;  ///< After each hidden layer; 0 leaves the layers out. Range: [0, 1).
  Activation activation = Activation::kRelu;
  Activation head = Activation::kSigmoid;
  double learning_rate = 0.001;  ///< Of Adam.
  Loss loss = Loss::kBinaryCrossentropy;
  uint64_t seed = 0;  ///< Of the initial weights: Glorot's uniform, biases zero.
};

/// Builds features → hidden_1 → dropout_1 → … → score, compiled with Adam and a metric: accuracy
/// for binary_crossentropy, mae for mean_squared_error. Same options, same model.
/// Errors: kInvalidArgument that names the option out of range.
Result<Model> build_scoring_mlp(const ScoringMlpOptions& options);

}  // namespace thunderline::cerebros::keras
