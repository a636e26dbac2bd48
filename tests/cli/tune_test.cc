#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/cli/program.h"

namespace thunderline::testing {
namespace {

constexpr const char* kSpace = R"([{"name":"x","type":"float","low":-2,"high":2},
  {"name":"name","type":"categorical","choices":["it's","plain"]}])";

Json without_study(Json document) {
  document.erase("study");
  return document;
}

TEST(TuneCommand, MinimisesACommand) {
  const Program program;
  program.write("space.json", kSpace);
  const std::vector<std::string> tune = {
      "tune", "--space", "space.json", "--command",
      R"(test "$PARAM_name" = {name} && awk "BEGIN{print \"noise\"; print ({x}-1)*({x}-1)}")",
      "--trials", "15", "--seed", "3", "--json", "--quiet"};
  const Finished finished = program.run(tune);
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  const Json document = finished.json();
  EXPECT_EQ(document["direction"], "minimize");
  ASSERT_EQ(document["trials"].size(), 15u);
  for (const Json& trial : document["trials"]) {
    EXPECT_EQ(trial["state"], "complete");
    const double x = trial["params"]["x"];
    EXPECT_NEAR(trial["value"].get<double>(), (x - 1) * (x - 1), 1e-3);
    EXPECT_GE(trial["value"], document["best"]["value"]);
  }
  EXPECT_EQ(without_study(program.run(tune).json()), without_study(document));
}

TEST(TuneCommand, TrainsModels) {
  const Program program;
  program.write_data("d.npz");
  program.write("space.json", R"([{"name":"hidden_dim","type":"int","low":2,"high":8},
                                  {"name":"activation","type":"categorical","choices":["relu"]}])");
  const Finished finished =
      program.run({"tune", "--space", "space.json", "--data", "d.npz", "--model", "mlp",
                   "--trials", "3", "--epochs", "2", "--seed", "1", "--json", "--study", "s"});
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(finished.json()["study"], "s");
  EXPECT_EQ(finished.json()["trials"].size(), 3u);
  EXPECT_GT(finished.json()["best"]["value"].get<double>(), 0);
}

TEST(TuneCommand, PrunesByReports) {
  const Program program;
  program.write("space.json", R"([{"name":"x","type":"int","low":0,"high":100}])");
  const Finished finished = program.run(
      {"tune", "--space", "space.json", "--command",
       R"(echo report 0 {x}; sleep 0.2; echo {x})", "--trials", "12", "--seed", "1",
       "--sampler", "random", "--pruner", "median,n-startup-trials=2", "--json"});
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  int pruned = 0;
  const Json trials = finished.json()["trials"];
  for (const Json& trial : trials) pruned += trial["state"] == "pruned" ? 1 : 0;
  EXPECT_GT(pruned, 0);
  EXPECT_LT(pruned, 12);
}

TEST(TuneCommand, TrialsThatFailAreCountedAndAllOfThemAreAnError) {
  const Program program;
  program.write("space.json", kSpace);
  const Finished finished = program.run({"tune", "--space", "space.json", "--command",
                                         "echo no number", "--trials", "2", "--json"});
  EXPECT_EQ(finished.exit_code, 6);
  EXPECT_EQ(finished.json()["best"], nullptr);
  EXPECT_EQ(finished.json()["trials"][1]["state"], "fail");
  EXPECT_NE(finished.err.find("no number"), std::string::npos) << finished.err;
}

TEST(TuneCommand, CtrlCEndsTheCommandThatRuns) {
  const Program program;
  program.write("space.json", kSpace);
  const Finished finished =
      program.run({"tune", "--space", "space.json", "--command", "sleep 60; echo 1", "--trials",
                   "1", "--json"},
                  "", "timeout --preserve-status -s INT 1");
  expect_json_error(finished, 130, "interrupted");
}

TEST(TuneCommand, DuplicatesAreNotRunAgain) {
  const Program program;
  program.write("space.json", R"([{"name":"x","type":"int","low":0,"high":1}])");
  const Finished finished =
      program.run({"tune", "--space", "space.json", "--command", "echo {x} | tee -a runs",
                   "--trials", "8", "--no-duplicates", "--json"});
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_LE(program.read("runs").size(), 4u);
}

TEST(TuneCommand, GoesOnWithTheSameCommand) {
  const Program program;
  program.write("space.json", kSpace);
  const auto tune = [&](const std::string& trials, const std::string& study) {
    return program.run({"tune", "--space", "space.json", "--command", "echo {x} | tee -a runs",
                        "--trials", trials, "--seed", "3", "--study", study, "--json", "--quiet"});
  };
  ASSERT_EQ(tune("4", "s").exit_code, 0);
  const Finished longer = tune("7", "s");
  ASSERT_EQ(longer.exit_code, 0) << longer.err;
  EXPECT_EQ(longer.json()["trials"].size(), 7u);
  const std::string runs = program.read("runs");
  EXPECT_EQ(std::count(runs.begin(), runs.end(), '\n'), 7);
  ASSERT_EQ(tune("7", "s").exit_code, 0);
  EXPECT_EQ(program.read("runs"), runs);
  // No start-up point comes twice.
  std::set<double> points;
  const Json trials = longer.json()["trials"];
  for (const Json& trial : trials) points.insert(trial["params"]["x"].get<double>());
  EXPECT_EQ(points.size(), 7u);
  EXPECT_TRUE(program.exists(".thunderline/studies.db"));

  const Finished other_seed =
      program.run({"tune", "--space", "space.json", "--command", "echo 1", "--trials", "9", "--seed",
                   "4", "--study", "s", "--json"});
  expect_json_error(other_seed, 5, "refused");
}

TEST(TuneCommand, RefusesWhatItDoesNotKnow) {
  const Program program;
  program.write("space.json", kSpace);
  const auto tune = [&](const std::string& flag, const std::string& value) {
    return program.run({"tune", "--space", "space.json", "--command", "echo 1", "--trials", "1",
                        flag, value, "--json"});
  };
  expect_json_error(tune("--storage", "mysql://x"), 2, "invalid_argument");
  expect_json_error(tune("--pruner", "sometimes"), 2, "invalid_argument");
  expect_json_error(tune("--pruner", "threshold"), 2, "invalid_argument");
  expect_json_error(tune("--pruner", "patient,patience=-1"), 2, "invalid_argument");
  expect_json_error(tune("--pruner", "median,percentile=3"), 2, "invalid_argument");
  expect_json_error(tune("--seed", "4294967296"), 2, "invalid_argument");
  expect_json_error(tune("--data", "d.npz"), 2, "invalid_argument");
}

}  // namespace
}  // namespace thunderline::testing
