#include "thunderline/thunderbolt/training/dataset.h"

#include <gtest/gtest.h>

#include "thunderline/thunderbolt/training/memory_trajectory_logger.h"

namespace thunderline::thunderbolt {
namespace {

/// A log of two-wide states whose first number is the step's own.
class DatasetTest : public ::testing::Test {
 protected:
  Uuid log_step(int64_t tick, bool forced = false) {
    const Uuid id = ids_.next(tick + 1);
    const std::vector<float> state{static_cast<float>(next_++), 0.5f};
    std::string metadata = R"({"tick":)" + std::to_string(tick);
    metadata += forced ? R"(,"forced":true})" : R"(,"p_quarantine":0.01,"review_rate":0.25})";
    const std::string episode = id.to_string();
    StepView step;
    step.id = id;
    step.source = "bit";
    step.episode = episode;
    step.state = state;
    if (!forced) step.propensity = 0.99;
    step.metadata = metadata;
    EXPECT_TRUE(log_.log_step(step));
    return id;
  }

  void close(const Uuid& id, int64_t tick, bool seen = true) {
    EXPECT_TRUE(log_.log_outcome({id, seen, seen ? 1.0 : 0.0, tick}));
  }

  Dataset build(size_t hold_out, int64_t until_tick = 1000) {
    return build_dataset(log_, {"bit", 2, until_tick, hold_out}).value();
  }

  MemoryTrajectoryLogger log_;
  UuidGenerator ids_{1};
  int next_ = 0;
};

TEST_F(DatasetTest, HoldsOutTheNewestClosedAndTrainsOnSeenOnesBeforeThem) {
  std::vector<Uuid> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(log_step(i));
  log_step(6);  // Stays open: in neither.
  for (int i = 0; i < 6; ++i) close(ids[static_cast<size_t>(i)], 10 + i, i != 1 && i != 4);
  const Dataset dataset = build(3);
  EXPECT_EQ(dataset.steps_read, 6u);
  ASSERT_EQ(dataset.hold_out.size(), 3u) << "seen or not";
  EXPECT_EQ(dataset.hold_out[0].state[0], 3.0f);
  EXPECT_FALSE(dataset.hold_out[1].seen);
  ASSERT_EQ(dataset.training.size(), 2u) << "the unseen one does not train";
  EXPECT_EQ(dataset.training[1].state[0], 2.0f);
  EXPECT_EQ(dataset.training[0].p_intervene, 0.01);
}

TEST_F(DatasetTest, OrdersByTickOfClosingThenOfDecision) {
  const Uuid early = log_step(1), late = log_step(2), last = log_step(3);
  close(last, 5);
  close(late, 7);
  close(early, 7);
  const Dataset dataset = build(0);
  ASSERT_EQ(dataset.training.size(), 3u);
  EXPECT_EQ(dataset.training[0].state[0], 2.0f);
  EXPECT_EQ(dataset.training[1].state[0], 0.0f);
  EXPECT_EQ(dataset.training[2].state[0], 1.0f);
}

TEST_F(DatasetTest, ForcedStepsTrainButDoNotJudge) {
  close(log_step(0, true), 1);
  close(log_step(1, true), 2);
  const Dataset dataset = build(1);
  EXPECT_TRUE(dataset.hold_out.empty());
  ASSERT_EQ(dataset.training.size(), 1u);
  EXPECT_TRUE(dataset.training[0].forced);
}

TEST_F(DatasetTest, LeavesOutWhatCameLaterThanTheGivenTick) {
  close(log_step(0), 5);
  close(log_step(1), 6);
  EXPECT_EQ(build(0, 5).training.size(), 1u);
}

TEST_F(DatasetTest, RefusesAStateOfAnotherWidth) {
  close(log_step(0), 1);
  const auto built = build_dataset(log_, {"bit", 40, 100, 0});
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, ErrorCode::kBadData);
  EXPECT_NE(built.error().message.find("2 numbers, expected 40"), std::string::npos);
}

}  // namespace
}  // namespace thunderline::thunderbolt
