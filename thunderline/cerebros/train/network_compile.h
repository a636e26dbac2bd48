#pragma once

#include <optional>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/train/network_loss.h"

namespace thunderline::cerebros::train {

/// What a model was compiled with. Source: keras.Model.compile, 3.15.1.
struct NetworkCompile {
  struct Output {
    std::string name;
    std::optional<NetworkLoss> loss;
    std::optional<double> loss_weight;
    std::vector<std::string> metrics;           ///< Keras's configs as JSON.
    std::vector<std::string> weighted_metrics;  ///< Likewise; these take sample weights.
  };
  std::string optimizer;  ///< Keras's config as JSON.
  std::vector<Output> outputs;
};

/// From a `config.json`. Errors: kInvalidArgument for a model that was never compiled; kBadData
/// that names what is not supported or fits no output.
Result<NetworkCompile> parse_network_compile(const std::string& config,
                                             const std::vector<std::string>& output_names);

/// The `config.json` with another learning rate of its optimizer; as it is where that is a
/// schedule.
Result<std::string> with_learning_rate(const std::string& config, double learning_rate);

}  // namespace thunderline::cerebros::train
