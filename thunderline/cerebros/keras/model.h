#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/tensor.h"

namespace thunderline::cerebros::keras {

/// The widest row that a layer takes or gives; more is an error in a file, not a model.
inline constexpr int64_t kMaxWidth = int64_t{1} << 24;

/// Keras's activations that the layers here know. `silu` is Keras's name for swish; `gelu` is the
/// exact one (erf). Source: keras.activations, 3.15.1.
enum class Activation { kLinear, kRelu, kGelu, kSilu, kSigmoid, kTanh };

/// Keras's name ("silu" for kSilu), and back ("swish" is accepted). Errors: kInvalidArgument.
const char* activation_name(Activation activation);
Result<Activation> parse_activation(std::string_view name);

/// The model's input: rows of `width` float32 numbers, any number of rows.
struct InputLayer {
  std::string name = "features";
  int64_t width = 0;
  bool operator==(const InputLayer&) const = default;
};

/// y = activation(x · kernel + bias). Shapes: x [n, in], kernel [in, units], bias [units].
struct Dense {
  std::string name;
  int64_t units = 0;
  Activation activation = Activation::kLinear;
  bool use_bias = true;
  Tensor kernel;
  Tensor bias;
  bool operator==(const Dense&) const = default;
};

/// Scales by 1 / (1 − rate) what it keeps in training; the identity at inference. Range: [0, 1).
struct Dropout {
  std::string name;
  double rate = 0.0;
  std::optional<int64_t> seed;
  bool operator==(const Dropout&) const = default;
};

using Layer = std::variant<InputLayer, Dense, Dropout>;

/// Keras's Adam with its defaults. Source: keras.optimizers.Adam, 3.15.1.
struct Adam {
  double learning_rate = 0.001;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  bool operator==(const Adam&) const = default;
};

enum class Loss { kBinaryCrossentropy, kMeanSquaredError };

/// Keras's name of a loss ("binary_crossentropy"), and back ("mse" is accepted). Errors:
/// kInvalidArgument.
const char* loss_name(Loss loss);
Result<Loss> parse_loss(std::string_view name);

/// What `model.compile` fixed.
struct CompileConfig {
  Adam optimizer;
  Loss loss = Loss::kBinaryCrossentropy;
  std::vector<std::string> metrics;  ///< Known: "accuracy", "mse", "mae".
  bool operator==(const CompileConfig&) const = default;
};

/// Adam's state. Empty `momentum` and `velocity`: never trained.
struct OptimizerState {
  int64_t iterations = 0;
  std::vector<Tensor> momentum;  ///< One a variable, order of `Model::weights`.
  std::vector<Tensor> velocity;
  bool operator==(const OptimizerState&) const = default;
};

/// A Keras Sequential model: an InputLayer, then layers that each take the output of the one
/// before. A plain value; trained models are new values.
struct Model {
  std::string name = "sequential";
  std::vector<Layer> layers;
  std::optional<CompileConfig> compile;
  OptimizerState optimizer_state;

  bool operator==(const Model&) const = default;

  int64_t input_width() const;
  int64_t output_width() const;
  int64_t parameter_count() const;

  /// Keras's names of the input (the InputLayer's) and of the output (the last layer's).
  std::string input_name() const;
  std::string output_name() const;

  /// The trainable variables in Keras's order: kernel, bias, layer by layer.
  std::vector<const Tensor*> weights() const;
  std::vector<Tensor*> weights();
};

/// `layers[3] "dense_2"`: how errors name a layer.
std::string layer_place(const std::vector<Layer>& layers, size_t index);

/// Checks that layers follow one another, names are unique, shapes fit, numbers are finite.
/// Errors: kInvalidArgument that names the layer.
Status validate(const Model& model);

}  // namespace thunderline::cerebros::keras
