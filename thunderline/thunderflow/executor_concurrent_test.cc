#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "thunderline/thunderflow/executor.h"

namespace thunderline::thunderflow {
namespace {

TEST(ThreadExecutor, OneThreadRunsTasksInPostingOrder) {
  std::vector<int> ran;
  ThreadExecutor executor;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(executor.post([&ran, i] { ran.push_back(i); }));
  executor.stop();
  ASSERT_EQ(ran.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ran[static_cast<size_t>(i)], i);
}

TEST(ThreadExecutor, SeveralThreadsRunTasksAtOnce) {
  ThreadExecutor executor({.threads = 3});
  std::latch together(3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(executor.post([&] { together.arrive_and_wait(); }));
  executor.stop();
  EXPECT_TRUE(together.try_wait());
}

TEST(ThreadExecutor, StopRunsWhatIsQueuedAndRefusesTheRest) {
  std::atomic<int> ran{0};
  ThreadExecutor executor;
  std::latch go(1);
  ASSERT_TRUE(executor.post([&] { go.wait(); }));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(executor.post([&] { ++ran; }));
  EXPECT_GE(executor.queued(), 10u);
  go.count_down();
  executor.stop();
  executor.stop();
  EXPECT_EQ(ran, 10);
  const Status posted = executor.post([&] { ++ran; });
  ASSERT_FALSE(posted);
  EXPECT_EQ(posted.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(ran, 10);
}

TEST(ThreadExecutor, SurvivesATaskThatThrows) {
  ThreadExecutor executor;
  bool ran = false;
  ASSERT_TRUE(executor.post([] { throw std::runtime_error("third party"); }));
  ASSERT_TRUE(executor.post([&] { ran = true; }));
  executor.stop();
  EXPECT_TRUE(ran);
  EXPECT_EQ(executor.failed_tasks(), 1u);
}

TEST(ThreadExecutor, LetsGoOfATaskOnceItHasRun) {
  ThreadExecutor executor;
  auto held = std::make_shared<int>(1);
  ASSERT_TRUE(executor.post([held] {}));
  executor.stop();
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace thunderline::thunderflow
