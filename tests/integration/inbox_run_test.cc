// The main job as a user runs it: the real binary on the real corpus, shortened to 1,500 mails and
// 5 trials a training. The whole replay over ten seeds is bench/inbox.

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"
#include "thunderline/base/file_system.h"
#include "thunderline/base/json_util.h"
#include "thunderline/base/random.h"
#include "thunderline/thunderbolt/training/log_trajectory_logger.h"

namespace thunderline {
namespace {

using testing::ChildProcess;
using testing::TempFolder;

std::vector<std::string> run_command(const std::string& home, const std::string& report,
                                     std::vector<std::string> more = {}) {
  std::vector<std::string> command = {THUNDERLINE_BINARY, "run",     "--home",
                                      home,               "--quiet", "--exit-when-done",
                                      "--no-web",         "--limit", "1500",
                                      "--set",            "training.trials=5"};
  if (!report.empty()) command.insert(command.end(), {"--report", report});
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

Json read_report(const std::string& path) {
  const auto text = read_file(posix_file_system(), path);
  if (!text) return {};
  return parse_json(*text, path).value_or(Json());
}

/// The report without what must differ between two runs: the run's id and the time it took.
Json comparable(Json report) {
  report.erase("run_id");
  report.erase("seconds");
  return report;
}

/// How often each decision step stands in the log.
std::multiset<std::string> logged_steps(const std::string& home) {
  std::multiset<std::string> ids;
  const SystemClock clock;
  thunderbolt::LogTrajectoryOptions options;
  options.folder = home + "/log";
  options.read_only = true;
  auto log = thunderbolt::LogTrajectoryLogger::open(posix_file_system(), clock, options);
  if (!log) return ids;
  thunderbolt::ReplayOptions steps;
  steps.kinds = {thunderbolt::RecordKind::kStep};
  const Status read = (*log)->replay(steps, [&](uint64_t, const thunderbolt::LogRecord& record) {
    ids.insert(std::get<thunderbolt::Step>(record).episode);
    return Status{};
  });
  EXPECT_TRUE(read);
  return ids;
}

TEST(InboxRun, EndsWithAReportOfTheContractsShape) {
  const TempFolder folder;
  ASSERT_EQ(ChildProcess(run_command(folder.path("home"), folder.path("r.json"))).wait(), 0);
  const Json report = read_report(folder.path("r.json"));
  for (const char* key :
       {"world", "seed", "run_id", "events", "decisions", "forced", "steps_logged", "ticks",
        "reward", "baseline", "references", "uplift_tail", "quality_tail", "skipped", "models",
        "degradation", "observables", "seconds"}) {
    EXPECT_TRUE(report.contains(key)) << key;
  }
  EXPECT_EQ(report["events"], 1500);
  EXPECT_EQ(report["steps_logged"], 1500);
  EXPECT_EQ(report["decisions"].get<int>() + report["forced"].get<int>(), 1500);
  EXPECT_GE(report["models"].size(), 1u);
  EXPECT_EQ(report["models"][0]["version"], 1);
  // Seed 42: the first model is far better than the heuristic (z above 3 with 25 trials as with 5).
  EXPECT_EQ(report["models"][0]["decision"], "deployed");
  EXPECT_GT(report["uplift_tail"]["mean"].get<double>(), 0.0);
  // `run` prints "deployed, " or "refused, " before it.
  EXPECT_TRUE(report["models"][0]["reason"].get<std::string>().starts_with("the challenger "));
}

TEST(InboxRun, DecidesTheSameWhateverTheNumberOfJobs) {
  const TempFolder folder;
  ASSERT_EQ(ChildProcess(run_command(folder.path("a"), folder.path("a.json"), {"--jobs", "1"}))
                .wait(), 0);
  ASSERT_EQ(ChildProcess(run_command(folder.path("b"), folder.path("b.json"), {"--jobs", "4"}))
                .wait(), 0);
  EXPECT_EQ(comparable(read_report(folder.path("a.json"))),
            comparable(read_report(folder.path("b.json"))));
  FileSystem& files = posix_file_system();
  const std::string model = "/models/agent_scoring/1/model.onnx";
  const auto a = read_file(files, folder.path("a") + model);
  ASSERT_TRUE(a);
  EXPECT_EQ(*a, read_file(files, folder.path("b") + model).value());
}

TEST(InboxRun, GoesOnAfterBeingKilledAndEndsAsIfItHadNotBeen) {
  const TempFolder folder;
  ASSERT_EQ(ChildProcess(run_command(folder.path("whole"), folder.path("whole.json"))).wait(), 0);

  const uint64_t seed = entropy_seed();
  std::printf("seed of the kills: %llu\n", static_cast<unsigned long long>(seed));
  Random random(seed);
  const auto command = run_command(folder.path("home"), folder.path("r.json"));
  int kills = 0;
  for (bool ended = false; !ended && kills < 20;) {
    ChildProcess child(command);
    int exit = 0;
    ended = child.wait_for(static_cast<int>(100 + random.below(700)), exit);
    if (ended) {
      ASSERT_EQ(exit, 0);
    } else {
      child.send(SIGKILL);
      ASSERT_EQ(child.wait(), -SIGKILL);
      ++kills;
    }
  }
  EXPECT_GT(kills, 0);
  ASSERT_EQ(ChildProcess(command).wait(), 0);
  EXPECT_EQ(comparable(read_report(folder.path("r.json"))),
            comparable(read_report(folder.path("whole.json"))));
  const std::multiset<std::string> steps = logged_steps(folder.path("home"));
  EXPECT_EQ(steps.size(), 1500u);
  EXPECT_EQ(std::set<std::string>(steps.begin(), steps.end()).size(), 1500u);
}

TEST(InboxRun, StopsOnAnInterruptAndGoesOnLater) {
  const TempFolder folder;
  const auto command = run_command(folder.path("home"), folder.path("r.json"));
  ChildProcess child(command);
  int exit = 0;
  ASSERT_FALSE(child.wait_for(1200, exit)) << "ended before it could be interrupted";
  child.send(SIGINT);
  EXPECT_EQ(child.wait(), 130);
  EXPECT_EQ(ChildProcess(command).wait(), 0);
  EXPECT_EQ(read_report(folder.path("r.json"))["steps_logged"], 1500);
}

/// 300 mails at a given rate, with trainings that the world does not wait for.
std::vector<std::string> run_at_rate(const std::string& home, const std::string& rate) {
  return {THUNDERLINE_BINARY, "run",     "--home",
          home,               "--json",  "--quiet",
          "--exit-when-done", "--no-web", "--limit", "300",
          "--rate",           rate,      "--set",
          "training.first=100", "--set", "training.hold_out=50",
          "--set",            "training.trials=2"};
}

void expect_each_event_once(const std::string& home, const Json& report) {
  EXPECT_EQ(report.value("events", 0), 300);
  EXPECT_EQ(report.value("steps_logged", 0), 300);
  EXPECT_EQ(report.value("decisions", 0) + report.value("forced", 0), 300);
  const std::multiset<std::string> steps = logged_steps(home);
  EXPECT_EQ(steps.size(), 300u);
  EXPECT_EQ(std::set<std::string>(steps.begin(), steps.end()).size(), 300u);
}

TEST(InboxRunAtARate, EndsWithEachEventReportedOnce) {
  const TempFolder folder;
  const std::string out = folder.path("out");
  ASSERT_EQ(ChildProcess(run_at_rate(folder.path("home"), "2000"), out).wait(), 0);
  expect_each_event_once(folder.path("home"), read_report(out));
}

TEST(InboxRunAtARate, EndsOnAnInterruptAndGoesOnLater) {
  const TempFolder folder;
  const std::string out = folder.path("out");
  const std::string home = folder.path("home");
  // A tick in ten seconds: the run cannot end before it is interrupted, nor wait for its tick then.
  ChildProcess child(run_at_rate(home, "0.1"), out);
  int exit = 0;
  ASSERT_FALSE(child.wait_for(1000, exit)) << "ended with " << exit;
  child.send(SIGINT);
  EXPECT_EQ(child.wait(), 130);
  EXPECT_EQ(read_report(out)["error"].value("code", ""), "interrupted");
  ASSERT_EQ(ChildProcess(run_at_rate(home, "2000"), out).wait(), 0);
  expect_each_event_once(home, read_report(out));
}

TEST(InboxRun, RefusesAHomeOfOtherSettingsUnlessItIsPutAside) {
  const TempFolder folder;
  const std::string home = folder.path("home");
  const std::vector<std::string> command = {THUNDERLINE_BINARY, "run",     "--home", home,
                                            "--quiet",          "--no-web", "--limit", "300"};
  ASSERT_EQ(ChildProcess(command).wait(), 0);
  std::vector<std::string> other = command;
  other.insert(other.end(), {"--seed", "7"});
  EXPECT_EQ(ChildProcess(other).wait(), 5);
  other.push_back("--fresh");
  EXPECT_EQ(ChildProcess(other).wait(), 0);
  EXPECT_EQ(posix_file_system().list(home + "/archive").value().size(), 1u);
}

TEST(InboxRun, ReportsAMissingCorpusAndBadSettingsByTheirExitCodes) {
  const TempFolder folder;
  EXPECT_EQ(ChildProcess(run_command(folder.path("h"), "", {"--data", folder.path("none")})).wait(),
            4);
  EXPECT_EQ(ChildProcess(run_command(folder.path("h"), "", {"--epsilon", "2"})).wait(), 2);
  EXPECT_EQ(ChildProcess(run_command(folder.path("h"), "", {"--set", "no.such=1"})).wait(), 2);
  EXPECT_EQ(ChildProcess(run_command(folder.path("h"), "", {"--rate", "fast"})).wait(), 2);
  EXPECT_EQ(ChildProcess(run_command(folder.path("h"), "", {"--world", "moon"})).wait(), 2);
}

}  // namespace
}  // namespace thunderline
