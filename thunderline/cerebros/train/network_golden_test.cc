// Trainings that Keras 3.15.1 ran (tests/golden/keras_train), run again by `network_fit`.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "thunderline/base/json_util.h"
#include "thunderline/base/npz.h"
#include "thunderline/cerebros/train/network_fit.h"

namespace thunderline::cerebros::train {
namespace {

constexpr double kTolerance = 1e-4;

const std::string& folder() {
  static const std::string kFolder = std::string(THUNDERLINE_SOURCE_DIR) + "/tests/golden/keras_train/";
  return kFolder;
}

void expect_close(double got, double want, const std::string& what) {
  EXPECT_NEAR(got, want, kTolerance * std::max(1.0, std::abs(want))) << what;
}

struct Golden {
  Json json;
  NpzArrays arrays;

  explicit Golden(const std::string& name) {
    json = parse_json(read_file(posix_file_system(), folder() + name + ".json").value(), name).value();
    arrays = read_npz(posix_file_system(), folder() + name + ".npz").value();
  }

  graph::Array array(const std::string& name) const {
    return {arrays.at(name).shape, arrays.at(name).to_doubles()};
  }

  keras::Network network() const {
    Json config = json["model"];
    config["compile_config"] = json["compile"];
    keras::Network network = keras::make_network(dump_json(config), "golden").value();
    for (size_t i = 0; i < network.variables.size(); ++i) {
      const NpyArray& initial = arrays.at("w_initial_" + std::to_string(i));
      EXPECT_EQ(network.variables[i].value.shape, initial.shape);
      network.variables[i].value.data = initial.to_floats();
    }
    return network;
  }

  NetworkData data() const {
    NetworkData data;
    for (int i = 0; arrays.contains("x" + std::to_string(i)); ++i) data.inputs.push_back(array("x" + std::to_string(i)));
    for (int i = 0; arrays.contains("y" + std::to_string(i)); ++i) data.targets.push_back(array("y" + std::to_string(i)));
    if (arrays.contains("sample_weight")) data.sample_weights.push_back(array("sample_weight"));
    return data;
  }
};

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
  const Json class_weight = fit.value("class_weight", Json::object());
  for (const auto& [label, weight] : class_weight.items()) {
    options.class_weight[std::stoi(label)] = weight;
  }
  for (const Json& callback : fit.value("callbacks", Json::array())) {
    const Json& config = callback["config"];
    if (callback["class_name"] == "EarlyStopping") {
      options.early_stopping = early_stopping_of(config);
    } else {
      options.reduce_lr = {config["monitor"],  config["factor"],    config["patience"],
                           MonitorMode::kAuto, config["min_delta"], config["cooldown"],
                           config["min_lr"]};
    }
  }
  return options;
}

void expect_history(const Json& want, const History& got) {
  EXPECT_EQ(got.values.size(), want.size());
  for (const auto& [name, series] : want.items()) {
    ASSERT_TRUE(got.values.contains(name)) << name;
    const std::vector<double>& values = got.values.at(name);
    ASSERT_EQ(values.size(), series.size()) << name;
    for (size_t i = 0; i < values.size(); ++i) {
      expect_close(values[i], series[i], name + " of epoch " + std::to_string(i));
    }
  }
}

void expect_optimizer(const Golden& golden, const keras::Network& network) {
  const size_t count = golden.json["optimizer_variables"].size();
  for (size_t i = 0; i < count; ++i) {
    const std::string path = "optimizer/vars/" + std::to_string(i);
    const std::vector<double> want = golden.arrays.at("optimizer_" + std::to_string(i)).to_doubles();
    if (network.counters.contains(path)) {
      EXPECT_EQ(static_cast<double>(network.counters.at(path)), want[0]);
      continue;
    }
    ASSERT_TRUE(network.extra.contains(path)) << path;
    const keras::Tensor& got = network.extra.at(path);
    ASSERT_EQ(got.data.size(), want.size()) << path;
    for (size_t k = 0; k < want.size(); ++k) expect_close(got.data[k], want[k], path);
  }
  EXPECT_FALSE(network.extra.contains("optimizer/vars/" + std::to_string(count)));
}

std::vector<std::string> runs() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() == ".json" && name != "dropout_statistics") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

class NetworkGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(NetworkGolden, EndsWhereKerasEnds) {
  const Golden golden(GetParam());
  const auto fitted = network_fit(golden.network(), golden.data(), std::nullopt,
                                  options_of(golden.json["fit"]));
  ASSERT_TRUE(fitted) << to_string(fitted.error());
  EXPECT_EQ(fitted->history.epoch.size(), golden.json["epochs_run"].get<size_t>());
  expect_history(golden.json["history"], fitted->history);
  if (golden.json.contains("early_stopping")) {
    EXPECT_EQ(fitted->history.stopped_epoch, golden.json["early_stopping"]["stopped_epoch"]);
    EXPECT_EQ(fitted->history.best_epoch, golden.json["early_stopping"]["best_epoch"]);
  }
  const keras::Network& network = fitted->network;
  for (size_t i = 0; i < network.variables.size(); ++i) {
    const std::vector<float> want = golden.arrays.at("w_final_" + std::to_string(i)).to_floats();
    for (size_t k = 0; k < want.size(); ++k) {
      expect_close(network.variables[i].value.data[k], want[k], network.variables[i].name);
    }
  }
  expect_optimizer(golden, network);

  NetworkData data = golden.data();
  data.sample_weights.clear();
  const auto evaluation = network_evaluate(network, data);
  ASSERT_TRUE(evaluation) << to_string(evaluation.error());
  for (const auto& [name, value] : golden.json["evaluate_after"].items()) {
    expect_close(name == "loss" ? evaluation->loss : evaluation->metrics.at(name), value, "evaluated " + name);
  }
  const auto predictions = keras::predict(network, data.inputs).value();
  for (size_t i = 0; i < predictions.size(); ++i) {
    const std::vector<double> want = golden.array("prediction_" + std::to_string(i)).data;
    for (size_t k = 0; k < want.size(); ++k) expect_close(predictions[i].data[k], want[k], "prediction");
  }
}

INSTANTIATE_TEST_SUITE_P(Runs, NetworkGolden, ::testing::ValuesIn(runs()),
                         [](const auto& run) { return run.param; });

}  // namespace
}  // namespace thunderline::cerebros::train
