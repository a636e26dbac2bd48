// What is SQLite's own: foreign and broken files, other processes, files that Optuna wrote.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"
#include "thunderline/base/sqlite.h"
#include "thunderline/cerebros/tpe/storage/open_storage.h"
#include "thunderline/cerebros/tpe/study.h"

namespace thunderline::cerebros::tpe {
namespace {

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class SqliteStudies : public ::testing::Test {
 protected:
  Result<std::shared_ptr<StudyStorage>> open(const std::string& name, bool create = true) {
    return open_storage("sqlite:///" + folder_.path(name), clock_, create);
  }

  std::string example(const std::string& name) {
    const std::string path = folder_.path(name);
    std::filesystem::copy_file(std::string(THUNDERLINE_SOURCE_DIR) + "/tests/golden/tpe/" + name, path);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }

  testing::TempFolder folder_;
  testing::FakeClock clock_;
};

TEST_F(SqliteStudies, ReadWhatOptunaWrote) {
  for (const char* name : {"example_optuna_v5.db", "example_optuna_v310.db"}) {
    example(name);
    const auto storage = open(name).value();
    const StudyRecord record = storage->find_study("example").value();
    EXPECT_EQ(record.direction, Direction::kMaximize);
    EXPECT_EQ(record.user_attributes.at("owner"), "\"golden\"");
    const std::vector<TrialPtr> trials = storage->trials(record.id).value();
    ASSERT_EQ(trials.size(), 9u);
    EXPECT_EQ(trials[0]->value, 0.5);
    EXPECT_EQ(trials[0]->find("activation")->value, ParamValue("relu"));
    EXPECT_EQ(trials[0]->find("hidden_dim")->value, ParamValue(int64_t{256}));
    EXPECT_EQ(trials[0]->user_attributes.at("note"), R"({"a": [1, 2.5, null, true]})");
    EXPECT_EQ(trials[0]->started.substr(0, 10), "2026-11-23");
    EXPECT_EQ(trials[5]->state, TrialState::kPruned);
    EXPECT_TRUE(std::isnan(trials[5]->intermediate_values.at(1)));
    EXPECT_EQ(trials[6]->state, TrialState::kFail);
    EXPECT_EQ(trials[7]->state, TrialState::kRunning);
    EXPECT_EQ(*find_param(trials[7]->fixed_params, "activation"), ParamValue("gelu"));
    EXPECT_EQ(trials[8]->state, TrialState::kWaiting);
  }
}

TEST_F(SqliteStudies, GoOnWithWhatOptunaWrote) {
  example("example_optuna_v5.db");
  const auto storage = open("example_optuna_v5.db").value();
  const SearchSpace space = SearchSpace::parse(
      R"([{"name":"learning_rate","type":"float","low":1e-5,"high":1e-2,"log":true},
          {"name":"hidden_dim","type":"int","low":32,"high":256,"step":32}])", "space").value();
  const auto study = Study::open({.name = "example", .storage = storage}).value();
  const Trial waiting = study->ask(space).value();
  EXPECT_EQ(waiting.number(), 8);
  EXPECT_EQ(storage->trial(study->storage_id(), 8).value()->find("learning_rate")->value,
            ParamValue(0.002));
  ASSERT_TRUE(study->tell(8, 0.9));
  EXPECT_EQ(study->ask(space).value().number(), 9);
  EXPECT_EQ(study->best_trial().value()->number, 8);
}

TEST_F(SqliteStudies, SeeWhatAnotherConnectionDoes) {
  const auto first = open("s.db").value();
  const auto second = open("s.db").value();
  const int64_t id = first->create_study("s", Direction::kMinimize).value().id;
  ASSERT_TRUE(first->add_waiting_trial(id, {{"x", 1.0}}));
  ASSERT_EQ(second->trials(id).value().size(), 1u);
  EXPECT_NE(first->claim_waiting_trial(id).value(), nullptr);
  EXPECT_EQ(second->claim_waiting_trial(id).value(), nullptr);
  ASSERT_TRUE(first->finish_trial(id, 0, TrialState::kComplete, 1.0));
  EXPECT_EQ(second->finish_trial(id, 0, TrialState::kComplete, 2.0).error().code,
            ErrorCode::kRefused);
  ASSERT_TRUE(first->delete_study(id));
  ASSERT_TRUE(first->create_study("other", Direction::kMinimize));  // SQLite gives it the same id
  EXPECT_TRUE(second->trials(id).value().empty());
}

TEST_F(SqliteStudies, DrawNoPointTwiceWhenSeveralWorkersStartAtOnce) {
  const SearchSpace space =
      SearchSpace::parse(R"([{"name":"x","type":"float","low":0,"high":1}])", "space").value();
  const auto first = open("s.db").value();
  const auto second = open("s.db").value();
  ASSERT_TRUE(first->create_study("s", Direction::kMinimize));
  const auto one = Study::open({.name = "s", .storage = first}).value();
  const auto two = Study::open({.name = "s", .storage = second}).value();
  std::set<ParamValue> seen;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(one->ask(space));
    ASSERT_TRUE(two->ask(space));
  }
  const std::vector<TrialPtr> trials = one->trials().value();
  for (const TrialPtr& trial : trials) seen.insert(trial->find("x")->value);
  EXPECT_EQ(seen.size(), 8u);
}

TEST_F(SqliteStudies, RefuseStudiesWithSeveralObjectivesButShowThem) {
  const auto storage = open("s.db").value();
  const int64_t id = storage->create_study("s", Direction::kMinimize).value().id;
  Database db = Database::open(folder_.path("s.db")).value();
  ASSERT_TRUE(db.execute(
      "INSERT INTO study_directions(direction,study_id,objective) VALUES('MAXIMIZE',1,1);"
      "INSERT INTO trials VALUES(1,0,1,'COMPLETE',NULL,NULL);"
      "INSERT INTO trial_values VALUES(1,1,0,0.5,'FINITE'),(2,1,1,NULL,'INF_POS')"));
  EXPECT_EQ(storage->find_study("s").value().directions.size(), 2u);
  EXPECT_EQ(storage->trial(id, 0).value()->objective_values.size(), 2u);
  EXPECT_EQ(Study::open({.name = "s", .storage = storage}).error().code, ErrorCode::kRefused);
}

TEST_F(SqliteStudies, RefuseForeignFilesAndLeaveThemAsTheyAre) {
  std::ofstream(folder_.path("text.db")) << std::string(5000, 'x');
  {
    Database other = Database::open_untouched(folder_.path("other.db"), true).value();
    ASSERT_TRUE(other.execute("CREATE TABLE cats(name TEXT); INSERT INTO cats VALUES('Tom')"));
  }
  const std::string old = example("example_optuna_v5.db");
  {
    Database db = Database::open_untouched(old, false).value();
    ASSERT_TRUE(db.execute("UPDATE alembic_version SET version_num='v9.0.0.a'"));
  }
  for (const char* name : {"text.db", "other.db", "example_optuna_v5.db"}) {
    const std::string before = content(folder_.path(name));
    EXPECT_EQ(open(name).error().code, ErrorCode::kBadData) << name;
    EXPECT_EQ(content(folder_.path(name)), before) << name;
  }
  EXPECT_NE(open("example_optuna_v5.db").error().message.find("v9.0.0.a"), std::string::npos);
}

TEST_F(SqliteStudies, SayWhatIsWrongWithAPath) {
  EXPECT_EQ(open("missing.db", false).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(open("no/such/folder.db").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(open("").error().code, ErrorCode::kBadData);
  EXPECT_EQ(open_storage("mysql://x", clock_, true).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(SqliteStudies, WriteNothingHalfWhenTheDiskIsFull) {
  const auto storage = open("s.db").value();
  const int64_t id = storage->create_study("s", Direction::kMinimize).value().id;
  ASSERT_TRUE(storage->add_running_trial(id));
  Status written;
  // The largest file that the process may write stands for a full disk.
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  struct rlimit tight = before;
  tight.rlim_cur = std::filesystem::file_size(folder_.path("s.db")) + 100'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  for (int i = 0; i < 100 && written; ++i) {
    written = storage->set_trial_attribute(id, 0, AttributeOwner::kUser, std::to_string(i),
                                           '"' + std::string(19'998, 'x') + '"');
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, old_handler);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kUnavailable);
  const TrialPtr trial = open("s.db").value()->trial(id, 0).value();
  for (const auto& [key, json] : trial->user_attributes) EXPECT_EQ(json.size(), 20'000u);
  EXPECT_TRUE(storage->finish_trial(id, 0, TrialState::kComplete, 1.0));
}

}  // namespace
}  // namespace thunderline::cerebros::tpe
