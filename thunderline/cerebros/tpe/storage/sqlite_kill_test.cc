// kill -9 at 200 random moments: the study opens, and no acknowledged outcome is lost.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "tests/support/temp_folder.h"
#include "thunderline/base/clock.h"
#include "thunderline/base/random.h"
#include "thunderline/cerebros/tpe/storage/open_storage.h"
#include "thunderline/cerebros/tpe/study.h"

namespace thunderline::cerebros::tpe {
namespace {

struct Acknowledged {
  int number = 0;
  double value = 0;
};

/// Asks and tells until it is killed; says what it told. Never returns.
[[noreturn]] void work(const std::string& url, const SearchSpace& space, int pipe, uint64_t seed) {
  const SystemClock clock;
  Random random(seed);
  const auto storage = open_storage(url, clock, false);
  if (!storage) ::_exit(2);
  const auto study = Study::open({.name = "s", .storage = *storage});
  if (!study) ::_exit(3);
  while (true) {
    auto trial = (*study)->ask(space);
    if (!trial) ::_exit(4);
    const Acknowledged told{trial->number(), random.unit()};
    if (!trial->report(0, told.value)) ::_exit(5);
    if (!(*study)->tell(told.number, told.value)) ::_exit(6);
    if (::write(pipe, &told, sizeof told) != sizeof told) ::_exit(7);
  }
}

/// Kills a worker when it has told `count` trials, and some steps of our own later.
void run_and_kill(const std::string& url, const SearchSpace& space, uint64_t seed,
                  std::map<int, double>& told) {
  Random random(seed);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::close(ends[0]);
    work(url, space, ends[1], seed);
  }
  ::close(ends[1]);
  Acknowledged one;
  for (uint64_t left = random.below(3); left > 0; --left) {
    ASSERT_EQ(::read(ends[0], &one, sizeof one), static_cast<ssize_t>(sizeof one));
    told[one.number] = one.value;
  }
  // Somewhere within the next trial, wherever the child is by then.
  volatile uint64_t spin = random.below(3'000'000);
  while (spin > 0) spin = spin - 1;
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the worker gave up with " << WEXITSTATUS(status);
  while (::read(ends[0], &one, sizeof one) == static_cast<ssize_t>(sizeof one)) {
    told[one.number] = one.value;
  }
  ::close(ends[0]);
}

TEST(SqliteStudiesUnderKill, LoseNoAcknowledgedOutcome) {
  const testing::TempFolder folder;
  const SystemClock clock;
  const std::string url = "sqlite:///" + folder.path("s.db");
  const SearchSpace space = SearchSpace::parse(
      R"([{"name":"x","type":"float","low":0,"high":1},{"name":"n","type":"int","low":1,"high":9}])",
      "space").value();
  ASSERT_TRUE(open_storage(url, clock, true).value()->create_study("s", Direction::kMinimize));
  std::map<int, double> told;
  for (uint64_t moment = 0; moment < 200; ++moment) {
    run_and_kill(url, space, moment, told);
    if (HasFatalFailure()) return;
    const auto storage = open_storage(url, clock, false);
    ASSERT_TRUE(storage) << to_string(storage.error());
    const auto trials = (*storage)->trials(1);
    ASSERT_TRUE(trials) << to_string(trials.error());
    for (const auto& [number, value] : told) {
      ASSERT_LT(static_cast<size_t>(number), trials->size());
      ASSERT_EQ((*trials)[static_cast<size_t>(number)]->state, TrialState::kComplete);
      ASSERT_EQ((*trials)[static_cast<size_t>(number)]->value, value);
    }
    for (const TrialPtr& trial : *trials) {
      // An ask is whole: no trial without its parameters.
      ASSERT_EQ(trial->params.size(), 2u);
      ASSERT_EQ(trial->state == TrialState::kComplete, trial->value.has_value());
    }
  }
  EXPECT_GT(told.size(), 100u);
}

}  // namespace
}  // namespace thunderline::cerebros::tpe
