#pragma once

#include <optional>
#include <string>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/graph/graph.h"

namespace thunderline::cerebros::train {

/// A loss of Keras with its settings. Source: keras.losses, 3.15.1.
struct NetworkLoss {
  std::string function;                           ///< Of keras.losses: "mean_squared_error".
  std::string reduction = "sum_over_batch_size";  ///< Or "mean", "sum", "mean_with_sample_weight".
  double delta = 1.0;                             ///< Of huber.
  double alpha = 0.25;                            ///< Of the focal ones.
  double gamma = 2.0;                             ///< Likewise.
  double label_smoothing = 0.0;                   ///< Range: [0, 1].
  bool from_logits = false;
  bool apply_class_balancing = false;
  std::optional<int64_t> ignore_class;

  /// Whether targets are numbers of classes, not one column a class.
  bool sparse() const { return function == "sparse_categorical_crossentropy"; }
};

/// The function that a name of Keras means ("mse", "MeanSquaredError" → "mean_squared_error");
/// empty for names that are not known.
std::string loss_function_name(const std::string& name);

/// From Keras's config as JSON: a name, or an object with class_name and config.
/// Errors: kBadData that names the loss or the setting, and what is supported.
Result<NetworkLoss> parse_network_loss(const std::string& config);

/// What a loss gives before it is reduced: one value a sample, or one a sample and position.
struct LossValues {
  graph::Ref values;
  std::optional<graph::Ref> mask;
};

/// Adds the loss to a graph. `logits`: what the model's last sigmoid or softmax was made of, which
/// Keras takes instead of the prediction so that the loss stays exact.
/// Shapes: prediction [n, …, c]; target the same, or without the last axis for class numbers.
LossValues loss_values(graph::GraphBuilder& g, const NetworkLoss& loss, graph::Ref target,
                       graph::Ref prediction, std::optional<graph::Ref> logits);

/// Weighs and reduces to a scalar. `mask`: of the prediction; `weight`: [n] or one a value.
/// Source: keras.losses.loss.reduce_weighted_values, 3.15.1.
graph::Ref reduce_loss(graph::GraphBuilder& g, const LossValues& loss,
                       std::optional<graph::Ref> weight, std::optional<graph::Ref> mask,
                       const std::string& reduction);

/// x / ‖x‖ along an axis, as keras.ops.normalize.
graph::Ref unit_length(graph::GraphBuilder& g, graph::Ref x, int64_t axis);

}  // namespace thunderline::cerebros::train
