#include "thunderline/cerebros/train/network_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/network_golden.h"

namespace thunderline::cerebros::train {
namespace {

using ::testing::HasSubstr;

/// The run's network with another compile config.
keras::Network recompiled(const GoldenRun& run, const std::function<void(Json&)>& change) {
  keras::Network network = run.network();
  Json config = parse_json(network.config, "config").value();
  change(config["compile_config"]);
  network.config = dump_json(config);
  return network;
}

Result<NetworkFitResult> fit_of(const keras::Network& network, const GoldenRun& run, int epochs,
                                int64_t batch_size = 32) {
  FitOptions options;
  options.epochs = epochs;
  options.batch_size = batch_size;
  options.shuffle = false;
  return network_fit(network, run.data(), std::nullopt, options);
}

keras::Network through_archive(const keras::Network& network) {
  const std::string bytes = keras::network_bytes(network).value();
  return keras::parse_network(std::as_bytes(std::span(bytes)), "saved.keras").value();
}

class Resumed : public ::testing::TestWithParam<const char*> {};

TEST_P(Resumed, GoesOnFromAnArchiveWithTheSameBits) {
  const GoldenRun run(GetParam());
  const auto whole = fit_of(run.network(), run, 4).value();
  const auto half = fit_of(run.network(), run, 2).value();
  const auto rest = fit_of(through_archive(half.network), run, 2).value();
  for (size_t i = 0; i < whole.network.variables.size(); ++i) {
    EXPECT_EQ(rest.network.variables[i].value, whole.network.variables[i].value) << i;
  }
  EXPECT_EQ(rest.network.extra, whole.network.extra);
  EXPECT_EQ(rest.network.counters, whole.network.counters);
  EXPECT_EQ(rest.history.values.at("loss").back(), whole.history.values.at("loss").back());
}

INSTANTIATE_TEST_SUITE_P(Runs, Resumed,
                         ::testing::Values("sgd_batchnorm", "adam_amsgrad_huber", "multi_output",
                                           "rmsprop_centered_momentum", "exponential_decay",
                                           "jax_nadam", "jax_adagrad", "jax_accumulation"),
                         [](const auto& run) { return std::string(run.param); });

TEST(NetworkFit, SaysWhereTheLossStoppedBeingFinite) {
  const GoldenRun run("sgd_mse");
  const keras::Network network = recompiled(
      run, [](Json& compile) { compile["optimizer"]["config"]["learning_rate"] = 1e30; });
  const auto result = fit_of(network, run, 3);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kBadData);
  EXPECT_THAT(result.error().message, HasSubstr("at epoch 0, step "));
  EXPECT_THAT(result.error().message, HasSubstr("the first tensor that is not is "));
}

struct Refusal {
  const char* what;
  const char* expected;
  std::function<void(Json&)> change;
};

TEST(NetworkFit, RefusesByNameWhatItDoesNotKnow) {
  const GoldenRun run("sgd_mse");
  const std::vector<Refusal> refusals = {
      {"optimizer", "Ftrl", [](Json& c) { c["optimizer"]["class_name"] = "Ftrl"; }},
      {"argument", "fused", [](Json& c) { c["optimizer"]["config"]["fused"] = true; }},
      {"schedule", "NoamDecay",
       [](Json& c) {
         c["optimizer"]["config"]["learning_rate"] = {{"class_name", "NoamDecay"}};
       }},
      {"loss", "my_loss", [](Json& c) { c["loss"] = "my_loss"; }},
      {"loss setting", "axis",
       [](Json& c) {
         c["loss"] = {{"class_name", "CosineSimilarity"}, {"config", {{"axis", 1}}}};
       }},
      {"metric", "MeanIoU",
       [](Json& c) {
         c["metrics"] = {{{"class_name", "MeanIoU"}}};
       }},
      {"a class that is no text", "not supported",
       [](Json& c) {
         c["loss"] = {{"class_name", 5}};
       }},
      {"a config that is a list", "config", [](Json& c) { c["optimizer"]["config"] = {1}; }},
      {"losses for other outputs", "does not fit",
       [](Json& c) {
         c["loss"] = {"mse", "mae"};
       }},
  };
  for (const Refusal& refusal : refusals) {
    const auto result = fit_of(recompiled(run, refusal.change), run, 1);
    ASSERT_FALSE(result) << refusal.what;
    EXPECT_EQ(result.error().code, ErrorCode::kBadData) << refusal.what;
    EXPECT_THAT(result.error().message, HasSubstr(refusal.expected));
  }
}

TEST(NetworkFit, NamesTheLayerThatCannotBeTrained) {
  const GoldenRun run("sgd_mse");
  Json config = run.json["model"];
  config["compile_config"] = run.json["compile"];
  config["config"]["layers"][1]["config"]["activity_regularizer"] = "l2";
  const auto network = keras::make_network(dump_json(config), "model.keras").value();
  const Status status = check_trainable(network);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("can be run but not trained"));
  EXPECT_THAT(status.error().where, HasSubstr("dense"));
}

TEST(NetworkFit, RefusesDataThatDoNotFit) {
  const GoldenRun run("adam_sparse_logits");
  const auto error_for = [&](const std::function<void(NetworkData&)>& spoil) {
    NetworkData data = run.data();
    spoil(data);
    const auto result = network_fit(run.network(), data, std::nullopt, {});
    EXPECT_FALSE(result);
    return result ? std::string() : to_string(result.error());
  };
  EXPECT_THAT(error_for([](NetworkData& d) { d.targets[0].data[3] = 7; }), HasSubstr("class"));
  EXPECT_THAT(error_for([](NetworkData& d) { d.inputs[0].data[0] = NAN; }), HasSubstr("row 0"));
  EXPECT_THAT(error_for([](NetworkData& d) { d.inputs[0].shape.push_back(1); }),
              HasSubstr("expected [?"));
  EXPECT_THAT(error_for([](NetworkData& d) { d.targets.clear(); }), HasSubstr("targets"));
}

TEST(NetworkFit, LeavesFrozenVariablesAndTheirStatisticsAlone) {
  const GoldenRun run("jax_shared_frozen");
  const keras::Network before = run.network();
  const auto after = fit_of(before, run, 2, 8).value().network;
  int frozen = 0;
  for (size_t i = 0; i < before.variables.size(); ++i) {
    const bool moves = before.variables[i].trainable ||
                       before.variables[i].name.starts_with("batch_normalization_1/");
    frozen += moves ? 0 : 1;
    EXPECT_EQ(after.variables[i].value == before.variables[i].value, !moves)
        << before.variables[i].name;
  }
  EXPECT_EQ(frozen, 6);  // A Dense layer's two, and a BatchNormalization's four.
}

TEST(NetworkFit, ShufflesTheSameWayForTheSameSeed) {
  const GoldenRun run("sgd_mse");
  const auto weights = [&](uint64_t seed) {
    FitOptions options;
    options.seed = seed;
    return network_fit(run.network(), run.data(), std::nullopt, options)
        .value()
        .network.variables[0]
        .value;
  };
  EXPECT_EQ(weights(3), weights(3));
  EXPECT_NE(weights(3), weights(4));
}

}  // namespace
}  // namespace thunderline::cerebros::train
