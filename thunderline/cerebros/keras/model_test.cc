#include "thunderline/cerebros/keras/model.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/keras_models.h"

namespace thunderline::cerebros::keras {
namespace {

using testing::random_mlp;
using testing::trained_mlp;

/// What `validate` says of a model, as one line.
std::string complaint(const Model& model) {
  const Status status = validate(model);
  if (status) return "";
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
  return to_string(status.error());
}

TEST(Activation, GoesByKerassNames) {
  for (const char* name : {"linear", "relu", "gelu", "silu", "sigmoid", "tanh"}) {
    EXPECT_STREQ(activation_name(parse_activation(name).value()), name);
  }
  EXPECT_EQ(parse_activation("swish").value(), Activation::kSilu);
  const Error error = parse_activation("mish").error();
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.message, "activation \"mish\" is not supported");
  EXPECT_EQ(error.hint, "supported: linear, relu, gelu, silu, sigmoid, tanh");
}

TEST(Loss, GoesByKerassNames) {
  EXPECT_EQ(parse_loss("mse").value(), Loss::kMeanSquaredError);
  for (const char* name : {"binary_crossentropy", "mean_squared_error"}) {
    EXPECT_STREQ(loss_name(parse_loss(name).value()), name);
  }
  EXPECT_EQ(parse_loss("hinge").error().code, ErrorCode::kInvalidArgument);
}

TEST(Model, KnowsItsWidthsNamesAndParameters) {
  const Model model = random_mlp();
  EXPECT_EQ(model.input_width(), 6);
  EXPECT_EQ(model.output_width(), 2);
  EXPECT_EQ(model.input_name(), "features");
  EXPECT_EQ(model.output_name(), "score");
  EXPECT_EQ(model.parameter_count(), 6 * 5 + 5 + 5 * 2 + 2);
}

TEST(Model, ListsWeightsInKerassOrder) {
  Model model = random_mlp();
  std::get<Dense>(model.layers[1]).use_bias = false;
  const auto weights = model.weights();
  ASSERT_EQ(weights.size(), 3u);
  EXPECT_EQ(weights[0], &std::get<Dense>(model.layers[1]).kernel);
  EXPECT_EQ(weights[1], &std::get<Dense>(model.layers[3]).kernel);
  EXPECT_EQ(weights[2], &std::get<Dense>(model.layers[3]).bias);
}

TEST(Model, WithoutLayersIsEmptyAndInvalid) {
  const Model model;
  EXPECT_EQ(model.input_width(), 0);
  EXPECT_EQ(model.output_width(), 0);
  EXPECT_EQ(model.output_name(), "");
  EXPECT_NE(complaint(model), "");
}

TEST(Validate, TakesWhatFits) {
  EXPECT_EQ(complaint(random_mlp()), "");
  EXPECT_EQ(complaint(trained_mlp()), "");
}

TEST(Validate, NamesTheLayerThatIsWrong) {
  Model model = random_mlp();
  std::get<Dense>(model.layers[3]).units = -4;
  EXPECT_EQ(complaint(model), "units must be in [1, 16777216], got -4 (layers[3] \"score\")");
  model = random_mlp();
  std::get<Dense>(model.layers[3]).kernel.shape = {4, 2};
  EXPECT_EQ(complaint(model),
            "kernel must have shape [5, 2], got [4, 2] with 10 numbers (layers[3] \"score\")");
  model = random_mlp();
  std::get<Dense>(model.layers[1]).bias.data[2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(complaint(model), "bias holds NaN or infinity (layers[1] \"hidden\")");
  model = random_mlp();
  std::get<Dense>(model.layers[1]).use_bias = false;
  EXPECT_EQ(complaint(model), "a layer with use_bias false holds a bias (layers[1] \"hidden\")");
  model = random_mlp();
  std::get<Dropout>(model.layers[2]).rate = 1.0;
  EXPECT_EQ(complaint(model), "rate must be in [0, 1), got 1.000000 (layers[2] \"drop\")");
}

TEST(Validate, RefusesNamesThatRepeatOrCannotBeStored) {
  Model model = random_mlp();
  std::get<Dropout>(model.layers[2]).name = "hidden";
  EXPECT_EQ(complaint(model), "two layers have this name (layers[2] \"hidden\")");
  std::get<Dropout>(model.layers[2]).name = "a/b";
  EXPECT_NE(complaint(model), "");
  std::get<Dropout>(model.layers[2]).name = "";
  EXPECT_NE(complaint(model), "");
}

TEST(Validate, WantsOneInputLayerAndThatFirst) {
  Model model = random_mlp();
  model.layers.push_back(InputLayer{"again", 2});
  EXPECT_NE(complaint(model), "");
  model = random_mlp();
  model.layers.erase(model.layers.begin());
  EXPECT_NE(complaint(model), "");
}

TEST(Validate, ChecksTheCompileConfigAndTheOptimizersState) {
  Model model = trained_mlp();
  model.compile->metrics = {"f1"};
  EXPECT_EQ(complaint(model),
            "metric \"f1\" is not known (compile.metrics); known: accuracy, mse, mae");
  model = trained_mlp();
  model.compile->optimizer.beta_1 = 1.0;
  EXPECT_NE(complaint(model), "");
  model = trained_mlp();
  model.compile.reset();
  EXPECT_NE(complaint(model), "");
  model = trained_mlp();
  model.optimizer_state.velocity.pop_back();
  EXPECT_EQ(complaint(model),
            "velocity must have one tensor a variable (4), got 3 (optimizer_state)");
  model = trained_mlp();
  model.optimizer_state.momentum[1].shape = {4};
  EXPECT_NE(complaint(model), "");
}

}  // namespace
}  // namespace thunderline::cerebros::keras
