// Whatever a file holds, a command ends with an error of its own and never by a signal.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/cli/program.h"

namespace thunderline::testing {
namespace {

TEST(BadInput, EmptyAndCutFilesAreBadData) {
  const Program program;
  program.train_model();
  ASSERT_EQ(program.run({"convert", "trained.keras", "--output", "m.onnx"}).exit_code, 0);
  program.write("x.npz", program.read("d.npz"));
  const auto run_with = [&](const std::string& keras, const std::string& onnx,
                            const std::string& data) {
    expect_json_error(program.run({"train", keras, "--data", data, "--output", "o", "--json"}), 3,
                      "bad_data");
    expect_json_error(program.run({"evaluate", onnx, "--data", data, "--json"}), 3, "bad_data");
    expect_json_error(program.run({"infer", onnx, "--input", data, "--json"}), 3, "bad_data");
  };
  program.write("empty.keras", "");
  program.write("empty.onnx", "");
  program.write("empty.npz", "");
  run_with("empty.keras", "m.onnx", "empty.npz");
  run_with("empty.keras", "empty.onnx", "d.npz");
  program.write("cut.keras", program.read("trained.keras").substr(0, 500));
  program.write("cut.onnx", program.read("m.onnx").substr(0, 200));
  program.write("cut.npz", program.read("d.npz").substr(0, 300));
  run_with("cut.keras", "m.onnx", "cut.npz");
  run_with("cut.keras", "cut.onnx", "d.npz");
}

TEST(BadInput, AModelThatWasNeverCompiledSaysSoBeforeAnyDataAreRead) {
  const Program program;
  const std::string model = THUNDERLINE_SOURCE_DIR "/tests/golden/keras_models/gru_variants.keras";
  const auto trained = program.run({"train", model, "--data", "no.npz", "--json"});
  expect_json_error(trained, 3, "bad_data");
  EXPECT_THAT(trained.out, ::testing::HasSubstr("never compiled"));
  EXPECT_EQ(program.run({"convert", model, "--output", "m.onnx"}).exit_code, 0);
}

TEST(BadInput, MissingFilesAreNotFound) {
  const Program program;
  expect_json_error(program.run({"train", "no.keras", "--data", "no.npz", "--json"}), 4, "not_found");
  expect_json_error(program.run({"infer", "no.onnx", "--input", "no.npz", "--json"}), 4, "not_found");
  expect_json_error(program.run({"evaluate", "no.keras", "--data", "no.npz", "--json"}), 4,
                    "not_found");
  expect_json_error(program.run({"trajectories", "import", "no.jsonl", "--json"}), 4, "not_found");
  expect_json_error(
      program.run({"tune", "--space", "no.json", "--command", "x", "--trials", "1", "--json"}), 4,
      "not_found");
}

TEST(BadInput, NumbersOutOfRangeAreErrorsOfUse) {
  const Program program;
  const auto build = [&](const std::string& flag, const std::string& value) {
    return program.run({"build", "mlp", flag, value, "--output", "m.keras", "--json"});
  };
  for (const char* value : {"0", "-1", "99999999999999999999", "many", "1.5", ""}) {
    expect_json_error(build("--inputs", value), 2, "invalid_argument");
  }
  expect_json_error(build("--dropout", "1"), 2, "invalid_argument");
  expect_json_error(build("--dropout", "nan"), 2, "invalid_argument");
  expect_json_error(build("--learning-rate", "inf"), 2, "invalid_argument");
  expect_json_error(build("--num-layers", "1000"), 2, "invalid_argument");
  expect_json_error(build("--activation", "wow"), 2, "invalid_argument");
  for (const char* seed : {"-3", "18446744073709551616", "1e3", "0x10", ""}) {
    expect_json_error(build("--seed", seed), 2, "invalid_argument");
  }
  EXPECT_FALSE(program.exists("m.keras"));
}

TEST(BadInput, DataThatDoNotFitTheModelSayWhy) {
  const Program program;
  program.train_model();
  const std::vector<float> numbers(64 * 4, 0.5f);
  const std::span<const float> values(numbers);
  const auto train_on = [&](const NpzArrays& arrays) {
    EXPECT_TRUE(write_npz(posix_file_system(), program.path("bad.npz"), arrays));
    const Finished finished =
        program.run({"train", "m.keras", "--data", "bad.npz", "--output", "o.keras", "--json"});
    expect_json_error(finished, 3, "bad_data");
    return finished.err;
  };
  const NpyArray y = NpyArray::of(values.first(64), {64, 1});
  EXPECT_NE(train_on({{"x", NpyArray::of(values, {64, 4})}, {"y", y}}).find("expected [?, 3]"),
            std::string::npos);
  EXPECT_NE(train_on({{"x", NpyArray::of(values.first(30), {10, 3})}, {"y", y}}).find("64 rows"),
            std::string::npos);
  EXPECT_NE(train_on({{"y", y}}).find("no array \"x\""), std::string::npos);
  EXPECT_NE(train_on({}).find("no array"), std::string::npos);
  std::vector<float> holed(192, 0.5f);
  holed[7] = std::numeric_limits<float>::quiet_NaN();
  train_on({{"x", NpyArray::of(std::span<const float>(holed), {64, 3})}, {"y", y}});
  EXPECT_FALSE(program.exists("o.keras"));
}

TEST(BadInput, JsonOfAnotherFormIsBadData) {
  const Program program;
  program.train_model();
  for (const char* text :
       {"", "[", "[]", "{}", "null", R"({"features":"x"})", R"({"features":[[1,2],[1]]})",
        R"({"features":[[1,2,1e300]]})", R"({"features":[["a","b","c"]]})", R"({"features":[1,[2]]})",
        R"({"other":[[1,2,3]]})", R"({"features":null})"}) {
    program.write("x.json", text);
    expect_json_error(program.run({"infer", "trained.keras", "--input", "x.json", "--json"}), 3,
                      "bad_data");
  }
  program.write("x.json", R"({"features":[[1,2]]})");
  expect_json_error(program.run({"infer", "trained.keras", "--input", "x.json", "--json"}), 2,
                    "invalid_argument");
  program.write("x.json", "{\"features\":" + std::string(5000, '[') + std::string(5000, ']') + "}");
  EXPECT_EQ(program.run({"infer", "trained.keras", "--input", "x.json"}).exit_code, 3);
}

TEST(BadInput, AModelOfAnotherKindIsAnErrorOfUse) {
  const Program program;
  program.write("model.bin", "x");
  expect_json_error(program.run({"infer", "model.bin", "--input", "x.npz", "--json"}), 2,
                    "invalid_argument");
}

TEST(BadInput, AFolderThatCannotBeWrittenIsUnavailable) {
  const Program program;
  // A file in the place of a folder stops root as well.
  program.write("file", "x");
  const Finished built = program.run({"build", "mlp", "--output", "file/m.keras", "--json"});
  expect_json_error(built, 6, "unavailable");
  const Finished imported =
      program.run({"trajectories", "import", "-", "--home", "file/home", "--json"}, "");
  expect_json_error(imported, 6, "unavailable");
}

TEST(BadInput, SpacesThatMeanNothingAreErrors) {
  const Program program;
  for (const char* text : {"", "{}", "[1]", R"([{"name":"x"}])",
                           R"([{"name":"x","type":"float","low":"a","high":1}])"}) {
    program.write("space.json", text);
    expect_json_error(program.run({"tune", "--space", "space.json", "--command", "echo 1",
                                   "--trials", "1", "--json"}), 3, "bad_data");
  }
}

}  // namespace
}  // namespace thunderline::testing
