#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace thunderline::testing {
namespace {

TEST(ModelsCommand, DeploysListsShowsAndRollsBack) {
  const Program program;
  program.train_model();
  ASSERT_EQ(program.run({"convert", "m.keras", "trained.keras", "--output-dir", "out"}).exit_code, 0);
  EXPECT_EQ(program.run({"models", "list", "--json"}).json()["models"], Json::array());
  const auto deploy = [&](const std::string& model) {
    return program.run({"models", "deploy", model, "--name", "scorer", "--json"});
  };
  EXPECT_EQ(deploy("out/m.onnx").json(), (Json{{"name", "scorer"}, {"version", 1}}));
  EXPECT_EQ(deploy("out/trained.onnx").json()["version"], 2);
  const Json models = program.run({"models", "list", "--json"}).json()["models"];
  ASSERT_EQ(models.size(), 2u);
  EXPECT_EQ(models[0]["state"], "available");
  EXPECT_EQ(models[1]["state"], "current");
  EXPECT_EQ(program.run({"models", "show", "scorer", "--json"}).json()["version"], 2);
  EXPECT_EQ(program.run({"models", "show", "scorer/1", "--json"}).json()["version"], 1);
  EXPECT_EQ(program.run({"models", "rollback", "scorer", "--json"}).json()["version"], 1);
  EXPECT_EQ(program.run({"models", "show", "scorer", "--json"}).json()["version"], 1);
  expect_json_error(program.run({"models", "rollback", "scorer", "--json"}), 5, "refused");
  const Json entries = program.run({"audit", "show", "--json"}).json()["entries"];
  ASSERT_EQ(entries.size(), 4u);
  const char* const acts[] = {"deploy", "deploy", "rollback", "refuse"};
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(entries[i]["what"], acts[i]);
  EXPECT_EQ(entries[2]["before"], "scorer/2");
  EXPECT_EQ(entries[2]["after"], "scorer/1");
}

TEST(ModelsCommand, AModelThatIsRefusedChangesNothing) {
  const Program program;
  program.write("bad.onnx", "no protobuf");
  expect_json_error(program.run({"models", "deploy", "bad.onnx", "--name", "s", "--json"}), 3,
                    "bad_data");
  EXPECT_EQ(program.run({"models", "list", "--json"}).json()["models"], Json::array());
}

TEST(ModelsCommand, NamesWhatIsNotThere) {
  const Program program;
  expect_json_error(program.run({"models", "show", "nothing", "--json"}), 4, "not_found");
  expect_json_error(program.run({"models", "rollback", "nothing", "--json"}), 4, "not_found");
  expect_json_error(program.run({"models", "verify", "nothing.onnx", "--json"}), 4, "not_found");
  expect_json_error(program.run({"models", "show", "../x", "--json"}), 2, "invalid_argument");
  EXPECT_FALSE(program.exists(".thunderline"));
}

TEST(ModelsCommand, VerifySaysWhatAModelIs) {
  const Program program;
  program.train_model();
  ASSERT_EQ(program.run({"convert", "m.keras", "--output", "m.onnx"}).exit_code, 0);
  const Json facts = program.run({"models", "verify", "m.onnx", "--json"}).json();
  EXPECT_EQ(facts["opset"], 17);
  EXPECT_EQ(facts["deployable"], true);
  EXPECT_EQ(facts["inputs"][0]["shape"], (Json{-1, 3}));
}

}  // namespace
}  // namespace thunderline::testing
