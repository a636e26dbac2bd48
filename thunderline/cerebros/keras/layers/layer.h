#pragma once
// For .cc files only: this header shows nlohmann::json.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/graph/graph.h"
#include "thunderline/cerebros/keras/network.h"

namespace thunderline::cerebros::keras {

using graph::Binary;
using graph::DType;
using graph::GraphBuilder;
using graph::Reduction;
using graph::Ref;
using graph::Unary;
using Masked = std::pair<Ref, std::optional<Ref>>;  ///< A value and its mask.

/// A graph in the making, and the variables that its layers ask for.
struct Assembly {
  GraphBuilder builder;
  const VariableSource& source;
  std::vector<Variable>& variables;
  std::map<std::string, size_t>& numbers;  ///< Of the variables, by path.
  bool training = false;
  uint64_t next_seed = 1;
  bool losses = false;  ///< What layers add to a loss is wanted.
};

/// A layer at one of its calls: its config, its inputs, and what it makes of them.
/// Mistakes stick in the builder; nothing has to be checked after each step.
class Call {
 public:
  Call(Assembly& assembly, const Json& config, std::string name, std::string group,
       std::vector<int64_t> order);

  Assembly& assembly() { return assembly_; }
  GraphBuilder& g() { return assembly_.builder; }
  bool training() const { return assembly_.training && trainable_; }
  const std::string& name() const { return name_; }

  // Settings; each read is noted, and what nobody reads must say nothing.
  double number(const char* key, double fallback);
  int64_t integer(const char* key, int64_t fallback);
  bool flag(const char* key, bool fallback);
  std::string text(const char* key, const std::string& fallback);
  std::vector<int64_t> integers(const char* key, std::vector<int64_t> fallback);
  /// A positive number for each of `axes` axes; one number stands for all. Range: 1 to 65536.
  std::vector<int64_t> by_axis(const char* key, size_t axes, std::vector<int64_t> fallback);
  const Json& setting(const char* key);
  bool has(const char* key);  ///< There and not null.
  Status check_all_read() const;

  /// A variable; the counter of its group gives the path. `role`: "kernel".
  Ref variable(const std::string& role, graph::Shape shape, bool trainable = true);
  Ref bias(int64_t size) { return variable("bias", {size}); }
  void update(Ref variable, Ref value);

  /// An inner layer: `lstm/cell`. Its order follows that of the inner layers before it.
  Call inner(const Json& config, const std::string& attribute);

  void fail(std::string message, std::string hint = "");
  /// Refuses a setting by name.
  void refuse(const char* key);

  Ref x() const { return inputs.empty() ? Ref{} : inputs.front().first; }
  std::optional<Ref> mask() const {
    return inputs.empty() ? std::nullopt : inputs.front().second;
  }
  bool channels_first() { return text("data_format", "channels_last") == "channels_first"; }
  uint64_t seed() { return assembly_.next_seed++; }

  std::vector<Masked> inputs;            ///< The tensors of the call, nested ones in order.
  std::map<std::string, Masked> named;   ///< Tensors given by name: mask, initial_state[0], …
  Json arguments = Json::array();        ///< The call as written; tensors are {"tensor": i}.
  Json keywords = Json::object();
  std::string group;
  std::vector<int64_t> order;

  // What the layer gives.
  std::vector<Ref> outputs;
  std::optional<std::optional<Ref>> output_mask;  ///< Nothing: the class's rule decides.

 private:
  Assembly& assembly_;
  const Json& config_;
  std::string name_;
  bool trainable_ = true;
  int64_t next_variable_ = 0;
  int64_t next_inner_ = 0;
  std::set<std::string> read_;
};

/// What becomes of the mask of a layer's first input.
enum class MaskRule { kDrop, kPass };

/// One class of layers: its name, and how it becomes operators. Registered in `registry.cc`.
struct LayerType {
  const char* name;
  void (*lower)(Call&);
  MaskRule mask = MaskRule::kDrop;
};

std::span<const LayerType> core_layers();
std::span<const LayerType> activation_layers();
std::span<const LayerType> merging_layers();
std::span<const LayerType> reshaping_layers();
std::span<const LayerType> regularization_layers();
std::span<const LayerType> normalization_layers();
std::span<const LayerType> convolution_layers();
std::span<const LayerType> pooling_layers();
std::span<const LayerType> recurrent_layers();
std::span<const LayerType> attention_layers();
std::span<const LayerType> operation_layers();  ///< keras.ops.

/// Null for a class that is not supported. `is_operation`: of keras.ops.
const LayerType* find_layer(const std::string& class_name, bool is_operation);

/// Runs a layer, or a nested model, given its entry of a config.
void lower_layer(Call& call, const Json& entry);

/// Layers and connections of a Sequential or Functional config.
/// `inputs`: of a nested model; none: the model's own InputLayers become inputs.
std::vector<Masked> lower_model(Assembly& assembly, const Json& entry, const std::string& group,
                                const std::vector<int64_t>& order,
                                const std::vector<Masked>* inputs);

/// Keras's activation of that config (a name, or an object); fails in the builder by name.
Ref activate(GraphBuilder& g, const Json& activation, Ref x);
Ref activate(Call& call, const char* key, Ref x);

}  // namespace thunderline::cerebros::keras
