#include "thunderline/worlds/inbox/report/inbox_report.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/small_inbox.h"
#include "thunderline/worlds/inbox/report/simulator.h"

namespace thunderline::worlds::inbox {
namespace {

TEST(TailStart, IsTheFloorOfSevenTenths) {
  EXPECT_EQ(tail_start(5106), 3574u);
  EXPECT_EQ(tail_start(10), 7u);
  EXPECT_EQ(tail_start(11), 7u);
  EXPECT_EQ(tail_start(0), 0u);
}

TEST(AreaUnderCurve, CountsPairsAndHalfOfTies) {
  EXPECT_DOUBLE_EQ(area_under_curve({0.1, 0.4, 0.35, 0.8}, {false, false, true, true}), 0.75);
  EXPECT_DOUBLE_EQ(area_under_curve({0.5, 0.5, 0.5}, {false, true, true}), 0.5);
  EXPECT_DOUBLE_EQ(area_under_curve({1, 2}, {false, true}), 1);
  EXPECT_DOUBLE_EQ(area_under_curve({2, 1}, {false, true}), 0);
  EXPECT_DOUBLE_EQ(area_under_curve({1, 2}, {true, true}), 0.5) << "nothing to tell apart";
}

TEST(CaughtAt, AllowsAShareOfHamAboveTheThreshold) {
  std::vector<double> scores;
  std::vector<bool> spam;
  for (int i = 0; i < 200; ++i) {
    scores.push_back(i);
    spam.push_back(false);
  }
  for (const double score : {500.0, 198.5, 198.0, 197.0}) {
    scores.push_back(score);
    spam.push_back(true);
  }
  EXPECT_DOUBLE_EQ(caught_at(scores, spam, 0.005), 0.5) << "ham of 199 may be lost, not of 198";
  EXPECT_DOUBLE_EQ(caught_at(scores, spam, 0), 0.25);
  EXPECT_DOUBLE_EQ(caught_at(scores, spam, 1), 1);
  EXPECT_DOUBLE_EQ(caught_at({1}, {false}, 0.005), 0);
}

/// Ten mails, spam and ham in turn.
InboxReplay ten_mails() {
  std::vector<testing::SmallMail> mails;
  for (size_t i = 0; i < 10; ++i) mails.push_back({i % 2 == 0});
  return testing::small_inbox(mails, {5, 5});
}

TEST(PairedDifference, IsTheMeanOfDifferencesWithItsInterval) {
  const InboxReplay replay = ten_mails();
  const auto oracle = simulate(replay, oracle_policy(replay));
  const auto deliver = simulate(replay, deliver_all_policy());
  const Interval tail = paired_difference(*oracle, *deliver, 7);  // Ham, spam, ham: 0, 1.5, 0.
  EXPECT_DOUBLE_EQ(tail.mean, 0.5);
  EXPECT_NEAR(tail.high - tail.mean, 1.96 * 0.5, 1e-4);
  EXPECT_DOUBLE_EQ(tail.mean - tail.low, tail.high - tail.mean);
}

TEST(QualityFigures, CountWhatWasQuarantinedAndHowScoresTellApart) {
  const InboxReplay replay = ten_mails();
  const auto ledger = make_ledger(replay);
  for (size_t i = 0; i < 10; ++i) {
    ledger->record_score(i, i % 2 == 0 ? 0.75 : 0.25);
    ledger->record_decision(i, i == 0 || i == 1 ? kQuarantine : kDeliver, false);
  }
  const QualityFigures figures = quality_figures(*ledger, 0);
  EXPECT_DOUBLE_EQ(figures.auc, 1);
  EXPECT_DOUBLE_EQ(figures.brier, 0.0625);
  EXPECT_DOUBLE_EQ(figures.caught, 0.2);
  EXPECT_DOUBLE_EQ(figures.lost, 0.2);
  EXPECT_DOUBLE_EQ(figures.caught_at_half_percent, 1);
  EXPECT_DOUBLE_EQ(quality_figures(*ledger, 5).caught, 0);
}

TEST(MakeReport, HoldsARunAgainstItsReferences) {
  const InboxReplay replay = ten_mails();
  const InboxReport report = make_report(replay, *simulate(replay, oracle_policy(replay)));
  EXPECT_EQ(report.events, 10u);
  EXPECT_EQ(report.decisions, 10u);
  EXPECT_EQ(report.forced, 0u);
  EXPECT_DOUBLE_EQ(report.reward.mean, 0.75);
  EXPECT_DOUBLE_EQ(report.oracle.mean, 0.75);
  EXPECT_DOUBLE_EQ(report.deliver_all.mean, 0);
  EXPECT_DOUBLE_EQ(report.baseline.mean, 0) << "without channels the heuristic delivers";
  EXPECT_DOUBLE_EQ(report.uplift_tail.mean, 0.5);
  EXPECT_DOUBLE_EQ(report.quality_tail.auc, 1);
}

TEST(MakeReport, TakesAnEmptyRun) {
  const InboxReplay replay = testing::small_inbox({}, {});
  const InboxReport report = make_report(replay, *make_ledger(replay));
  EXPECT_EQ(report.events, 0u);
  EXPECT_EQ(report.reward.mean, 0);
  EXPECT_EQ(report.uplift_tail.low, 0);
  EXPECT_EQ(report.quality_tail.auc, 0.5);
}

}  // namespace
}  // namespace thunderline::worlds::inbox
