#include "thunderline/cerebros/keras/builders/scoring_mlp.h"

#include <cmath>
#include <string>
#include <utility>

#include "thunderline/base/random.h"
#include "thunderline/cerebros/keras/initializers.h"

namespace thunderline::cerebros::keras {
namespace {

constexpr int64_t kLargestWidth = 65'536;
constexpr int kMostLayers = 64;

Status require(bool holds, const std::string& message, const char* option) {
  if (holds) return {};
  return fail(ErrorCode::kInvalidArgument, message, option);
}

Status check_width(int64_t width, const char* option) {
  return require(width >= 1 && width <= kLargestWidth,
                 std::string(option) + " is " + std::to_string(width) + ", not in [1, " +
                     std::to_string(kLargestWidth) + "]",
                 option);
}

Status check(const ScoringMlpOptions& options) {
  TL_RETURN_IF_ERROR(check_width(options.inputs, "inputs"));
  TL_RETURN_IF_ERROR(check_width(options.outputs, "outputs"));
  TL_RETURN_IF_ERROR(check_width(options.hidden_dim, "hidden_dim"));
  TL_RETURN_IF_ERROR(require(options.num_layers >= 0 && options.num_layers <= kMostLayers,
                             "num_layers is " + std::to_string(options.num_layers) +
                                 ", not in [0, " + std::to_string(kMostLayers) + "]",
                             "num_layers"));
  TL_RETURN_IF_ERROR(require(options.dropout >= 0 && options.dropout < 1,
                             "dropout is " + std::to_string(options.dropout) + ", not in [0, 1)",
                             "dropout"));
  return require(options.learning_rate > 0 && std::isfinite(options.learning_rate),
                 "learning_rate is " + std::to_string(options.learning_rate) + ", not above 0",
                 "learning_rate");
}

Dense dense(std::string name, int64_t inputs, int64_t units, Activation activation,
            Random& random) {
  Dense layer;
  layer.name = std::move(name);
  layer.units = units;
  layer.activation = activation;
  layer.kernel = glorot_uniform({inputs, units}, random);
  layer.bias = zeros({units});
  return layer;
}

}  // namespace

Result<Model> build_scoring_mlp(const ScoringMlpOptions& options) {
  TL_RETURN_IF_ERROR(check(options));
  Random random(options.seed);
  Model model;
  model.name = "scoring_mlp";
  model.layers.push_back(InputLayer{"features", options.inputs});
  int64_t width = options.inputs;
  for (int i = 1; i <= options.num_layers; ++i) {
    const std::string number = std::to_string(i);
    model.layers.push_back(
        dense("hidden_" + number, width, options.hidden_dim, options.activation, random));
    if (options.dropout > 0) {
      model.layers.push_back(Dropout{"dropout_" + number, options.dropout, std::nullopt});
    }
    width = options.hidden_dim;
  }
  model.layers.push_back(dense("score", width, options.outputs, options.head, random));
  CompileConfig compile;
  compile.optimizer.learning_rate = options.learning_rate;
  compile.loss = options.loss;
  compile.metrics = {options.loss == Loss::kBinaryCrossentropy ? "accuracy" : "mae"};
  model.compile = std::move(compile);
  return model;
}

}  // namespace thunderline::cerebros::keras
