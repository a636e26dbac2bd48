// Six processes share the waiting trials: each trial goes to exactly one of them.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>
#include <vector>

#include "tests/support/postgres_server.h"
#include "tests/support/temp_folder.h"
#include "thunderline/base/clock.h"
#include "thunderline/cerebros/tpe/storage/open_storage.h"
#include "thunderline/cerebros/tpe/study.h"

namespace thunderline::cerebros::tpe {
namespace {

constexpr int kProcesses = 6;
constexpr int kWaiting = 120;

/// Claims, tells and reports trials until none waits. Waits for the start signal; never returns.
[[noreturn]] void work(const std::string& url, int start, int claims) {
  char go = 0;
  if (::read(start, &go, 1) != 0) ::_exit(2);  // 0: all processes are there, the pipe is closed
  const SystemClock clock;
  const auto storage = open_storage(url, clock, false);
  if (!storage) ::_exit(3);
  const int64_t study = (*storage)->find_study("s").value().id;
  while (true) {
    const auto claimed = (*storage)->claim_waiting_trial(study);
    if (!claimed) ::_exit(4);
    if (*claimed == nullptr) ::_exit(0);
    const int number = (*claimed)->number;
    if (::write(claims, &number, sizeof number) != sizeof number) ::_exit(5);
    if (!(*storage)->finish_trial(study, number, TrialState::kComplete, number)) ::_exit(6);
  }
}

class Claims : public ::testing::TestWithParam<std::string> {
 protected:
  std::string url() const {
    if (GetParam() == "postgresql") return testing::PostgresServer::instance().new_database();
    return "sqlite:///" + folder_.path("s.db");
  }

  testing::TempFolder folder_;
};

TEST_P(Claims, GiveEachTrialToOneOfSixProcesses) {
  const std::string address = url();
  const SystemClock clock;
  {
    const auto storage = open_storage(address, clock, true).value();
    const int64_t study = storage->create_study("s", Direction::kMinimize).value().id;
    for (int i = 0; i < kWaiting; ++i) {
      ASSERT_TRUE(storage->add_waiting_trial(study, {{"x", 0.5 + i}}));
    }
  }
  int start[2], claims[2];
  ASSERT_EQ(::pipe(start), 0);
  ASSERT_EQ(::pipe(claims), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(start[1]);
      ::close(claims[0]);
      work(address, start[0], claims[1]);
    }
    children.push_back(child);
  }
  ::close(start[0]);
  ::close(start[1]);
  ::close(claims[1]);
  std::vector<int> claimed;
  for (int number = 0; ::read(claims[0], &number, sizeof number) == sizeof number;) {
    claimed.push_back(number);
  }
  ::close(claims[0]);
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0) << "a worker ended with " << WEXITSTATUS(status);
  }
  EXPECT_EQ(claimed.size(), size_t{kWaiting});
  EXPECT_EQ(std::set<int>(claimed.begin(), claimed.end()).size(), size_t{kWaiting});
  const auto storage = open_storage(address, clock, false).value();
  const auto trials = storage->trials(storage->find_study("s").value().id).value();
  ASSERT_EQ(trials.size(), size_t{kWaiting});
  for (const TrialPtr& trial : trials) EXPECT_EQ(trial->value, trial->number);
}

TEST_P(Claims, NumberNewTrialsWithoutGapsOrTwins) {
  const std::string address = url();
  const SystemClock clock;
  ASSERT_TRUE(open_storage(address, clock, true).value()->create_study("s", Direction::kMinimize));
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto study = Study::open({.name = "s", .storage = open_storage(address, clock, false).value()});
      for (int k = 0; k < 5; ++k) {
        // Two workers with the same handle on a trial: the second could not tell.
        Result<Trial> trial = (*study)->ask();
        if (!trial || !(*study)->tell(trial->number(), i)) ::_exit(2);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  const auto storage = open_storage(address, clock, false).value();
  EXPECT_EQ(storage->trials(storage->find_study("s").value().id).value().size(),
            size_t{5 * kProcesses});
}

INSTANTIATE_TEST_SUITE_P(Backends, Claims, ::testing::Values("sqlite", "postgresql"),
                         [](const auto& backend) { return backend.param; });

}  // namespace
}  // namespace thunderline::cerebros::tpe
