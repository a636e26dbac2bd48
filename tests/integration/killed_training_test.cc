// kill -9 at each stage of a training: the next run goes on with the same request and the finished
// trials, and ends as a run that was never killed, its models bit for bit. THUNDERLINE_LONG=1: 20
// kills a stage instead of 3.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"
#include "thunderline/base/file_system.h"
#include "thunderline/base/json_util.h"
#include "thunderline/base/random.h"
#include "thunderline/base/sqlite.h"

namespace thunderline {
namespace {

using testing::ChildProcess;
using testing::TempFolder;

constexpr int kTrials = 5;

int kills_a_stage() { return std::getenv("THUNDERLINE_LONG") != nullptr ? 20 : 3; }

std::vector<std::string> run_command(const std::string& home, const std::string& report) {
  return {THUNDERLINE_BINARY,
          "run",
          "--home",
          home,
          "--quiet",
          "--exit-when-done",
          "--no-web",
          "--limit",
          "1500",
          "--set",
          "training.trials=" + std::to_string(kTrials),
          "--report",
          report};
}

/// One number of the home's state.db, or -1 where it has none yet.
int64_t ask_state(const std::string& home, const std::string& query) {
  const std::string path = home + "/state.db";
  if (!posix_file_system().exists(path)) return -1;
  auto db = Database::open_untouched(path, false);
  if (!db) return -1;
  auto statement = db->prepare(query);
  if (!statement) return -1;
  const auto row = statement->step();
  return row && *row ? statement->integer(0) : -1;
}

/// A stage of a training, and how to see in state.db that a run is in it.
struct Stage {
  const char* name;
  std::string query;
};

/// The newest request is at `phase`, and `trials` of its trials are kept.
std::string at_phase(int phase, const std::string& trials) {
  return "SELECT json_extract(row, '$.phase') = " + std::to_string(phase) +
         " AND (SELECT COUNT(*) FROM training_trial WHERE version = json_extract(row, "
         "'$.version')) " +
         trials + " FROM orchestrator_request ORDER BY CAST(key AS INTEGER) DESC LIMIT 1";
}

std::vector<Stage> stages() {
  return {{"tpe", at_phase(0, "BETWEEN 1 AND " + std::to_string(kTrials - 1))},
          {"train", at_phase(0, ">= " + std::to_string(kTrials - 1))},
          {"evaluate", at_phase(1, ">= 0")},
          {"export", at_phase(2, ">= 0")},
          {"deploy", at_phase(3, ">= 0")}};
}

Json comparable(const std::string& path) {
  const auto text = read_file(posix_file_system(), path);
  Json report = text ? parse_json(*text, path).value_or(Json()) : Json();
  report.erase("run_id");
  report.erase("seconds");
  return report;
}

/// The stored models' files by version.
std::map<int, std::string> models_of(const std::string& home) {
  std::map<int, std::string> models;
  for (int version = 1; version <= 9; ++version) {
    const auto model = read_file(posix_file_system(), home + "/models/agent_scoring/" +
                                                          std::to_string(version) + "/model.onnx");
    if (model) models[version] = *model;
  }
  return models;
}

class KilledTraining : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    whole_ = std::make_unique<TempFolder>();
    ASSERT_EQ(ChildProcess(run_command(whole_->path("home"), whole_->path("r.json"))).wait(), 0);
  }
  static void TearDownTestSuite() { whole_.reset(); }

  /// Runs until the home is in the stage or the run ends; true when it was killed.
  static bool kill_in(const Stage& stage, const std::string& home, const std::string& report,
                      Random& random) {
    ChildProcess child(run_command(home, report));
    // What an earlier run left in the home is not the stage of this one, unless it is gone on with:
    // then the kill comes a little later.
    int exit = 0;
    const bool left = ask_state(home, stage.query) == 1;
    if (left && child.wait_for(static_cast<int>(200 + random.below(200)), exit)) return false;
    while (ask_state(home, stage.query) != 1) {
      if (child.wait_for(0, exit)) {
        EXPECT_EQ(exit, 0);
        return false;
      }
    }
    child.send(SIGKILL);
    return child.wait() == -SIGKILL;
  }

  static std::unique_ptr<TempFolder> whole_;
};

std::unique_ptr<TempFolder> KilledTraining::whole_;

TEST_F(KilledTraining, AtAnyStageGoesOnAndEndsBitEqual) {
  const uint64_t seed = entropy_seed();
  std::printf("seed of the kills: %llu\n", static_cast<unsigned long long>(seed));
  Random random(seed);
  for (const Stage& stage : stages()) {
    TempFolder folder;
    int kills = 0;
    for (int runs = 0; kills < kills_a_stage() && runs < 4 * kills_a_stage(); ++runs) {
      if (kill_in(stage, folder.path("home"), folder.path("r.json"), random)) {
        ++kills;
      } else {
        ASSERT_TRUE(posix_file_system().remove_tree(folder.path("home")));
      }
    }
    EXPECT_EQ(kills, kills_a_stage()) << stage.name;
    ASSERT_EQ(ChildProcess(run_command(folder.path("home"), folder.path("r.json"))).wait(), 0)
        << stage.name;
    EXPECT_EQ(comparable(folder.path("r.json")), comparable(whole_->path("r.json"))) << stage.name;
    EXPECT_EQ(models_of(folder.path("home")), models_of(whole_->path("home"))) << stage.name;
    EXPECT_EQ(ask_state(folder.path("home"), "SELECT COUNT(*) FROM orchestrator_request"),
              ask_state(whole_->path("home"), "SELECT COUNT(*) FROM orchestrator_request"))
        << stage.name << ": the same requests went on";
    EXPECT_EQ(ask_state(folder.path("home"),
                        "SELECT COUNT(*) FROM orchestrator_request "
                        "WHERE json_extract(row, '$.phase') <> 4"),
              0)
        << stage.name;
  }
}

TEST_F(KilledTraining, CancelledFromOutsideItEndsAtOnceAndTheRunGoesOn) {
  TempFolder folder;
  const std::string home = folder.path("home");
  std::vector<std::string> command = run_command(home, folder.path("r.json"));
  *std::find(command.begin(), command.end(), "training.trials=5") = "training.trials=100000";
  ChildProcess child(command);
  int exit = 0;
  const auto kept = [&] {
    return ask_state(home, "SELECT COUNT(*) FROM training_trial WHERE version = 1");
  };
  while (kept() < 1) ASSERT_FALSE(child.wait_for(5, exit));
  ASSERT_EQ(ChildProcess({THUNDERLINE_BINARY, "plans", "cancel", "agent_scoring-1", "--home", home})
                .wait(),
            0);
  const char* const second = "SELECT COUNT(*) FROM training_trial WHERE version = 2";
  while (ask_state(home, second) < 1) ASSERT_FALSE(child.wait_for(5, exit));
  EXPECT_EQ(ask_state(home,
                      "SELECT json_extract(row, '$.phase') FROM orchestrator_request "
                      "ORDER BY CAST(key AS INTEGER) LIMIT 1"),
            7);
  EXPECT_LT(kept(), 100000);
}

/// The rows of the kept trials, as text.
std::vector<std::string> trials_in(const std::string& home) {
  std::vector<std::string> rows;
  auto db = Database::open_untouched(home + "/state.db", false);
  if (!db) return rows;
  auto statement = db->prepare(
      "SELECT version, number, params, val_loss FROM training_trial "
      "ORDER BY version, number");
  while (statement && statement->step().value_or(false)) {
    rows.push_back(statement->text(0) + " " + statement->text(1) + " " + statement->text(2) + " " +
                   statement->text(3));
  }
  return rows;
}

TEST_F(KilledTraining, KeepsItsFinishedTrials) {
  TempFolder folder;
  Random random(entropy_seed());
  const std::string home = folder.path("home");
  while (!kill_in(stages()[0], home, folder.path("r.json"), random)) {
    ASSERT_TRUE(posix_file_system().remove_tree(home));
  }
  // A trial's value that no training gives: it is there in the end only if nobody trained it again.
  {
    auto db = Database::open(home + "/state.db");
    ASSERT_TRUE(db && db->execute("UPDATE training_trial SET epochs = 1000 WHERE version = "
                                  "(SELECT MAX(version) FROM training_trial)"));
  }
  const auto count = [&] {
    return ask_state(home, "SELECT COUNT(*) FROM training_trial WHERE epochs = 1000");
  };
  const int64_t kept = count();
  ASSERT_GE(kept, 1);
  ASSERT_EQ(ChildProcess(run_command(home, folder.path("r.json"))).wait(), 0);
  EXPECT_EQ(count(), kept);
  EXPECT_EQ(trials_in(home), trials_in(whole_->path("home")));
}

}  // namespace
}  // namespace thunderline
