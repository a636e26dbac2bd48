// Trainings that Keras 3.15.1 ran (tests/golden/keras_train), run again by `network_fit`.

#include "tests/support/network_golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "thunderline/cerebros/train/network_fit.h"

namespace thunderline::cerebros::train {
namespace {

constexpr double kTolerance = 1e-4;

void expect_close(double got, double want, const std::string& what) {
  EXPECT_NEAR(got, want, kTolerance * std::max(1.0, std::abs(want))) << what;
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

void expect_optimizer(const GoldenRun& golden, const keras::Network& network) {
  const size_t count = golden.json["optimizer_variables"].size();
  for (size_t i = 0; i < count; ++i) {
    const std::string path = "optimizer/vars/" + std::to_string(i);
    const std::vector<double> want =
        golden.arrays.at("optimizer_" + std::to_string(i)).to_doubles();
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
  for (const auto& entry : std::filesystem::directory_iterator(golden_folder())) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() == ".json" && name != "dropout_statistics") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

class NetworkGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(NetworkGolden, EndsWhereKerasEnds) {
  const GoldenRun golden(GetParam());
  const auto fitted =
      network_fit(golden.network(), golden.data(), std::nullopt, options_of(golden.json["fit"]));
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
    expect_close(name == "loss" ? evaluation->loss : evaluation->metrics.at(name), value,
                 "evaluated " + name);
  }
  const auto predictions = keras::predict(network, data.inputs).value();
  for (size_t i = 0; i < predictions.size(); ++i) {
    const std::vector<double> want = golden.array("prediction_" + std::to_string(i)).data;
    for (size_t k = 0; k < want.size(); ++k)
      expect_close(predictions[i].data[k], want[k], "prediction");
  }
}

INSTANTIATE_TEST_SUITE_P(Runs, NetworkGolden, ::testing::ValuesIn(runs()),
                         [](const auto& run) { return run.param; });

}  // namespace
}  // namespace thunderline::cerebros::train
