#include "thunderline/thunderbolt/training/memory_trajectory_logger.h"

#include <gtest/gtest.h>

#include "tests/support/trajectory_test_data.h"

namespace thunderline::thunderbolt {
namespace {

TEST(MemoryTrajectoryLogger, KeepsTheNewestRecords) {
  MemoryTrajectoryLogger log(3);
  for (uint64_t i = 1; i <= 10; ++i) ASSERT_TRUE(log.log_step(view_of(test_step(i))));
  const LogStats stats = log.stats().value();
  EXPECT_EQ(stats.records.steps, 3u);
  EXPECT_EQ(stats.first_sequence, 8u);
  EXPECT_EQ(log.log_outcome({test_id(7), true, 1.0, 0}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(log.log_step(view_of(test_step(9))).value(), 9u);
  EXPECT_EQ(log.log_step(view_of(test_step(1))).value(), 11u);
}

TEST(MemoryTrajectoryLogger, TakesAnOutcomeThatPushesItsOwnStepOut) {
  MemoryTrajectoryLogger log(2);
  for (uint64_t i = 1; i <= 2; ++i) {
    Step step = test_step(i);
    step.reward.reset();
    ASSERT_TRUE(log.log_step(view_of(step)));
  }
  ASSERT_TRUE(log.log_outcome({test_id(1), true, 1.0, 0}));
  const LogStats stats = log.stats().value();
  EXPECT_EQ(stats.records, (RecordCounts{1, 1, 0, 0, 0}));
  EXPECT_EQ(stats.open_steps, 1u);
}

}  // namespace
}  // namespace thunderline::thunderbolt
