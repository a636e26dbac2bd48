#include <gtest/gtest.h>

#include "tests/cli/program.h"
#include "thunderline/base/clock.h"
#include "thunderline/base/file_system.h"
#include "thunderline/thunderchief/plan_desk.h"

namespace thunderline::testing {
namespace {

using thunderchief::PlanDesk;

/// A home in which the training of a model's first version is in its study.
void make_home(const Program& program) {
  const std::string home = program.path(".thunderline");
  ASSERT_TRUE(posix_file_system().create_folders(home));
  const SystemClock clock;
  auto desk = PlanDesk::open(home + "/state.db", clock, [](const auto&) { return Status{}; });
  ASSERT_TRUE(desk);
  thunderchief::TrainingGranted granted;
  granted.id = 1;
  granted.curriculum.model = "m";
  granted.curriculum.version = 1;
  granted.curriculum.reason = "600 rewards were seen";
  ASSERT_TRUE((*desk)->follow(granted));
  ASSERT_TRUE((*desk)->follow(thunderchief::TrainingStarted{1, 1, 5, 100}));
}

TEST(PlansCommand, ListsAndShowsPlansWithTheirStatesAndReasons) {
  const Program program;
  make_home(program);
  const Json plans = program.run({"plans", "list", "--json"}).json()["plans"];
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans[0]["id"], "m-1");
  EXPECT_EQ(plans[0]["state"], "running");
  EXPECT_EQ(plans[0]["why"], "600 rewards were seen");
  const Json shown = program.run({"plans", "show", "m-1", "--json"}).json();
  const Json& pipeline = shown["root"]["steps"][0]["steps"][0];
  const Json& nodes = pipeline["workflow"]["nodes"];
  ASSERT_EQ(nodes.size(), 7u);
  EXPECT_EQ(nodes[0]["state"], "done");
  EXPECT_EQ(nodes[2]["name"], "tpe");
  EXPECT_EQ(nodes[2]["state"], "running");
  EXPECT_EQ(nodes[3]["needs"], Json{"tpe"});
  const Finished text = program.run({"plans", "show", "m-1"});
  EXPECT_NE(text.out.find("tpe"), std::string::npos);
  EXPECT_NE(program.run({"plans", "list"}).out.find("600 rewards"), std::string::npos);
}

TEST(PlansCommand, CancelsAPlanOnce) {
  const Program program;
  make_home(program);
  EXPECT_EQ(program.run({"plans", "cancel", "m-1", "--json"}).json(),
            (Json{{"id", "m-1"}, {"cancel", "cancelled"}}));
  EXPECT_EQ(program.run({"plans", "list", "--json"}).json()["plans"][0]["state"], "cancelled");
  expect_json_error(program.run({"plans", "cancel", "m-1", "--json"}), 5, "refused");
}

TEST(PlansCommand, AsksTheRunThatHoldsTheHome) {
  const Program program;
  make_home(program);
  const auto lock = posix_file_system().lock(program.path(".thunderline/LOCK"));
  ASSERT_TRUE(lock);
  EXPECT_EQ(program.run({"plans", "cancel", "m-1", "--json"}).json()["cancel"], "requested");
  EXPECT_EQ(program.run({"plans", "list", "--json"}).json()["plans"][0]["state"], "running");
}

TEST(PlansCommand, NamesWhatIsNotThereAndMakesNothing) {
  const Program program;
  EXPECT_EQ(program.run({"plans", "list", "--json"}).json()["plans"], Json::array());
  expect_json_error(program.run({"plans", "show", "x", "--json"}), 4, "not_found");
  expect_json_error(program.run({"plans", "cancel", "x", "--json"}), 4, "not_found");
  EXPECT_FALSE(program.exists(".thunderline"));
  make_home(program);
  expect_json_error(program.run({"plans", "show", "x", "--json"}), 4, "not_found");
  expect_json_error(program.run({"plans", "cancel", "x", "--json"}), 4, "not_found");
}

TEST(PlansCommand, RefusesADatabaseOfSomethingElse) {
  const Program program;
  ASSERT_TRUE(posix_file_system().create_folders(program.path(".thunderline")));
  program.write(".thunderline/state.db", std::string(5000, 'x'));
  expect_json_error(program.run({"plans", "list", "--json"}), 3, "bad_data");
}

}  // namespace
}  // namespace thunderline::testing
