#include "thunderline/thunderchief/run_recorder.h"

#include <gtest/gtest.h>

#include "thunderline/thunderbolt/training/memory_trajectory_logger.h"

namespace thunderline::thunderchief {
namespace {

using thunderbolt::ChiefStep;
using thunderbolt::LogEvent;
using thunderbolt::MemoryTrajectoryLogger;

ChiefStep chief_step(int64_t tick) { return {"bit", tick, {0.5f}, 1, 1.0, {0.25f}}; }

TEST(RunRecorder, WritesWhatIsNewAndMeetsWhatIsThere) {
  MemoryTrajectoryLogger log;
  {
    RunRecorder first = RunRecorder::create(log).value();
    EXPECT_FALSE(first.recovering());
    ASSERT_TRUE(first.chief_step(chief_step(0)));
    ASSERT_TRUE(first.event({"model.deployed", 0, R"({"version":1})"}));
  }
  RunRecorder second = RunRecorder::create(log).value();
  EXPECT_TRUE(second.recovering());
  ASSERT_TRUE(second.chief_step(chief_step(0)));
  EXPECT_FALSE(second.take_event("model.dropped"));
  EXPECT_EQ(second.take_event("model.deployed")->json, R"({"version":1})");
  EXPECT_FALSE(second.recovering());
  ASSERT_TRUE(second.chief_step(chief_step(1)));
  EXPECT_EQ(log.last_sequence(), 3u);
}

TEST(RunRecorder, RefusesARecordThatIsNotTheLogsAndWritesNothing) {
  MemoryTrajectoryLogger log;
  ASSERT_TRUE(log.log_chief_step(chief_step(0)));
  RunRecorder recorder = RunRecorder::create(log).value();
  const Status other = recorder.chief_step(chief_step(5));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kRefused);
  EXPECT_EQ(other.error().where, "record 1");
  EXPECT_FALSE(recorder.event({"x", 0, "{}"}));
  EXPECT_EQ(log.last_sequence(), 1u);
}

}  // namespace
}  // namespace thunderline::thunderchief
