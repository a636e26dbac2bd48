#include "thunderline/worlds/world.h"

#include <gtest/gtest.h>

#include <limits>

namespace thunderline::worlds {
namespace {

TEST(RewardTable, HasTheInboxsValuesByDefault) {
  const RewardTable table;
  EXPECT_EQ(table.value(kDeliver, false), 1);
  EXPECT_EQ(table.value(kDeliver, true), -1);
  EXPECT_EQ(table.value(kQuarantine, false), -1);
  EXPECT_EQ(table.value(kQuarantine, true), 0.5);
  EXPECT_EQ(table.lowest(), -1);
  EXPECT_EQ(table.highest(), 1);
  EXPECT_TRUE(table.check());
}

TEST(RewardTable, ThresholdIsWhereBothActionsAreWorthTheSame) {
  const RewardTable table;
  const double p = table.threshold();
  EXPECT_DOUBLE_EQ(p, 2 / 3.5);
  const auto worth = [&](int action) {
    return p * table.value(action, true) + (1 - p) * table.value(action, false);
  };
  EXPECT_NEAR(worth(kDeliver), worth(kQuarantine), 1e-12);
}

TEST(RewardTable, TellsTheLabelFromTheReward) {
  const RewardTable table;
  EXPECT_FALSE(table.implies_spam(kDeliver, 1));
  EXPECT_TRUE(table.implies_spam(kDeliver, -1));
  EXPECT_FALSE(table.implies_spam(kQuarantine, -1));
  EXPECT_TRUE(table.implies_spam(kQuarantine, 0.5));
}

TEST(RewardTable, RefusesValuesThatMakeNoSense) {
  RewardTable table;
  table.deliver_ham = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(table.check().error().code, ErrorCode::kInvalidArgument);
  table = {};
  table.quarantine_ham = 2;
  EXPECT_FALSE(table.check());
  table = {};
  table.quarantine_spam = -1;
  EXPECT_FALSE(table.check());
  table = {};
  table.deliver_spam = table.deliver_ham = 0;
  EXPECT_FALSE(table.check());
}

}  // namespace
}  // namespace thunderline::worlds
