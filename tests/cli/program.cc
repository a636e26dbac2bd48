#include "tests/cli/program.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "thunderline/base/random.h"

namespace thunderline::testing {
namespace {

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

}  // namespace

Json Finished::json() const {
  auto document = parse_json(out, "stdout");
  if (!document) {
    ADD_FAILURE() << "no JSON: " << out << err;
    return nullptr;
  }
  return *std::move(document);
}

Finished Program::run(const std::vector<std::string>& arguments, const std::string& input,
                      const std::string& environment) const {
  write("stdin", input);
  std::string command = "cd " + quoted(folder_.path()) + " && " + environment + " " +
                        quoted(THUNDERLINE_PROGRAM);
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  command += " <stdin >stdout 2>stderr";
  const int status = std::system(command.c_str());
  Finished finished;
  if (WIFEXITED(status)) finished.exit_code = WEXITSTATUS(status);
  finished.out = read("stdout");
  finished.err = read("stderr");
  return finished;
}

void Program::write(const std::string& name, const std::string& content) const {
  std::ofstream(path(name), std::ios::binary) << content;
}

std::string Program::read(const std::string& name) const {
  std::ostringstream text;
  text << std::ifstream(path(name), std::ios::binary).rdbuf();
  return text.str();
}

bool Program::exists(const std::string& name) const { return std::filesystem::exists(path(name)); }

void Program::write_data(const std::string& name, int64_t rows) const {
  Random random(7);
  std::vector<float> x;
  std::vector<float> y;
  for (int64_t row = 0; row < rows; ++row) {
    for (int i = 0; i < 3; ++i) x.push_back(static_cast<float>(random.normal()));
    y.push_back(x[x.size() - 3] > x[x.size() - 2] ? 1.0f : 0.0f);
  }
  const NpzArrays arrays = {{"x", NpyArray::of(std::span<const float>(x), {rows, 3})},
                            {"y", NpyArray::of(std::span<const float>(y), {rows, 1})}};
  ASSERT_TRUE(write_npz(posix_file_system(), path(name), arrays));
}

void Program::train_model() const {
  write_data("d.npz");
  const Finished built = run({"build", "mlp", "--inputs", "3", "--hidden-dim", "8", "--num-layers",
                              "1", "--output", "m.keras"});
  ASSERT_EQ(built.exit_code, 0) << built.err;
  const Finished trained = run({"train", "m.keras", "--data", "d.npz", "--epochs", "3", "--output",
                                "trained.keras", "--quiet"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
}

void expect_json_error(const Finished& finished, int exit_code, const std::string& code) {
  EXPECT_EQ(finished.exit_code, exit_code) << finished.out << finished.err;
  EXPECT_NE(finished.err.find("error: "), std::string::npos) << finished.err;
  const Json document = finished.json();
  ASSERT_TRUE(document.contains("error")) << finished.out;
  const Json& error = document["error"];
  EXPECT_EQ(error.value("code", ""), code) << finished.out;
  EXPECT_FALSE(error.value("message", "").empty());
  EXPECT_TRUE(error.contains("where"));
  EXPECT_TRUE(error.contains("hint"));
}

}  // namespace thunderline::testing
