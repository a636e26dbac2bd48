#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"
#include "thunderline/cerebros/graph/graph.h"
#include "thunderline/cerebros/keras/tensor.h"

namespace thunderline::cerebros::keras {

/// A variable of a network, and what Keras's config says of its training.
struct Variable {
  std::string path;      ///< Its dataset: "layers/dense_1/vars/0".
  std::string name;      ///< "score/kernel".
  Tensor value;
  bool trainable = true;
  std::string regularizer;  ///< Keras's config as JSON, or empty.
  std::string constraint;   ///< Likewise.
  std::vector<int64_t> order;  ///< Where it stands among the variables, layer by layer.
};

/// Any Keras model of supported layers: Sequential or Functional, several inputs and outputs, shared
/// and nested layers. One graph form for predictions, one for training steps (batch statistics,
/// random masks); both read the same variables. The config is kept as it was read, so that what is
/// written is what was read.
struct Network {
  std::string name;
  std::string config;  ///< config.json.
  std::vector<Variable> variables;  ///< In Keras's order of `model.variables`.
  std::shared_ptr<const graph::Graph> inference;
  std::shared_ptr<const graph::Graph> training;  ///< Null for a model that cannot be trained.
  /// Inference, and what layers add to the loss; null where that is nothing.
  std::shared_ptr<const graph::Graph> evaluation;
  std::optional<Error> untrainable;  ///< Why `training` is null: names the layer.
  std::vector<std::pair<std::string, std::string>> layers;  ///< Name and class, in order.
  std::map<std::string, Tensor> extra;  ///< Float datasets beside the layers': "optimizer/vars/2".
  std::map<std::string, int64_t> counters;  ///< Whole numbers likewise: "optimizer/vars/0".
  std::map<std::string, std::string> groups;  ///< The attribute `name` of each group of variables.

  int64_t parameter_count() const;
};

/// Where a network's variables come from. Errors: kBadData that names the dataset.
class VariableSource {
 public:
  virtual ~VariableSource() = default;
  virtual Result<Tensor> read(const std::string& path, const graph::Shape& shape) const = 0;
};

/// Makes the network of a `config.json`. Errors: kBadData that names the layer, its class or its
/// setting, and what is supported.
Result<Network> make_network(const std::string& config, const VariableSource& source,
                             const std::string& where);

/// As above, with zeros for variables.
Result<Network> make_network(const std::string& config, const std::string& where);

/// Reads a `.keras` archive of any supported layers. Errors: as `load_keras`.
Result<Network> load_network(FileSystem& files, const std::string& path);
Result<Network> parse_network(std::span<const std::byte> bytes, const std::string& where);

/// The archive: config as read, variables as they are, such that Keras loads it.
Result<std::string> network_bytes(const Network& network, int64_t saved_unix_ms = 0);

/// The outputs for inputs in the order of `inference->inputs`.
/// Errors: kInvalidArgument for other shapes, or values that a layer cannot take.
Result<graph::Arrays> predict(const Network& network, const graph::Arrays& inputs);

/// "Dense, Dropout, …": all classes of layers, then all operations that models may contain.
std::string supported_layers();

}  // namespace thunderline::cerebros::keras
