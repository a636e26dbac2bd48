#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/model.h"

namespace thunderline::cerebros::keras {

/// How much of an archive is read.
struct ReadOptions {
  /// Only what predictions need: compile configuration, optimizer state, regularisers, constraints
  /// and frozen layers are passed over, whatever they are. Without it, what a `Model` cannot hold
  /// is refused, for training on would do something else than Keras.
  bool for_inference = false;
};

/// A `config.json`: the model, its tensors still empty, and where each layer's tensors lie.
struct ParsedConfig {
  Model model;
  std::vector<std::string> groups;  ///< "layers/dense_1", by layer.
};

/// Reads `config.json` of a Sequential model, or of a Functional one that is a chain. Layers:
/// InputLayer (rank 2, float32), Dense, Dropout. Missing keys take Keras's defaults; keys that are
/// not known must be null or false.
/// Errors: kBadData that names the layer and the setting.
Result<ParsedConfig> parse_config(std::string_view text, const std::string& where,
                                  const ReadOptions& options);

/// `config.json` as Keras 3.15.1 writes it for a Sequential model. Precondition: `validate` holds.
std::string config_json(const Model& model);

/// The weight groups of a Sequential model's layers, by layer: named by class and counted by class.
std::vector<std::string> sequential_groups(const Model& model);

/// The optimizer's name in the archive.
inline constexpr const char* kAdamName = "adam";

}  // namespace thunderline::cerebros::keras
