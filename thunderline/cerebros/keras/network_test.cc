// Models that Keras 3.15.1 saved, against its own predictions.

#include "thunderline/cerebros/keras/network.h"

#include <gtest/gtest.h>

#include <cmath>

#include "thunderline/base/json_util.h"
#include "thunderline/base/npz.h"

namespace thunderline::cerebros::keras {
namespace {

std::string golden_folder() {
  return std::string(THUNDERLINE_SOURCE_DIR) + "/tests/golden/keras_models/";
}

Json golden_models() {
  const std::string path = golden_folder() + "index.json";
  return parse_json(read_file(posix_file_system(), path).value(), path).value()["models"];
}

graph::Arrays arrays_of(const NpzArrays& arrays, const std::string& stem) {
  graph::Arrays list;
  for (int i = 0; arrays.contains(stem + std::to_string(i)); ++i) {
    const NpyArray& array = arrays.at(stem + std::to_string(i));
    list.push_back({array.shape, array.to_doubles()});
  }
  return list;
}

double error_of(const graph::Array& got, const graph::Array& want) {
  if (got.shape != want.shape) return INFINITY;
  double worst = 0, scale = 0;
  for (size_t i = 0; i < want.data.size(); ++i) {
    worst = std::max(worst, std::abs(got.data[i] - want.data[i]));
    scale = std::max(scale, std::abs(want.data[i]));
  }
  return scale == 0 ? worst : worst / scale;
}

class GoldenModel : public ::testing::TestWithParam<Json> {};

TEST_P(GoldenModel, PredictsAsKeras) {
  const std::string stem = golden_folder() + GetParam()["name"].get<std::string>();
  const auto network = load_network(posix_file_system(), stem + ".keras");
  ASSERT_TRUE(network) << to_string(network.error());
  EXPECT_EQ(network->parameter_count(), GetParam()["params"].get<int64_t>());
  const NpzArrays arrays = read_npz(posix_file_system(), stem + ".npz").value();
  for (int batch = 0; batch < GetParam()["batches"].get<int>(); ++batch) {
    const std::string prefix = "b" + std::to_string(batch) + "_";
    const auto got = predict(*network, arrays_of(arrays, prefix + "in"));
    ASSERT_TRUE(got) << to_string(got.error());
    const graph::Arrays want = arrays_of(arrays, prefix + "out");
    ASSERT_EQ(got->size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) {
      EXPECT_LE(error_of((*got)[i], want[i]), GetParam()["tolerance"].get<double>())
          << "output " << i << " " << graph::shape_text((*got)[i].shape);
    }
  }
}

/// Σ over all float outputs of value · a fixed wave, in float64.
double wave(size_t i) { return std::sin(1.0 + 0.7 * static_cast<double>(i)); }

struct Probe {
  const graph::Graph& graph;
  graph::Arrays inputs;
  graph::Arrays parameters;

  graph::Trace run() const {
    graph::ArrayRefs in, weights;
    for (const graph::Array& array : inputs) in.push_back(&array);
    for (const graph::Array& array : parameters) weights.push_back(&array);
    return graph::run(graph, in, weights, {.training = false, .seed = 0}).value();
  }
  double value() const {
    const graph::Trace trace = run();
    double sum = 0;
    for (const size_t id : graph.outputs) {
      for (size_t i = 0; i < trace.values[id].data.size(); ++i) {
        sum += trace.values[id].data[i] * wave(i);
      }
    }
    return sum;
  }
};

TEST_P(GoldenModel, GradientsAreThoseOfFiniteDifferences) {
  const std::string stem = golden_folder() + GetParam()["name"].get<std::string>();
  const Network network = load_network(posix_file_system(), stem + ".keras").value();
  ASSERT_NE(network.training, nullptr);
  Probe probe{*network.training, arrays_of(read_npz(posix_file_system(), stem + ".npz").value(), "b1_in"), {}};
  for (const Variable& variable : network.variables) {
    probe.parameters.push_back({variable.value.shape, {variable.value.data.begin(), variable.value.data.end()}});
  }
  const graph::Trace trace = probe.run();
  std::map<size_t, graph::Array> seeds;
  for (const size_t id : probe.graph.outputs) {
    graph::Array seed = graph::zeros(trace.values[id].shape);
    for (size_t i = 0; i < seed.data.size(); ++i) seed.data[i] = wave(i);
    graph::accumulate(seeds[id], seed);
  }
  const graph::Arrays grads = graph::backpropagate(probe.graph, trace, seeds);
  // So small that no ReLU of these models has its kink within a step (one lies within 1e-6).
  constexpr double kStep = 1e-8;
  for (const auto& [value, number] : probe.graph.parameters) {
    graph::Array& parameter = probe.parameters[number];
    if (!network.variables[number].trainable) continue;
    ASSERT_EQ(grads[value].data.size(), parameter.data.size()) << network.variables[number].name;
    for (size_t i = 0; i < parameter.data.size(); i += 1 + parameter.data.size() / 3) {
      const double kept = parameter.data[i];
      parameter.data[i] = kept + kStep;
      const double above = probe.value();
      parameter.data[i] = kept - kStep;
      const double below = probe.value();
      parameter.data[i] = kept;
      const double want = (above - below) / (2 * kStep);
      EXPECT_NEAR(grads[value].data[i], want, 1e-4 * std::max(1.0, std::abs(want)))
          << network.variables[number].name << " " << i;
    }
  }
}

TEST_P(GoldenModel, ComesBackFromItsArchive) {
  const std::string stem = golden_folder() + GetParam()["name"].get<std::string>();
  const Network network = load_network(posix_file_system(), stem + ".keras").value();
  const std::string bytes = network_bytes(network).value();
  const auto again = parse_network(std::as_bytes(std::span(bytes)), "again");
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(again->config, network.config);
  ASSERT_EQ(again->variables.size(), network.variables.size());
  for (size_t i = 0; i < network.variables.size(); ++i) {
    EXPECT_EQ(again->variables[i].value, network.variables[i].value) << network.variables[i].path;
  }
  EXPECT_EQ(again->extra, network.extra);
  EXPECT_EQ(again->counters, network.counters);
}

INSTANTIATE_TEST_SUITE_P(Keras, GoldenModel, ::testing::ValuesIn(golden_models()),
                         [](const auto& model) { return model.param["name"].template get<std::string>(); });

TEST(Network, RefusesAnUnknownLayerByNameAndListsTheKnown) {
  const auto network = make_network(
      R"({"class_name":"Sequential","config":{"name":"m","layers":[
          {"class_name":"InputLayer","config":{"name":"x","batch_shape":[null,4]}},
          {"module":"keras.layers","class_name":"Lambda","config":{"name":"odd"}}]}})",
      "config.json");
  ASSERT_FALSE(network);
  EXPECT_EQ(network.error().code, ErrorCode::kBadData);
  EXPECT_NE(network.error().message.find("Lambda"), std::string::npos);
  EXPECT_NE(network.error().where.find("odd"), std::string::npos);
  EXPECT_NE(network.error().hint.find("MultiHeadAttention"), std::string::npos);
}

TEST(Network, RefusesASettingThatItDoesNotKnow) {
  const auto network = make_network(
      R"({"class_name":"Sequential","config":{"name":"m","layers":[
          {"class_name":"InputLayer","config":{"name":"x","batch_shape":[null,4]}},
          {"class_name":"Dense","config":{"name":"d","units":2,"twisted":true}}]}})",
      "config.json");
  ASSERT_FALSE(network);
  EXPECT_NE(network.error().message.find("twisted"), std::string::npos);
}

}  // namespace
}  // namespace thunderline::cerebros::keras
