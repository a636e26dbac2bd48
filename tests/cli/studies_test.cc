#include <gtest/gtest.h>

#include <set>

#include "tests/cli/program.h"

namespace thunderline::testing {
namespace {

constexpr const char* kSpace = R"([{"name":"x","type":"float","low":-2,"high":2},
                                   {"name":"act","type":"categorical","choices":["a",null]}])";

class StudiesCommand : public ::testing::Test {
 protected:
  StudiesCommand() { program_.write("space.json", kSpace); }

  Finished studies(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "studies");
    arguments.push_back("--json");
    return program_.run(arguments);
  }

  Json ok(std::vector<std::string> arguments) const {
    const Finished finished = studies(std::move(arguments));
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    return finished.json();
  }

  Program program_;
};

TEST_F(StudiesCommand, AskAndTellAStudy) {
  EXPECT_TRUE(ok({"list"})["studies"].empty());
  EXPECT_EQ(ok({"create", "s", "--direction", "maximize", "--seed", "7"})["seed"], 7);
  const Json first = ok({"ask", "s", "--space", "space.json"});
  EXPECT_EQ(first["number"], 0);
  EXPECT_EQ(first["params"].size(), 2u);
  EXPECT_EQ(ok({"report", "s", "0", "1", "0.5"})["prune"], false);
  EXPECT_EQ(ok({"tell", "s", "0", "-1.5"})["state"], "complete");
  ok({"ask", "s", "--space", "space.json"});
  EXPECT_EQ(ok({"tell", "s", "1", "--state", "fail"})["value"], nullptr);
  ok({"ask", "s", "--space", "space.json"});
  ok({"report", "s", "2", "0", "0.25"});
  EXPECT_EQ(ok({"tell", "s", "2", "--state", "pruned"})["value"], 0.25);

  const Json best = ok({"best", "s"});
  EXPECT_EQ(best["number"], 0);
  EXPECT_EQ(best["value"], -1.5);
  EXPECT_EQ(best["params"], first["params"]);
  const Json shown = ok({"show", "s"});
  EXPECT_EQ(shown["direction"], "maximize");
  EXPECT_EQ(shown["trials"].size(), 3u);
  EXPECT_EQ(shown["importances"].size(), 2u);
  EXPECT_EQ(ok({"list"})["studies"][0]["states"]["pruned"], 1);
  const Json exported = ok({"export", "s"});
  EXPECT_EQ(exported["trials"][0]["intermediate_values"]["1"], 0.5);
  EXPECT_EQ(exported["trials"][0]["distributions"]["x"]["name"], "FloatDistribution");
  EXPECT_EQ(ok({"delete", "s"})["deleted"], "s");
  expect_json_error(studies({"show", "s"}), 4, "not_found");
}

TEST_F(StudiesCommand, HandOutQueuedTrialsFirst) {
  ok({"create", "s"});
  program_.write("one.json", R"({"x": 1})");
  program_.write("two.json", R"([{"x": 0.5, "act": null}, {"act": "a"}])");
  EXPECT_EQ(ok({"enqueue", "s", "one.json"})["number"], 0);
  EXPECT_EQ(ok({"enqueue", "s", "two.json"})["numbers"], Json({1, 2}));
  EXPECT_EQ(ok({"ask", "s", "--space", "space.json"})["params"]["x"], 1.0);
  const Json second = ok({"ask", "s", "--space", "space.json"});
  EXPECT_EQ(second["params"]["x"], 0.5);
  EXPECT_EQ(second["params"]["act"], nullptr);
  EXPECT_EQ(ok({"ask", "s", "--space", "space.json"})["params"]["act"], "a");
}

TEST_F(StudiesCommand, AskForNoPointTwice) {
  ok({"create", "s", "--seed", "1"});
  std::set<double> points;
  for (int i = 0; i < 8; ++i) {
    points.insert(ok({"ask", "s", "--space", "space.json"})["params"]["x"].get<double>());
  }
  EXPECT_EQ(points.size(), 8u);
}

TEST_F(StudiesCommand, UseTheStudysPruner) {
  ok({"create", "s", "--pruner", "threshold,upper=1"});
  ok({"ask", "s", "--space", "space.json"});
  EXPECT_EQ(ok({"report", "s", "0", "0", "0.5"})["prune"], false);
  EXPECT_EQ(ok({"report", "s", "0", "1", "1.5"})["prune"], true);
}

TEST_F(StudiesCommand, SayWhatIsWrong) {
  expect_json_error(studies({"show", "s"}), 4, "not_found");
  ok({"create", "s"});
  expect_json_error(studies({"create", "s"}), 5, "refused");
  expect_json_error(studies({"create", "t", "--pruner", "never"}), 2, "invalid_argument");
  expect_json_error(studies({"best", "s"}), 4, "not_found");
  expect_json_error(studies({"tell", "s", "0", "1"}), 4, "not_found");
  ok({"ask", "s", "--space", "space.json"});
  expect_json_error(studies({"tell", "s", "0"}), 2, "invalid_argument");
  expect_json_error(studies({"tell", "s", "0", "much"}), 2, "invalid_argument");
  expect_json_error(studies({"tell", "s", "0", "nan"}), 2, "invalid_argument");
  ok({"tell", "s", "0", "1"});
  expect_json_error(studies({"tell", "s", "0", "2"}), 5, "refused");
  expect_json_error(studies({"report", "s", "0", "0", "2"}), 5, "refused");
  program_.write("list.json", "[1]");
  expect_json_error(studies({"enqueue", "s", "list.json"}), 3, "bad_data");
  program_.write("text.db", std::string(4096, 'x'));
  expect_json_error(studies({"list", "--storage", "sqlite:///text.db"}), 3, "bad_data");
  EXPECT_EQ(program_.read("text.db"), std::string(4096, 'x'));
}

TEST_F(StudiesCommand, AreSharedWithWorkers) {
  ok({"create", "s", "--seed", "3"});
  const Finished worker = program_.run(
      {"worker", "--storage", "sqlite:///.thunderline/studies.db", "--study", "s", "--space",
       "space.json", "--command", "echo {x}", "--trials", "3", "--jobs", "2", "--json"});
  ASSERT_EQ(worker.exit_code, 0) << worker.err;
  EXPECT_EQ(worker.json()["ran"], 3);
  EXPECT_EQ(ok({"show", "s"})["trials"].size(), 3u);
  const Finished none = program_.run({"worker", "--storage", "sqlite:///.thunderline/studies.db",
                                      "--study", "s", "--space", "space.json", "--command", "echo 1",
                                      "--json"});
  expect_json_error(none, 2, "invalid_argument");
}

}  // namespace
}  // namespace thunderline::testing
