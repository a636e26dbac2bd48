#include "thunderline/worlds/inbox/inbox_ledger.h"

#include <gtest/gtest.h>

#include "tests/support/small_inbox.h"

namespace thunderline::worlds::inbox {
namespace {

TEST(InboxLedger, AccountsForDecisionAndWaiting) {
  const auto ledger = make_ledger(testing::small_inbox({{true}, {false}}, {2}));
  EXPECT_EQ(ledger->size(), 2u);
  ledger->record_waiting(0);
  ledger->record_waiting(0);
  EXPECT_DOUBLE_EQ(ledger->reward(0), -0.02);
  EXPECT_EQ(ledger->action(0), std::nullopt);
  ledger->record_decision(0, kQuarantine, false);
  ledger->record_decision(1, kDeliver, true);
  EXPECT_DOUBLE_EQ(ledger->reward(0), 0.48);
  EXPECT_EQ(ledger->waited_ticks(0), 2);
  EXPECT_DOUBLE_EQ(ledger->reward(1), 1);
  EXPECT_EQ(ledger->action(0), kQuarantine);
  EXPECT_FALSE(ledger->forced(0));
  EXPECT_TRUE(ledger->forced(1));
}

TEST(InboxLedger, KeepsTheLastScore) {
  const auto ledger = make_ledger(testing::small_inbox({{true}, {false}}, {2}));
  ScoreRecorder& recorder = *ledger;
  recorder.record_score(1, 0.25);
  recorder.record_score(1, 0.75);
  recorder.record_score(99, 0.5);
  EXPECT_EQ(ledger->last_score(0), std::nullopt);
  EXPECT_EQ(ledger->last_score(1), 0.75);
}

}  // namespace
}  // namespace thunderline::worlds::inbox
