#include "thunderline/worlds/inbox/report/simulator.h"

#include <gtest/gtest.h>

#include "tests/support/inbox_corpus.h"
#include "tests/support/small_inbox.h"
#include "thunderline/worlds/inbox/report/inbox_report.h"

namespace thunderline::worlds::inbox {
namespace {

constexpr uint64_t kSeeds = 10;

TEST(Simulate, JudgesAsManyAsTheEnergyAllowsTheHighestScoreFirst) {
  const InboxReplay replay = testing::small_inbox(std::vector<testing::SmallMail>(9), {9});
  const Policy policy{[](size_t position) { return static_cast<double>(position) / 10; }, 0};
  const auto ledger = simulate(replay, policy);
  for (size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(ledger->waited_ticks(i), i >= 3 ? 0 : 1) << i;
    EXPECT_EQ(ledger->action(i), i >= 6 ? kQuarantine : kDeliver) << i;
    EXPECT_EQ(ledger->last_score(i), static_cast<double>(i) / 10);
  }
}

TEST(Simulate, JudgesTheNewestOfEqualScoresFirst) {
  const InboxReplay replay = testing::small_inbox(std::vector<testing::SmallMail>(8), {8});
  const auto ledger = simulate(replay, deliver_all_policy());
  EXPECT_EQ(ledger->waited_ticks(0), 1);
  EXPECT_EQ(ledger->waited_ticks(1), 1);
  EXPECT_EQ(ledger->waited_ticks(2), 0);
}

TEST(Simulate, KeepsEnergyUpToTheCap) {
  std::vector<size_t> arrivals(9, 0);
  arrivals.push_back(16);
  const InboxReplay replay = testing::small_inbox(std::vector<testing::SmallMail>(16), arrivals);
  const auto ledger = simulate(replay, deliver_all_policy());
  EXPECT_EQ(ledger->waited_ticks(3), 1) << "12 of 16 are judged at once";
  EXPECT_EQ(ledger->waited_ticks(4), 0);
}

TEST(Simulate, DeliversUnjudgedWhatWaitedTooLong) {
  const InboxReplay replay = testing::small_inbox(
      std::vector<testing::SmallMail>(160, {true}), std::vector<size_t>(10, 16));
  const auto ledger = simulate(replay, oracle_policy(replay));
  EXPECT_TRUE(ledger->forced(0)) << "the oldest, under a flood of equal scores";
  EXPECT_EQ(ledger->waited_ticks(0), 8);
  EXPECT_EQ(ledger->action(0), kDeliver);
  EXPECT_DOUBLE_EQ(ledger->reward(0), -1 - 0.08);
  EXPECT_FALSE(ledger->forced(159));
  EXPECT_EQ(ledger->action(159), kQuarantine);
}

TEST(Simulate, ExploresByTheMailsOwnNumber) {
  const InboxReplay replay = testing::small_inbox(
      {{false, false, 1, 0.009}, {false, false, 1, 0.011}}, {2});
  const auto ledger = simulate(replay, {[](size_t) { return 0.0; }, 0.02});
  EXPECT_EQ(ledger->action(0), kQuarantine);
  EXPECT_EQ(ledger->action(1), kDeliver);
}

TEST(Simulate, IsBitEqualFromRunToRun) {
  const InboxReplay replay = make_inbox(testing::inbox_corpus(), {})->replay;
  const auto first = simulate(replay, heuristic_policy(replay));
  const auto second = simulate(replay, heuristic_policy(replay));
  for (size_t i = 0; i < replay.size(); ++i) {
    ASSERT_EQ(first->reward(i), second->reward(i));
    ASSERT_EQ(first->last_score(i), second->last_score(i));
  }
}

/// Means over ten seeds of what a policy gets.
struct Average {
  double mean = 0;
  double mean_tail = 0;
  QualityFigures tail;
};

template <typename MakePolicy>
Average average(bool placebo, MakePolicy make_policy) {
  Average sum;
  sum.tail.auc = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const InboxReplay replay =
        make_inbox(testing::inbox_corpus(), {.seed = seed, .placebo = placebo})->replay;
    const auto ledger = simulate(replay, make_policy(replay));
    const PolicyFigures reward = policy_figures(*ledger);
    const QualityFigures quality = quality_figures(*ledger, tail_start(replay.size()));
    sum.mean += reward.mean / kSeeds;
    sum.mean_tail += reward.mean_tail / kSeeds;
    sum.tail.auc += quality.auc / kSeeds;
    sum.tail.brier += quality.brier / kSeeds;
    sum.tail.caught += quality.caught / kSeeds;
    sum.tail.lost += quality.lost / kSeeds;
  }
  return sum;
}

// The figures of the world's definition, which were drawn from another generator: they hold as
// statistics. Tolerances: about twice the stated interval of the mean over ten seeds.

TEST(References, DeliverAllIsWorthWhatItShould) {
  const Average figures = average(false, [](const InboxReplay&) { return deliver_all_policy(); });
  EXPECT_NEAR(figures.mean, 0.349, 0.01);
  EXPECT_NEAR(figures.mean_tail, 0.339, 0.022);
  EXPECT_EQ(figures.tail.caught, 0);
  EXPECT_EQ(figures.tail.lost, 0);
}

TEST(References, RandomIsWorthWhatItShould) {
  const Average figures = average(false, [](const InboxReplay&) { return random_policy(); });
  EXPECT_NEAR(figures.mean, -0.001, 0.02);
  EXPECT_NEAR(figures.mean_tail, -0.007, 0.032);
  EXPECT_NEAR(figures.tail.auc, 0.5, 1e-12);
  EXPECT_NEAR(figures.tail.caught, 0.38, 0.03);
  EXPECT_NEAR(figures.tail.lost, 0.39, 0.03);
}

TEST(References, TheHeuristicIsWorthWhatItShould) {
  const Average figures = average(false, heuristic_policy);
  EXPECT_NEAR(figures.mean, 0.594, 0.01);
  EXPECT_NEAR(figures.mean_tail, 0.578, 0.012);
  EXPECT_NEAR(figures.tail.auc, 0.946, 0.005);
  EXPECT_NEAR(figures.tail.brier, 0.097, 0.005);
  EXPECT_NEAR(figures.tail.caught, 0.62, 0.03);
  EXPECT_NEAR(figures.tail.lost, 0.040, 0.01);
}

TEST(References, TheOracleIsWorthWhatItShould) {
  const Average figures = average(false, oracle_policy);
  EXPECT_NEAR(figures.mean, 0.820, 0.006);
  EXPECT_NEAR(figures.mean_tail, 0.818, 0.008);
  EXPECT_NEAR(figures.tail.auc, 1, 1e-12);
  EXPECT_EQ(figures.tail.brier, 0);
  EXPECT_GT(figures.tail.caught, 0.995);
  EXPECT_EQ(figures.tail.lost, 0);
}

TEST(Placebo, TheHeuristicKnowsNothingAndDeliveringAllIsBetter) {
  const Average heuristic = average(true, heuristic_policy);
  const Average deliver_all =
      average(true, [](const InboxReplay&) { return deliver_all_policy(); });
  EXPECT_NEAR(heuristic.tail.auc, 0.5, 0.02);
  // Over the whole stream: with permuted labels the calendar drifts through the three streams, and
  // the latest mails, most of them truly ham, are seldom quarantined.
  EXPECT_NEAR(heuristic.mean, 0.14, 0.03);
  EXPECT_LT(heuristic.mean_tail, deliver_all.mean_tail - 0.05);
  EXPECT_NEAR(deliver_all.mean_tail, 0.34, 0.022);
}

}  // namespace
}  // namespace thunderline::worlds::inbox
