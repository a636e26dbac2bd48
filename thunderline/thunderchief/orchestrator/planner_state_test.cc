#include "thunderline/thunderchief/orchestrator/planner_state.h"

#include <gtest/gtest.h>

namespace thunderline::thunderchief {
namespace {

Curriculum plan() {
  Curriculum plan;
  plan.model = "agent_scoring";
  return plan;
}

TEST(PlannerState, PlansATrainingWhenEnoughRewardsWereSeenAndSaysWhy) {
  PlannerState state(TrainingSchedule::Options{}, plan(), 42);
  EXPECT_FALSE(state.observe(3, 100));
  const auto due = state.observe(9, 600);
  ASSERT_TRUE(due);
  EXPECT_EQ(due->model, "agent_scoring");
  EXPECT_EQ(due->version, 1);
  EXPECT_EQ(due->tick, 9);
  EXPECT_NE(due->reason, "");
  EXPECT_FALSE(state.observe(10, 600)) << "the same rewards are no reason for another";
}

TEST(PlannerState, PlansTheSameOfTheSame) {
  PlannerState one(TrainingSchedule::Options{}, plan(), 42);
  PlannerState two(TrainingSchedule::Options{}, plan(), 42);
  PlannerState other(TrainingSchedule::Options{}, plan(), 43);
  const uint64_t seed = one.observe(9, 600)->training.seed;
  EXPECT_EQ(two.observe(9, 600)->training.seed, seed);
  EXPECT_NE(other.observe(9, 600)->training.seed, seed);
}

}  // namespace
}  // namespace thunderline::thunderchief
