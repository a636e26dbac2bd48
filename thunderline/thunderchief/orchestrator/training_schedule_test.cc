#include "thunderline/thunderchief/orchestrator/training_schedule.h"

#include <gtest/gtest.h>

namespace thunderline::thunderchief {
namespace {

TEST(TrainingSchedule, IsDueAtTheFirstMarkAndAfterEachFurther) {
  TrainingSchedule schedule;
  EXPECT_FALSE(schedule.observe(599));
  EXPECT_TRUE(schedule.observe(603));
  EXPECT_FALSE(schedule.observe(849));
  EXPECT_TRUE(schedule.observe(850));
  EXPECT_EQ(schedule.trainings(), 2u);
}

TEST(TrainingSchedule, TrainsOnceWhenSeveralMarksWerePassed) {
  TrainingSchedule schedule;
  EXPECT_TRUE(schedule.observe(1200));
  EXPECT_FALSE(schedule.observe(1201));
  EXPECT_EQ(schedule.due_at(), 1350u);
}

TEST(TrainingSchedule, TrainsSoonerAfterAnAlarmAndSaysSo) {
  TrainingSchedule schedule;
  schedule.alarm(100);
  EXPECT_EQ(schedule.due_at(), 600u) << "there is no model yet that could get worse";
  EXPECT_TRUE(schedule.observe(600));
  schedule.alarm(620);
  EXPECT_FALSE(schedule.observe(719));
  EXPECT_EQ(schedule.observe(720).value(), "the live model got worse");
  EXPECT_EQ(schedule.due_at(), 970u);
}

TEST(TrainingSchedule, BeginsNoneAfterTheLastMark) {
  TrainingSchedule schedule({.first = 600, .every = 250, .last = 900});
  EXPECT_TRUE(schedule.observe(600));
  EXPECT_TRUE(schedule.observe(900));
  EXPECT_FALSE(schedule.observe(1150));
  schedule.alarm(1150);
  EXPECT_FALSE(schedule.observe(5000)) << "nor after an alarm";
}

}  // namespace
}  // namespace thunderline::thunderchief
