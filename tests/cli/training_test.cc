// build → train → convert → infer → evaluate.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "tests/cli/program.h"

namespace thunderline::testing {
namespace {

TEST(BuildCommand, WritesAModelOfTheAskedForForm) {
  const Program program;
  const Json document = program
                            .run({"build", "mlp", "--inputs", "4", "--hidden-dim", "8",
                                  "--num-layers", "2", "--dropout", "0.2", "--output", "m.keras",
                                  "--json"})
                            .json();
  EXPECT_EQ(document["output"], "m.keras");
  EXPECT_EQ(document["inputs"], 4);
  EXPECT_EQ(document["parameters"], 4 * 8 + 8 + 8 * 8 + 8 + 8 + 1);
  EXPECT_EQ(program.run({"models", "show", "m.keras", "--json"}).json()["parameters"],
            document["parameters"]);
}

TEST(BuildCommand, SaysWhichKindsAreBuilt) {
  const Program program;
  expect_json_error(program.run({"build", "attention", "--output", "m.keras", "--json"}), 2,
                    "invalid_argument");
  EXPECT_FALSE(program.exists("m.keras"));
}

TEST(TrainCommand, WritesKerasHistory) {
  const Program program;
  program.train_model();
  const Finished finished =
      program.run({"train", "m.keras", "--data", "d.npz", "--epochs", "4", "--validation-split",
                   "0.25", "--history", "h.json", "--output", "out.keras", "--json"});
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  const Json history = parse_json(program.read("h.json"), "h.json").value();
  for (const char* name : {"loss", "val_loss", "accuracy", "val_accuracy"}) {
    EXPECT_EQ(history[name].size(), 4u) << name;
  }
  EXPECT_EQ(history["epoch"], (Json{0, 1, 2, 3}));
  EXPECT_EQ(history["stopped_epoch"], 0);
  EXPECT_EQ(finished.json()["epochs"], 4);
  EXPECT_NE(finished.err.find("epoch 1/4"), std::string::npos) << finished.err;
}

TEST(TrainCommand, StopsEarlyAndReplacesTheModelWithoutOutput) {
  const Program program;
  program.train_model();
  const std::string before = program.read("m.keras");
  const Finished finished = program.run(
      {"train", "m.keras", "--data", "d.npz", "--epochs", "50", "--early-stopping",
       "patience=2,monitor=loss,min-delta=10,restore-best-weights", "--reduce-lr",
       "factor=0.5,patience=1,monitor=loss", "--class-weight", R"({"0":1,"1":2.5})", "--json"});
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(finished.json()["stopped_epoch"], 2);
  EXPECT_NE(program.read("m.keras"), before);
}

TEST(TrainCommand, TrainsAConvolutionalNetworkAndGoesOnFromItsArchive) {
  const Program program;
  const std::string model = THUNDERLINE_SOURCE_DIR "/tests/golden/keras_models/cnn_small.keras";
  const NpzArrays golden =
      read_npz(posix_file_system(),
               THUNDERLINE_SOURCE_DIR "/tests/golden/keras_models/cnn_small.npz")
          .value();
  ASSERT_TRUE(write_npz(posix_file_system(), program.path("cnn.npz"),
                        {{"x", golden.at("b2_in0")}, {"y", golden.at("b2_out0")}}));
  const auto train = [&](const std::string& from, const char* epochs, const std::string& to) {
    const Finished done = program.run({"train", from, "--data", "cnn.npz", "--epochs", epochs,
                                       "--no-shuffle", "--output", to, "--json"});
    EXPECT_EQ(done.exit_code, 0) << done.out << done.err;
    return done.json()["history"]["loss"].get<std::vector<double>>();
  };
  const std::vector<double> whole = train(model, "4", "whole.keras");
  ASSERT_EQ(whole.size(), 4u);
  train(model, "2", "half.keras");
  EXPECT_EQ(train("half.keras", "2", "rest.keras").back(), whole.back());
  EXPECT_EQ(program.run({"convert", "whole.keras", "--output", "whole.onnx"}).exit_code, 0);
}

TEST(TrainCommand, GivesTheSameWeightsForTheSameSeed) {
  const Program program;
  program.train_model();
  const auto weights_after = [&](const std::string& seed, const std::string& out) {
    const Finished trained = program.run(
        {"train", "m.keras", "--data", "d.npz", "--seed", seed, "--output", out + ".keras"});
    EXPECT_EQ(trained.exit_code, 0) << trained.err;
    return program.run({"infer", out + ".keras", "--input", "x.json"}).out;
  };
  program.write("x.json", R"({"features":[[0.1,0.2,0.3]],"x":[[0.1,0.2,0.3]]})");
  const std::string first = weights_after("5", "a");
  EXPECT_EQ(first, weights_after("5", "b"));
  EXPECT_NE(first, weights_after("6", "c"));
}

TEST(TrainCommand, CtrlCEndsItWithoutWriting) {
  const Program program;
  program.train_model();
  const std::string before = program.read("m.keras");
  const Finished finished =
      program.run({"train", "m.keras", "--data", "d.npz", "--epochs", "100000000", "--json"}, "",
                  "timeout --preserve-status -s INT 1");
  expect_json_error(finished, 130, "interrupted");
  EXPECT_EQ(program.read("m.keras"), before);
}

TEST(TrainCommand, WritesCurvesForTensorBoard) {
  const Program program;
  program.train_model();
  ASSERT_EQ(program.run({"train", "m.keras", "--data", "d.npz", "--validation-split", "0.5",
                         "--tensorboard", "logs"}).exit_code, 0);
  for (const char* name : {"logs/train", "logs/validation"}) {
    ASSERT_TRUE(program.exists(name));
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(program.path(name))) {
      files += entry.path().filename().string().find("tfevents") != std::string::npos ? 1 : 0;
      EXPECT_GT(entry.file_size(), 50u);
    }
    EXPECT_EQ(files, 1);
  }
}

TEST(TrainCommand, RejectsOptionsThatKerasDoesNotKnow) {
  const Program program;
  program.train_model();
  const auto train = [&](const std::string& flag, const std::string& value) {
    return program.run({"train", "m.keras", "--data", "d.npz", flag, value, "--json"});
  };
  expect_json_error(train("--early-stopping", "patienc=3"), 2, "invalid_argument");
  expect_json_error(train("--early-stopping", "patience=x"), 2, "invalid_argument");
  expect_json_error(train("--reduce-lr", "factor=0.5,factor=0.5"), 2, "invalid_argument");
  expect_json_error(train("--class-weight", "[1,2]"), 2, "invalid_argument");
  expect_json_error(train("--class-weight", R"({"a":1})"), 2, "invalid_argument");
}

TEST(RoundTrip, KerasAndOnnxAgree) {
  const Program program;
  program.train_model();
  ASSERT_EQ(program.run({"convert", "trained.keras", "--output-dir", "out"}).exit_code, 0);
  for (const std::string& model : {std::string("trained.keras"), std::string("out/trained.onnx")}) {
    const std::string output = model.ends_with("onnx") ? "onnx.npz" : "keras.npz";
    const NpzArrays data = read_npz(posix_file_system(), program.path("d.npz")).value();
    ASSERT_TRUE(write_npz(posix_file_system(), program.path("x.npz"), {{"x", data.at("x")}}));
    const Finished finished =
        program.run({"infer", model, "--input", "x.npz", "--output", output, "--json"});
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
    EXPECT_EQ(finished.json()["outputs"][0]["shape"], (Json{64, 1}));
  }
  const NpzArrays keras = read_npz(posix_file_system(), program.path("keras.npz")).value();
  const NpzArrays onnx = read_npz(posix_file_system(), program.path("onnx.npz")).value();
  ASSERT_EQ(keras.size(), 1u);
  ASSERT_EQ(keras.begin()->first, onnx.begin()->first);
  const std::vector<float> want = keras.begin()->second.to_floats();
  const std::vector<float> got = onnx.begin()->second.to_floats();
  ASSERT_EQ(want.size(), 64u);
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-5);

  const Json of_keras =
      program.run({"evaluate", "trained.keras", "--data", "d.npz", "--json"}).json();
  const Json of_onnx =
      program.run({"evaluate", "out/trained.onnx", "--data", "d.npz", "--json"}).json();
  for (const char* figure : {"loss", "accuracy", "auc", "brier", "mse", "mae"}) {
    ASSERT_TRUE(of_keras.contains(figure)) << figure;
    EXPECT_NEAR(of_keras[figure].get<double>(), of_onnx[figure].get<double>(), 1e-5) << figure;
  }
  EXPECT_EQ(of_onnx["rows"], 64);
}

TEST(EvaluateCommand, TakesTheSquaredErrorWhereThereAreNoClasses) {
  const Program program;
  program.train_model();
  NpzArrays data = read_npz(posix_file_system(), program.path("d.npz")).value();
  const std::vector<double> targets(64, 2.5);
  data["y"] = NpyArray::of(std::span<const double>(targets), {64});
  ASSERT_TRUE(write_npz(posix_file_system(), program.path("d.npz"), data));
  const Json figures = program.run({"evaluate", "trained.keras", "--data", "d.npz", "--json"}).json();
  EXPECT_EQ(figures["loss"], figures["mse"]);
  EXPECT_FALSE(figures.contains("auc"));
}

TEST(InferCommand, TakesAndGivesJson) {
  const Program program;
  program.train_model();
  program.write("x.json", R"({"features":[[1,2,3],[0.5,0,-1]]})");
  const Finished finished = program.run({"infer", "trained.keras", "--input", "x.json"});
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  const Json answer = finished.json();
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_EQ(answer.begin()->size(), 2u);
  ASSERT_EQ(program.run({"infer", "trained.keras", "--input", "x.json", "--output", "y.json"})
                .exit_code, 0);
  EXPECT_EQ(parse_json(program.read("y.json"), "y.json").value(), answer);
}

}  // namespace
}  // namespace thunderline::testing
