#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/network.h"
#include "thunderline/cerebros/train/fit.h"

namespace thunderline::cerebros::train {

/// What a network is trained or judged on; axis 0 is the row, everywhere the same number of them.
struct NetworkData {
  graph::Arrays inputs;   ///< In the order of `Network::inference->inputs`.
  graph::Arrays targets;  ///< One an output; an empty array for an output without a loss.
  /// None; or one for all outputs; or one an output. Shapes: [rows], or one a position.
  graph::Arrays sample_weights;

  int64_t rows() const;
};

struct NetworkFitResult {
  keras::Network
      network;  ///< Trained variables, optimizer state, and the learning rate as it ended.
  History history;
  bool stopped_by_caller = false;
};

/// Trains a copy of `network` with what it was compiled with, by Keras's semantics: any layers,
/// losses by output with their weights, regularizers, constraints, frozen variables, statistics of
/// BatchNormalization; the last batch may be short; an epoch's loss is the mean of its batches by
/// rows; training goes on from the optimizer's state. Computes in float64 and keeps variables and
/// state in float32, so that a saved and loaded network goes on with the same bits.
/// `options.validation_data` must be empty: `validation` stands for it.
/// Errors: kInvalidArgument for shapes, options and a model that was never compiled; kBadData for a
/// model that cannot be trained (names the layer), settings that are not supported, numbers that
/// are not finite (names epoch, step and the first tensor). Thread-safety: any thread; starts none.
Result<NetworkFitResult> network_fit(const keras::Network& network, const NetworkData& data,
                                     const std::optional<NetworkData>& validation,
                                     const FitOptions& options);

/// Whether `network_fit` can train the network, without any data. Errors: as `network_fit`.
Status check_trainable(const keras::Network& network);

/// Loss and metrics of the compiled network. Errors: as `network_fit`.
Result<Evaluation> network_evaluate(const keras::Network& network, const NetworkData& data,
                                    int64_t batch_size = 32);

}  // namespace thunderline::cerebros::train
