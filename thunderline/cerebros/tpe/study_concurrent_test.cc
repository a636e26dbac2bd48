#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "thunderline/cerebros/tpe/storage/memory_storage.h"
#include "thunderline/cerebros/tpe/study.h"

namespace thunderline::cerebros::tpe {
namespace {

constexpr int kThreads = 4;
constexpr int kTrialsEach = 20;

TEST(StudyUnderThreads, GivesEveryTrialToOneThreadAndLosesNone) {
  const auto study = Study::create({.name = "s"}).value();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(study->enqueue({{"x", 0.1 * i}}));
  std::atomic<int> failures{0};
  const auto work = [&] {
    for (int i = 0; i < kTrialsEach; ++i) {
      auto trial = study->ask();
      if (!trial) {
        ++failures;
        continue;
      }
      const auto x = trial->suggest_float("x", 0, 1);
      const auto n = trial->suggest_int("n", 1, 8);
      const bool ok = x && n && trial->report(0, *x) && trial->should_prune() &&
                      study->tell(trial->number(), *x) && study->best_trial() && study->trials();
      if (!ok) ++failures;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  const auto trials = study->trials().value();
  ASSERT_EQ(trials.size(), static_cast<size_t>(kThreads * kTrialsEach));
  for (const TrialPtr& trial : trials) EXPECT_EQ(trial->state, TrialState::kComplete);
}

TEST(StudyUnderThreads, WorkersOfOneStorageShareTheWaitingTrials) {
  const auto storage = std::make_shared<MemoryStorage>();
  const auto open = [&] {
    return Study::create({.name = "s", .storage = storage, .load_if_exists = true}).value();
  };
  const auto owner = open();
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(owner->enqueue({{"x", i / 40.0}}));
  std::vector<std::vector<double>> seen(kThreads);
  std::vector<std::unique_ptr<Study>> studies;
  for (int i = 0; i < kThreads; ++i) studies.push_back(open());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 10; ++k) {
        Trial trial = studies[i]->ask().value();
        seen[i].push_back(trial.suggest_float("x", 0, 1).value());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<double> all;
  for (const auto& values : seen) all.insert(values.begin(), values.end());
  EXPECT_EQ(all.size(), 40u);
}

}  // namespace
}  // namespace thunderline::cerebros::tpe
