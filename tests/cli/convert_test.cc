#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cli/program.h"

namespace thunderline::testing {
namespace {

TEST(ConvertCommand, GoesOnAfterAFileThatFailsAndLeavesNothingOfIt) {
  const Program program;
  program.train_model();
  std::filesystem::create_directory(program.path("in"));
  std::filesystem::copy(program.path("m.keras"), program.path("in/good.keras"));
  program.write("in/bad.keras", "no archive");
  const Finished finished = program.run({"convert", "in", "--output-dir", "out", "--json"});
  EXPECT_EQ(finished.exit_code, 3) << finished.err;
  const Json files = finished.json()["files"];
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0]["error"]["code"], "bad_data");
  EXPECT_LT(files[1]["max_error"].get<double>(), 1e-4);
  EXPECT_TRUE(program.exists("out/good.onnx"));
  EXPECT_TRUE(program.exists("out/good.json"));
  EXPECT_FALSE(program.exists("out/bad.onnx"));
  EXPECT_FALSE(program.exists("out/bad.json"));
}

TEST(ConvertCommand, PrintsOneRowAFile) {
  const Program program;
  program.train_model();
  const Finished finished =
      program.run({"convert", "m.keras", "trained.keras", "--output-dir", "out"});
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_NE(finished.out.find("m.keras"), std::string::npos);
  EXPECT_NE(finished.out.find("trained.keras"), std::string::npos);
  EXPECT_EQ(finished.out.find('\033'), std::string::npos);
}

TEST(ConvertCommand, ExitsWithTheFirstFailure) {
  const Program program;
  program.write("bad.keras", "");
  EXPECT_EQ(program.run({"convert", "missing.keras", "bad.keras", "--output-dir", "o"}).exit_code, 4);
  EXPECT_EQ(program.run({"convert", "bad.keras", "missing.keras", "--output-dir", "o"}).exit_code, 3);
}

TEST(ConvertCommand, RefusesWhatItCannotDo) {
  const Program program;
  program.train_model();
  const auto convert = [&](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"convert", "m.keras"});
    return program.run(flags).exit_code;
  };
  EXPECT_EQ(convert({}), 2);
  EXPECT_EQ(convert({"--output", "a.onnx", "--output-dir", "b"}), 2);
  EXPECT_EQ(convert({"m.keras", "--output-dir", "b"}), 2);
  EXPECT_EQ(convert({"--output-dir", "b", "--opset", "3"}), 2);
  EXPECT_EQ(convert({"--output-dir", "b", "--max-seq-length", "9"}), 2);
  EXPECT_EQ(convert({"--output-dir", "b", "--to", "keras"}), 2);
  EXPECT_EQ(convert({"--output", "a.onnx", "--opset", "15"}), 0);
  EXPECT_TRUE(program.exists("a.json"));
}

}  // namespace
}  // namespace thunderline::testing
