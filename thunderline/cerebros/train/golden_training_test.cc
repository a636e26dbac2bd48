// Trainings that Keras 3.15.1 ran (tests/golden/keras_train), run again from the same weights.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "thunderline/base/json_util.h"
#include "thunderline/base/npz.h"
#include "thunderline/cerebros/train/fit.h"

namespace thunderline::cerebros::train {
namespace {

constexpr double kTolerance = 1e-4;

void expect_close(double got, double want, const std::string& what) {
  EXPECT_NEAR(got, want, kTolerance * std::max(1.0, std::abs(want))) << what;
}

struct Golden {
  Json json;
  NpzArrays arrays;

  explicit Golden(const std::string& name) {
    const std::string stem =
        std::string(THUNDERLINE_SOURCE_DIR) + "/tests/golden/keras_train/" + name;
    json = parse_json(read_file(posix_file_system(), stem + ".json").value(), stem).value();
    arrays = read_npz(posix_file_system(), stem + ".npz").value();
  }

  std::vector<float> floats(const std::string& name) const { return arrays.at(name).to_floats(); }
  keras::Tensor tensor(const std::string& name) const {
    return {arrays.at(name).shape, floats(name)};
  }
};

keras::Model model_of(const Golden& golden) {
  keras::Model model;
  int weight = 0;
  for (const Json& layer : golden.json["model"]["config"]["layers"]) {
    const Json& config = layer["config"];
    if (layer["class_name"] == "InputLayer") {
      model.layers.push_back(keras::InputLayer{config["name"], config["batch_shape"][1]});
      continue;
    }
    keras::Dense dense;
    dense.name = config["name"];
    dense.units = config["units"];
    dense.activation = keras::parse_activation(std::string(config["activation"])).value();
    dense.kernel = golden.tensor("w_initial_" + std::to_string(weight++));
    dense.bias = golden.tensor("w_initial_" + std::to_string(weight++));
    model.layers.push_back(std::move(dense));
  }
  const Json& compile = golden.json["compile"];
  const Json& adam = compile["optimizer"]["config"];
  keras::CompileConfig config;
  config.optimizer = {adam["learning_rate"], adam["beta_1"], adam["beta_2"], adam["epsilon"]};
  config.loss = keras::parse_loss(std::string(compile["loss"])).value();
  config.metrics = compile.value("metrics", std::vector<std::string>());
  model.compile = config;
  return model;
}

EarlyStopping early_stopping_of(const Json& config) {
  EarlyStopping options;
  options.patience = config["patience"];
  options.min_delta = config["min_delta"];
  options.restore_best_weights = config.value("restore_best_weights", false);
  options.start_from_epoch = config.value("start_from_epoch", 0);
  return options;
}

FitOptions options_of(const Json& fit) {
  FitOptions options;
  options.epochs = fit["epochs"];
  options.batch_size = fit["batch_size"];
  options.shuffle = fit["shuffle"];
  options.validation_split = fit.value("validation_split", 0.0);
  for (const Json& callback : fit.value("callbacks", Json::array())) {
    const Json& config = callback["config"];
    if (callback["class_name"] == "EarlyStopping") {
      options.early_stopping = early_stopping_of(config);
    } else {
      options.reduce_lr = {config["monitor"],   config["factor"],   config["patience"],
                           MonitorMode::kAuto,  config["min_delta"], config["cooldown"],
                           config["min_lr"]};
    }
  }
  return options;
}

void expect_history(const Json& want, const History& got) {
  for (const auto& [name, series] : want.items()) {
    if (name.starts_with("weighted_")) continue;  // weighted metrics are not part of the model
    ASSERT_TRUE(got.values.contains(name)) << name;
    const std::vector<double>& values = got.values.at(name);
    ASSERT_EQ(values.size(), series.size()) << name;
    for (size_t i = 0; i < values.size(); ++i) {
      expect_close(values[i], series[i], name + " of epoch " + std::to_string(i));
    }
  }
}

void expect_tensors(const Golden& golden, const std::string& stem, size_t first, size_t step,
                    const std::vector<const keras::Tensor*>& got) {
  for (size_t v = 0; v < got.size(); ++v) {
    const std::string name = stem + std::to_string(first + v * step);
    const std::vector<float> want = golden.floats(name);
    ASSERT_EQ(got[v]->data.size(), want.size()) << name;
    for (size_t i = 0; i < want.size(); ++i) expect_close(got[v]->data[i], want[i], name);
  }
}

std::vector<const keras::Tensor*> pointers(const std::vector<keras::Tensor>& tensors) {
  std::vector<const keras::Tensor*> result;
  for (const keras::Tensor& tensor : tensors) result.push_back(&tensor);
  return result;
}

class GoldenTraining : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenTraining, EndsWhereKerasEnds) {
  const Golden golden(GetParam());
  const std::vector<float> x = golden.floats("x0");
  const std::vector<float> y = golden.floats("y0");
  TrainingData data{x, y, {}, golden.arrays.at("x0").shape[0]};
  std::vector<float> weights;
  if (golden.arrays.contains("sample_weight")) {
    weights = golden.floats("sample_weight");
    data.sample_weight = weights;
  }
  const auto result = fit(model_of(golden), data, options_of(golden.json["fit"])).value();

  ASSERT_EQ(result.history.epoch.size(), golden.json["epochs_run"].get<size_t>());
  expect_history(golden.json["history"], result.history);
  expect_close(result.model.compile->optimizer.learning_rate,
               golden.json["learning_rate_after_epoch"].back(), "learning rate");
  if (golden.json.contains("early_stopping")) {
    EXPECT_EQ(result.history.stopped_epoch, golden.json["early_stopping"]["stopped_epoch"]);
    EXPECT_EQ(result.history.best_epoch, golden.json["early_stopping"]["best_epoch"]);
  }
  const keras::OptimizerState& state = result.model.optimizer_state;
  expect_tensors(golden, "w_final_", 0, 1, result.model.weights());
  expect_tensors(golden, "optimizer_", 2, 2, pointers(state.momentum));
  expect_tensors(golden, "optimizer_", 3, 2, pointers(state.velocity));
  EXPECT_EQ(static_cast<double>(state.iterations), golden.arrays.at("optimizer_0").to_doubles()[0]);

  data.sample_weight = {};
  const Evaluation evaluation = evaluate(result.model, data).value();
  expect_close(evaluation.loss, golden.json["evaluate_after"]["loss"], "evaluate");
  for (const auto& [name, value] : evaluation.metrics) {
    expect_close(value, golden.json["evaluate_after"][name], name);
  }
  const std::vector<float> want = golden.floats("prediction_0");
  const auto got = predict(result.model, x, data.rows).value();
  for (size_t i = 0; i < want.size(); ++i) expect_close(got[i], want[i], "prediction");
}

INSTANTIATE_TEST_SUITE_P(Runs, GoldenTraining,
                         ::testing::Values("adam_mse_gelu", "adam_long", "plateau_earlystop",
                                           "earlystop_min_delta", "sample_weight"),
                         [](const auto& run) { return std::string(run.param); });

struct Moments {
  double mean = 0;
  double deviation = 0;
};

Moments moments_of(const std::vector<double>& values) {
  Moments moments;
  const double count = static_cast<double>(values.size());
  for (const double value : values) moments.mean += value / count;
  for (const double value : values) {
    moments.deviation += (value - moments.mean) * (value - moments.mean) / count;
  }
  moments.deviation = std::sqrt(moments.deviation);
  return moments;
}

void expect_distribution(const std::vector<double>& values, const Json& want) {
  const Moments moments = moments_of(values);
  const double mean = want["mean"];
  const double deviation = want["std"];
  EXPECT_NEAR(moments.mean, mean,
              4 * std::sqrt(2.0) * deviation / std::sqrt(static_cast<double>(values.size())));
  EXPECT_GT(moments.deviation, deviation / 2);
  EXPECT_LT(moments.deviation, deviation * 2);
}

/// Dense 32 relu, Dropout 0.3, twice, then one output, from Keras's initial weights.
keras::Model dropout_model(const Golden& golden) {
  keras::Model model;
  model.layers.push_back(keras::InputLayer{"x", golden.arrays.at("x0").shape[1]});
  for (int i = 0; i < 3; ++i) {
    keras::Dense dense;
    dense.name = "dense_" + std::to_string(i);
    dense.kernel = golden.tensor("w_initial_" + std::to_string(2 * i));
    dense.bias = golden.tensor("w_initial_" + std::to_string(2 * i + 1));
    dense.units = dense.bias.shape[0];
    dense.activation = i < 2 ? keras::Activation::kRelu : keras::Activation::kLinear;
    model.layers.push_back(dense);
    if (i < 2) model.layers.push_back(keras::Dropout{"drop_" + std::to_string(i), 0.3, {}});
  }
  model.compile = keras::CompileConfig{{0.005}, keras::Loss::kMeanSquaredError, {}};
  return model;
}

TEST(GoldenDropout, LossesAreDistributedAsKerass) {
  const Golden golden("dropout_statistics");
  const std::vector<float> x = golden.floats("x0");
  const std::vector<float> y = golden.floats("y0");
  const TrainingData data{x, y, {}, golden.arrays.at("x0").shape[0]};
  std::vector<double> first, last;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    FitOptions options;
    options.epochs = 10;
    options.shuffle = false;
    options.seed = seed;
    const auto result = fit(dropout_model(golden), data, options).value();
    first.push_back(result.history.values.at("loss").front());
    last.push_back(result.history.values.at("loss").back());
  }
  expect_distribution(first, golden.json["first_epoch_loss"]);
  expect_distribution(last, golden.json["last_epoch_loss"]);
}

}  // namespace
}  // namespace thunderline::cerebros::train
