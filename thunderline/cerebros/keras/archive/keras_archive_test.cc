#include "thunderline/cerebros/keras/archive/keras_archive.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/keras_models.h"
#include "tests/support/temp_folder.h"
#include "thunderline/base/json_util.h"
#include "thunderline/base/npz.h"
#include "thunderline/cerebros/keras/archive/hdf5_reader.h"
#include "thunderline/cerebros/keras/archive/zip_file.h"
#include "thunderline/cerebros/keras/forward.h"

namespace thunderline::cerebros::keras {
namespace {

using testing::random_mlp;
using testing::trained_mlp;

const std::string kGolden = std::string(THUNDERLINE_SOURCE_DIR) + "/tests/golden/keras/";

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

Result<Model> golden(const std::string& name, const ReadOptions& options = {}) {
  return load_keras(posix_file_system(), kGolden + name + ".keras", options);
}

std::string golden_bytes(const std::string& name) {
  return read_file(posix_file_system(), kGolden + name + ".keras").value();
}

/// The largest error of `forward`, relative to the largest value.
double deviation(const Model& model, const NpyArray& x, const NpyArray& y) {
  const std::vector<float> got = forward(model, x.to_floats(), x.shape[0]).value();
  const std::vector<float> want = y.to_floats();
  EXPECT_EQ(got.size(), want.size());
  double worst = 0;
  double scale = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(got[i]) - want[i]));
    scale = std::max(scale, std::abs(static_cast<double>(want[i])));
  }
  return worst / scale;
}

/// An archive whose config.json went through `change`.
template <typename Change>
std::string changed_archive(const std::string& archive, Change change) {
  auto entries = read_zip(archive, "x").value();
  Json config = parse_json(entries[1].data, "x").value();
  change(config);
  entries[1].data = dump_json(config);
  return zip_bytes(entries).value();
}

/// What reading says of the trained MLP after `change`, as one line.
template <typename Change>
std::string complaint(Change change, const ReadOptions& options = {}) {
  const std::string archive = changed_archive(keras_bytes(trained_mlp()).value(), change);
  const auto model = parse_keras(bytes(archive), "m.keras", options);
  if (model) return "";
  EXPECT_EQ(model.error().code, ErrorCode::kBadData);
  return to_string(model.error());
}

Json& layer(Json& config, size_t index) { return config["config"]["layers"][index]["config"]; }

TEST(KerasArchive, ReadsTheGoldenScoringMlpAndPredictsWhatKerasPredicted) {
  const Model model = golden("scoring_mlp").value();
  EXPECT_EQ(model.layers.size(), 6u);
  EXPECT_EQ(model.parameter_count(), 6849);
  EXPECT_EQ(model.output_name(), "score");
  EXPECT_EQ(std::get<Dropout>(model.layers[2]), (Dropout{"dropout", 0.2, std::nullopt}));
  ASSERT_TRUE(model.compile);
  EXPECT_EQ(model.compile->optimizer, (Adam{0.003000000026077032, 0.9, 0.999, 1e-7}));
  EXPECT_EQ(model.compile->loss, Loss::kBinaryCrossentropy);
  EXPECT_EQ(model.compile->metrics, (std::vector<std::string>{"accuracy", "mae"}));
  EXPECT_EQ(model.optimizer_state.iterations, 4);
  EXPECT_EQ(model.optimizer_state.velocity.size(), 6u);
  const auto arrays = read_npz(posix_file_system(), kGolden + "scoring_mlp.npz").value();
  for (const std::string batch : {"b0", "b1", "b2"}) {
    EXPECT_LE(deviation(model, arrays.at(batch + "_in0"), arrays.at(batch + "_out0")), 1e-5)
        << batch;
  }
}

TEST(KerasArchive, ReadsEveryActivationAndFunctionalChains) {
  for (const char* name : {"activations", "functional_chain"}) {
    const auto model = golden(name);
    ASSERT_TRUE(model) << to_string(model.error());
    const auto arrays = read_npz(posix_file_system(), kGolden + name + ".npz").value();
    EXPECT_LE(deviation(*model, arrays.at("x"), arrays.at("y")), 1e-5) << name;
    EXPECT_FALSE(model->compile);
  }
  const Model chain = golden("functional_chain").value();
  EXPECT_EQ(chain.output_name(), "second");
  EXPECT_EQ(std::get<Dropout>(chain.layers[2]), (Dropout{"drop", 0.25, 3}));
}

TEST(KerasArchive, RoundTripsModelsBitForBit) {
  Model plain = random_mlp();
  std::get<Dense>(plain.layers[1]).use_bias = false;
  std::get<Dense>(plain.layers[1]).bias = {};
  Model compiled = random_mlp();
  compiled.compile = CompileConfig{};
  for (const Model& model : {plain, compiled, trained_mlp(), golden("scoring_mlp").value()}) {
    const auto back = parse_keras(bytes(keras_bytes(model).value()), "m.keras");
    ASSERT_TRUE(back) << to_string(back.error());
    EXPECT_EQ(*back, model);
  }
}

TEST(KerasArchive, SavesAndLoadsFiles) {
  const testing::TempFolder folder;
  const Model model = trained_mlp();
  ASSERT_TRUE(save_keras(posix_file_system(), folder.path("m.keras"), model));
  EXPECT_EQ(load_keras(posix_file_system(), folder.path("m.keras")).value(), model);
  EXPECT_EQ(load_keras(posix_file_system(), folder.path("n.keras")).error().code,
            ErrorCode::kNotFound);
}

TEST(KerasArchive, WritesTheSameBytesForTheSameModelAndDate) {
  EXPECT_EQ(keras_bytes(trained_mlp()).value(), keras_bytes(trained_mlp()).value());
  const auto entries =
      read_zip(keras_bytes(trained_mlp(), {1'795'462'867'999}).value(), "x").value();
  const char* metadata = R"({"keras_version":"3.15.1","date_saved":"2026-11-23@19:41:07"})";
  EXPECT_EQ(entries[0], (ZipEntry{"metadata.json", metadata}));
}

/// Object ids mean nothing and the learning rate went through a float32: all else must be equal.
void drop_object_ids(Json& json) {
  if (json.is_object()) json.erase("shared_object_id");
  for (Json& child : json) {
    if (child.is_structured()) drop_object_ids(child);
  }
}

TEST(KerasArchive, WritesTheConfigAndTheWeightTreeThatKerasWrites) {
  const auto theirs = read_zip(golden_bytes("scoring_mlp"), "x").value();
  const auto ours = read_zip(keras_bytes(golden("scoring_mlp").value()).value(), "x").value();
  ASSERT_EQ(ours.size(), 3u);
  Json want = parse_json(theirs[1].data, "x").value();
  drop_object_ids(want);
  EXPECT_EQ(parse_json(ours[1].data, "x").value(), want);

  const auto their_tree = Hdf5Reader::open(bytes(theirs[2].data), "x").value();
  const auto our_tree = Hdf5Reader::open(bytes(ours[2].data), "x").value();
  EXPECT_EQ(our_tree.paths(), their_tree.paths());
  for (const std::string& path : our_tree.paths()) {
    EXPECT_EQ(our_tree.attribute(path, "name").value(), their_tree.attribute(path, "name").value())
        << path;
  }
}

TEST(KerasArchive, RefusesToWriteAnInvalidModel) {
  Model model = random_mlp();
  std::get<Dense>(model.layers[1]).units = 4;
  EXPECT_EQ(keras_bytes(model).error().code, ErrorCode::kInvalidArgument);
}

TEST(KerasArchive, RefusesUnknownLayersByName) {
  const Error error = golden("lstm_stack").error();
  EXPECT_EQ(error.code, ErrorCode::kBadData);
  EXPECT_EQ(error.message, "layer class \"Embedding\" is not supported");
  EXPECT_TRUE(error.where.ends_with("lstm_stack.keras: config.json: layers[1] \"embedding\""))
      << error.where;
  EXPECT_EQ(error.hint, "supported: InputLayer, Dense, Dropout");
}

TEST(KerasArchive, RefusesWhatAModelCannotHold) {
  EXPECT_EQ(golden("functional_branch").error().code, ErrorCode::kBadData);
  EXPECT_EQ(golden("dense_no_bias").error().message, "input shape [null,5,12] is not supported");
  EXPECT_EQ(golden("mlp_tf.keras-2.15.0").error().message,
            "archives of Keras 2.15.0 are not supported");
  EXPECT_EQ(complaint([](Json& json) { json["class_name"] = "Custom"; }),
            "model class \"Custom\" is not supported (m.keras: config.json); "
            "supported: Sequential, and Functional chains");
  EXPECT_EQ(complaint([](Json& json) { json["config"]["layers"][1]["module"] = "mine"; }),
            "layer class \"mine.Dense\" is not supported "
            "(m.keras: config.json: layers[1] \"hidden\"); supported: InputLayer, Dense, Dropout");
}

TEST(KerasArchive, NamesTheSettingThatIsWrong) {
  const std::string place = " (m.keras: config.json: layers[3] \"score\")";
  EXPECT_EQ(complaint([](Json& json) { layer(json, 3)["units"] = -4; }),
            "units must be > 0, got -4" + place);
  EXPECT_EQ(complaint([](Json& json) { layer(json, 3)["activation"] = "mish"; }),
            "activation \"mish\" is not supported" + place +
                "; supported: linear, relu, gelu, silu, sigmoid, tanh");
  EXPECT_EQ(complaint([](Json& json) { layer(json, 3)["lora_rank"] = 4; }),
            "lora_rank 4 is not supported" + place);
  EXPECT_EQ(complaint([](Json& json) { layer(json, 3)["dtype"] = "float16"; }),
            "dtype \"float16\" is not supported" + place + "; supported: float32");
  EXPECT_NE(complaint([](Json& json) { layer(json, 2)["rate"] = 1.5; }), "");
  EXPECT_NE(complaint([](Json& json) { layer(json, 2)["seed"] = "x"; }), "");
  EXPECT_NE(complaint([](Json& json) { layer(json, 0)["batch_shape"] = {nullptr, -1}; }), "");
  EXPECT_NE(complaint([](Json& json) { layer(json, 0)["batch_shape"] = {4, 6}; }), "");
  EXPECT_NE(complaint([](Json& json) { layer(json, 0).erase("batch_shape"); }), "");
  EXPECT_NE(complaint([](Json& json) { layer(json, 1)["name"] = "score"; }), "");
  EXPECT_NE(complaint([](Json& json) { layer(json, 1) = 3; }), "");
  EXPECT_NE(complaint([](Json& json) { json["config"]["layers"] = Json::array(); }), "");
  EXPECT_NE(complaint([](Json& json) { json = Json::array(); }), "");
}

TEST(KerasArchive, TakesKerassDefaultsForMissingSettings) {
  EXPECT_EQ(complaint([](Json& json) {
              for (const char* key : {"dtype", "trainable", "kernel_initializer",
                                      "kernel_regularizer"}) {
                layer(json, 1).erase(key);
              }
              layer(json, 1)["a_new_setting"] = nullptr;
              json["compile_config"].erase("metrics");
            }), "");
}

TEST(KerasArchive, RefusesTrainingSettingsUnlessOnlyPredictionsAreWanted) {
  const auto regularised = [](Json& json) {
    layer(json, 1)["kernel_regularizer"] = {{"class_name", "L2"}};
    layer(json, 3)["trainable"] = false;
    json["compile_config"]["optimizer"]["class_name"] = "SGD";
  };
  EXPECT_NE(complaint(regularised), "");
  EXPECT_EQ(complaint(regularised, {.for_inference = true}), "");
  const auto optimizer = [](Json& json) -> Json& { return json["compile_config"]["optimizer"]; };
  EXPECT_EQ(complaint([&](Json& json) { optimizer(json)["class_name"] = "SGD"; }),
            "optimizer \"SGD\" is not supported (m.keras: config.json: compile_config.optimizer); "
            "supported: Adam; predictions and conversion to ONNX do without it; training on is not "
            "possible here");
  EXPECT_NE(complaint([&](Json& json) { optimizer(json)["config"]["amsgrad"] = true; }), "");
  EXPECT_NE(complaint([](Json& json) { json["compile_config"]["metrics"] = {"auc"}; }), "");
  EXPECT_NE(complaint([](Json& json) { json["compile_config"]["loss"] = "hinge"; }), "");
}

TEST(KerasArchive, ReadsLossObjectsWithDefaultSettingsOnly) {
  const auto with_smoothing = [](double smoothing) {
    return [smoothing](Json& json) {
      json["compile_config"]["loss"] = {
          {"class_name", "BinaryCrossentropy"},
          {"config",
           {{"name", "bce"}, {"from_logits", false}, {"label_smoothing", smoothing},
            {"axis", -1}}}};
    };
  };
  EXPECT_EQ(complaint(with_smoothing(0.0)), "");
  EXPECT_NE(complaint(with_smoothing(0.1)), "");
}

TEST(KerasArchive, NoticesWeightsThatDoNotFit) {
  EXPECT_EQ(complaint([](Json& json) { layer(json, 3)["units"] = 3; }),
            "expected shape [5, 3], got [5, 2] (m.keras: model.weights.h5: layers/dense_1/vars/0)");
  EXPECT_EQ(complaint([](Json& json) { layer(json, 3)["name"] = "other"; }),
            "expected the weights of layer \"other\", got those of \"score\" "
            "(m.keras: model.weights.h5: layers/dense_1/vars)");
  EXPECT_NE(complaint([](Json& json) { layer(json, 3)["use_bias"] = false; }), "");
  EXPECT_NE(complaint([](Json& json) {
              Json copy = json["config"]["layers"][3];
              copy["config"]["name"] = "third";
              json["config"]["layers"].push_back(copy);
            }), "");
}

TEST(KerasArchive, SaysWhichEntryIsMissing) {
  auto entries = read_zip(keras_bytes(random_mlp()).value(), "x").value();
  entries.pop_back();
  EXPECT_EQ(parse_keras(bytes(zip_bytes(entries).value()), "m").error().message,
            "not a .keras archive: it has no model.weights.h5");
  EXPECT_EQ(parse_keras(bytes("\x89HDF\r\n"), "m").error().message,
            "a model in the old HDF5 format is not supported");
}

TEST(KerasArchive, SurvivesEveryCutAndChangedByte) {
  const std::string archive = keras_bytes(trained_mlp()).value();
  for (size_t size = 0; size < archive.size(); size += 97) {
    EXPECT_FALSE(parse_keras(bytes(archive.substr(0, size)), "m")) << size;
  }
  for (size_t at = 0; at < archive.size(); at += 7) {
    std::string changed = archive;
    changed[at] = static_cast<char>(changed[at] ^ (1 << at % 8));
    const auto model = parse_keras(bytes(changed), "m");
    // Taken only where the zip has slack: dates, attributes.
    EXPECT_TRUE(!model || *model == trained_mlp()) << at;
  }
}

TEST(KerasArchive, SurvivesChangedConfigsAndWeights) {
  const auto entries = read_zip(keras_bytes(trained_mlp()).value(), "x").value();
  Random random(17);
  for (int round = 0; round < 2000; ++round) {
    auto changed = entries;
    std::string& data = changed[1 + round % 2].data;
    data[random.below(data.size())] = static_cast<char>(random.below(256));
    const auto model = parse_keras(bytes(zip_bytes(changed).value()), "m");
    EXPECT_TRUE(!model || validate(*model)) << round;
  }
}

}  // namespace
}  // namespace thunderline::cerebros::keras
