#include "thunderline/thunderflow/executor.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/single_step_executor.h"

namespace thunderline::thunderflow {
namespace {

using testing::SingleStepExecutor;

TEST(SingleStepExecutor, RunsOneTaskAStepInPostingOrder) {
  SingleStepExecutor executor;
  std::vector<int> ran;
  ASSERT_TRUE(executor.post([&] { ran.push_back(1); }));
  ASSERT_TRUE(executor.post([&] { ran.push_back(2); }));
  EXPECT_TRUE(ran.empty());
  EXPECT_TRUE(executor.step());
  EXPECT_EQ(ran, (std::vector<int>{1}));
  EXPECT_TRUE(executor.step());
  EXPECT_FALSE(executor.step());
  EXPECT_EQ(ran, (std::vector<int>{1, 2}));
}

TEST(SingleStepExecutor, RunsWhatTasksPostUntilNothingIsLeft) {
  SingleStepExecutor executor;
  int left = 5;
  std::function<void()> again = [&] {
    if (--left == 0) return;
    EXPECT_TRUE(executor.post(again));
  };
  ASSERT_TRUE(executor.post(again));
  EXPECT_EQ(executor.run_until_idle(), 5u);
  EXPECT_EQ(left, 0);
}

TEST(SingleStepExecutor, RefusesTasksAfterTheClose) {
  SingleStepExecutor executor;
  executor.close();
  const Status posted = executor.post([] {});
  ASSERT_FALSE(posted);
  EXPECT_EQ(posted.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace thunderline::thunderflow
