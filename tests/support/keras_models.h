#pragma once

#include <string>
#include <utility>
#include <vector>

#include "thunderline/base/random.h"
#include "thunderline/cerebros/keras/model.h"

namespace thunderline::testing {

inline cerebros::keras::Tensor random_tensor(std::vector<int64_t> shape, Random& random,
                                             double scale = 0.5) {
  int64_t size = 1;
  for (const int64_t extent : shape) size *= extent;
  cerebros::keras::Tensor tensor{std::move(shape), std::vector<float>(static_cast<size_t>(size))};
  for (float& value : tensor.data) value = static_cast<float>(scale * random.normal());
  return tensor;
}

inline cerebros::keras::Dense random_dense(std::string name, int64_t width, int64_t units,
                                           cerebros::keras::Activation activation, Random& random,
                                           bool use_bias = true) {
  cerebros::keras::Dense dense;
  dense.name = std::move(name);
  dense.units = units;
  dense.activation = activation;
  dense.use_bias = use_bias;
  dense.kernel = random_tensor({width, units}, random);
  if (use_bias) dense.bias = random_tensor({units}, random);
  return dense;
}

/// features[6] → hidden (5, gelu) → drop → score (2, sigmoid), with random weights.
inline cerebros::keras::Model random_mlp(uint64_t seed = 1) {
  using namespace cerebros::keras;
  Random random(seed);
  Model model;
  model.name = "mlp";
  model.layers.push_back(InputLayer{"features", 6});
  model.layers.push_back(random_dense("hidden", 6, 5, Activation::kGelu, random));
  model.layers.push_back(Dropout{"drop", 0.25, 7});
  model.layers.push_back(random_dense("score", 5, 2, Activation::kSigmoid, random));
  return model;
}

/// `random_mlp`, compiled, with the state of an Adam that has run.
inline cerebros::keras::Model trained_mlp(uint64_t seed = 1) {
  using namespace cerebros::keras;
  Random random(seed + 1000);
  Model model = random_mlp(seed);
  model.compile =
      CompileConfig{{0.003, 0.8, 0.99, 1e-6}, Loss::kMeanSquaredError, {"accuracy", "mae"}};
  model.optimizer_state.iterations = 41;
  for (const Tensor* weight : std::as_const(model).weights()) {
    model.optimizer_state.momentum.push_back(random_tensor(weight->shape, random));
    model.optimizer_state.velocity.push_back(random_tensor(weight->shape, random));
  }
  return model;
}

inline std::vector<float> random_rows(int64_t rows, int64_t width, uint64_t seed = 5) {
  Random random(seed);
  return random_tensor({rows, width}, random, 1.0).data;
}

}  // namespace thunderline::testing
