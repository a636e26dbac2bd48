#pragma once
// For tests: trainings that Keras ran (tests/golden/keras_train), as data.

#include <gtest/gtest.h>

#include <string>

#include "thunderline/base/json_util.h"
#include "thunderline/base/npz.h"
#include "thunderline/cerebros/train/network_fit.h"

namespace thunderline::cerebros::train {

inline const std::string& golden_folder() {
  static const std::string kFolder =
      std::string(THUNDERLINE_SOURCE_DIR) + "/tests/golden/keras_train/";
  return kFolder;
}

struct GoldenRun {
  Json json;
  NpzArrays arrays;

  explicit GoldenRun(const std::string& name) {
    json =
        parse_json(read_file(posix_file_system(), golden_folder() + name + ".json").value(), name)
            .value();
    arrays = read_npz(posix_file_system(), golden_folder() + name + ".npz").value();
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
    for (int i = 0; arrays.contains("x" + std::to_string(i)); ++i)
      data.inputs.push_back(array("x" + std::to_string(i)));
    for (int i = 0; arrays.contains("y" + std::to_string(i)); ++i)
      data.targets.push_back(array("y" + std::to_string(i)));
    if (arrays.contains("sample_weight")) data.sample_weights.push_back(array("sample_weight"));
    return data;
  }
};

inline EarlyStopping early_stopping_of(const Json& config) {
  EarlyStopping options;
  options.patience = config["patience"];
  options.min_delta = config["min_delta"];
  options.restore_best_weights = config.value("restore_best_weights", false);
  options.start_from_epoch = config.value("start_from_epoch", 0);
  return options;
}

inline FitOptions options_of(const Json& fit) {
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

}  // namespace thunderline::cerebros::train
