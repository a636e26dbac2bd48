#include "thunderline/thunderchief/evaluation/off_policy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "tests/support/simulated_mail.h"

namespace thunderline::thunderchief {
namespace {

using Decisions = std::vector<LoggedDecision>;

/// Spam that the champion (ε 0.2) delivered and the challenger would quarantine: w = 1/0.925.
LoggedDecision delivered_spam() {
  return {.action = 0, .reward = -1, .seen = true, .propensity = 0.9, .p_quarantine = 0.1,
          .review_rate = 0.25, .champion_score = 0.2, .challenger_score = 0.9};
}

/// Ham that both deliver.
LoggedDecision delivered_ham() {
  return {.action = 0, .reward = 1, .seen = true, .propensity = 0.9, .p_quarantine = 0.1,
          .review_rate = 0.25, .champion_score = 0.3, .challenger_score = 0.1};
}

/// Spam that the champion quarantined, as the challenger would, and a reviewer saw: w = 1/0.325.
LoggedDecision reviewed_spam() {
  return {.action = 1, .reward = 0.5, .seen = true, .propensity = 0.9, .p_quarantine = 0.9,
          .review_rate = 0.25, .champion_score = 0.8, .challenger_score = 0.7};
}

LoggedDecision unseen() {
  LoggedDecision d = reviewed_spam();
  d.seen = false;
  d.reward = 0;
  return d;
}

Decisions four() { return {delivered_spam(), delivered_ham(), reviewed_spam(), unseen()}; }

TEST(RewardValues, GiveTheThresholdOfTheirCosts) {
  const RewardValues rewards;
  EXPECT_DOUBLE_EQ(rewards.threshold(), 2 / 3.5);
  EXPECT_EQ(rewards.greedy_action(0.57), 0);
  EXPECT_EQ(rewards.greedy_action(0.58), 1);
  EXPECT_DOUBLE_EQ(rewards.expected(0, rewards.threshold()),
                   rewards.expected(1, rewards.threshold()));
}

TEST(LabelReplay, AgreesWithAHandCalculation) {
  const Estimate e = label_replay(four(), {}).value();
  const double a = 1 / 0.925, b = 1 / 0.325, sum = 2 * a + b;
  EXPECT_NEAR(e.value_champion, (a * -1 + a * 1 + b * 0.5) / sum, 1e-12);
  EXPECT_NEAR(e.value_challenger, (a * 0.5 + a * 1 + b * 0.5) / sum, 1e-12);
  const double v = a * 1.5 / sum;
  EXPECT_NEAR(e.difference, v, 1e-12);
  EXPECT_EQ(e.n, 4u);
  EXPECT_NEAR(e.effective_sample_size, sum * sum / (2 * a * a + b * b), 1e-12);
  // d − V = (w / mean w)(Δ − V), 0 for the unseen one.
  const double scale = 4 / sum;
  const double squares = std::pow(scale * a * (1.5 - v), 2) + std::pow(scale * a * v, 2) +
                         std::pow(scale * b * v, 2);
  EXPECT_NEAR(e.standard_error, std::sqrt(squares / 3 / 4), 1e-12);
  EXPECT_NEAR(e.z, e.difference / e.standard_error, 1e-12);
  EXPECT_NEAR(e.ci95_high - e.ci95_low, 2 * 1.96 * e.standard_error, 1e-12);
}

TEST(BrierReplay, IsPairedAndPositiveWhereTheChallengerIsBetter) {
  const Estimate e = brier_replay(Decisions{delivered_spam(), delivered_ham()}, {}).value();
  EXPECT_NEAR(e.value_champion, (0.64 + 0.09) / 2, 1e-12);
  EXPECT_NEAR(e.value_challenger, (0.01 + 0.01) / 2, 1e-12);
  EXPECT_NEAR(e.difference, 0.355, 1e-12);
  EXPECT_NEAR(e.standard_error, std::abs(0.63 - 0.08) / 2, 1e-12);
}

TEST(Ips, AgreesWithAHandCalculation) {
  const Estimate e = ips(four(), {}).value();
  const double mu_delivered = 0.9, mu_reviewed = 0.9 * 0.25;
  EXPECT_NEAR(e.value_champion, (-1 / mu_delivered + 1 / mu_delivered + 0.5 / mu_reviewed) / 4,
              1e-12);
  EXPECT_NEAR(e.value_challenger, (1 / mu_delivered + 0.5 / mu_reviewed) / 4, 1e-12);
  EXPECT_NEAR(e.difference, 1 / mu_delivered / 4, 1e-12);
}

TEST(Snips, NormalisesEachPolicyByItsWeights) {
  const Estimate e = snips(four(), {}).value();
  const double d = 1 / 0.9, r = 1 / (0.9 * 0.25);
  EXPECT_NEAR(e.value_champion, (-d + d + 0.5 * r) / (2 * d + r), 1e-12);
  EXPECT_NEAR(e.value_challenger, (d + 0.5 * r) / (d + r), 1e-12);
  EXPECT_NEAR(e.difference, e.value_challenger - e.value_champion, 1e-12);
}

TEST(DoublyRobust, CorrectsTheModelWhereARewardWasSeen) {
  const RewardValues rewards;
  const Estimate e = doubly_robust(four(), rewards).value();
  const double first = rewards.expected(0, 0.9);  // r̂ of delivering the first mail
  const double champion_first = first + (-1 - first) / 0.9;
  const double challenger_first = rewards.expected(1, 0.9);  // no step supports it
  EXPECT_NEAR(e.difference, (challenger_first - champion_first) / 4, 1e-12);
  const double second = rewards.expected(0, 0.1);
  const double third = rewards.expected(1, 0.7);
  EXPECT_NEAR(e.value_champion,
              (champion_first + second + (1 - second) / 0.9 + third +
               (0.5 - third) / (0.9 * 0.25) + third) / 4,
              1e-12);
}

TEST(OffPolicy, HasNoEvidenceWherePoliciesAgreeEverywhere) {
  const Decisions same = {delivered_ham(), reviewed_spam(), unseen()};
  const Estimate e = label_replay(same, {}).value();
  EXPECT_EQ(e.difference, 0);
  EXPECT_EQ(e.standard_error, 0);
  EXPECT_EQ(e.z, 0);
  EXPECT_EQ(differing_seen(same, {}).value(), 0);
  EXPECT_EQ(differing_seen(four(), {}).value(), 1);
}

TEST(OffPolicy, RefusesFieldsOutOfRangeByName) {
  const auto faulty = [](const std::function<void(LoggedDecision&)>& spoil) {
    Decisions decisions = four();
    spoil(decisions[2]);
    const auto result = ips(decisions, {});
    return result ? std::string() : result.error().message + " @" + result.error().where;
  };
  EXPECT_EQ(faulty([](auto& d) { d.propensity = 0; }),
            "the field \"propensity\" is out of range @decision 2");
  EXPECT_NE(faulty([](auto& d) { d.propensity = std::nan(""); }), "");
  EXPECT_NE(faulty([](auto& d) { d.action = 2; }), "");
  EXPECT_NE(faulty([](auto& d) { d.p_quarantine = 1.1; }), "");
  EXPECT_NE(faulty([](auto& d) { d.challenger_score = -0.1; }), "");
  EXPECT_NE(faulty([](auto& d) { d.champion_score = std::nan(""); }), "");
  EXPECT_NE(faulty([](auto& d) { d.reward = std::nan(""); }), "");
  EXPECT_NE(faulty([](auto& d) { d.review_rate = 0; }), "");
}

TEST(OffPolicy, RefusesEmptyUnseenAndTablesThatHideTheLabel) {
  EXPECT_FALSE(label_replay(Decisions{}, {}));
  EXPECT_EQ(label_replay(Decisions{unseen()}, {}).error().message,
            "no reward of the hold-out was seen");
  EXPECT_TRUE(ips(Decisions{unseen()}, {}));
  EXPECT_FALSE(label_replay(four(), {.deliver_ham = -1, .deliver_spam = -1}));
  EXPECT_FALSE(label_replay(four(), {.quarantine_spam = -1}));
}

/// Mean error of an estimator of the difference over many hold-outs, in its own standard errors.
struct Bias {
  double mean = 0;
  double in_standard_errors = 0;
};

template <typename Estimator>
Bias bias_of(Estimator estimator) {
  Random random(11);
  const auto scorers = [](bool spam, Random& r) {
    return testing::ScorePair{testing::informed_score(spam, 0.6, r),
                              testing::informed_score(spam, 1.2, r)};
  };
  constexpr int kHoldOuts = 600;
  double sum = 0, squares = 0;
  for (int i = 0; i < kHoldOuts; ++i) {
    const auto hold_out = testing::simulate_hold_out(random, 400, 0.1, scorers);
    const double error = estimator(hold_out.decisions, RewardValues{}).value().difference -
                         (hold_out.true_challenger - hold_out.true_champion);
    sum += error;
    squares += error * error;
  }
  const double mean = sum / kHoldOuts;
  const double sd = std::sqrt(squares / kHoldOuts - mean * mean);
  return {mean, mean / (sd / std::sqrt(kHoldOuts))};
}

TEST(OffPolicy, ReplayIpsAndDoublyRobustAreUnbiased) {
  EXPECT_LT(std::abs(bias_of(label_replay).in_standard_errors), 3.5);
  EXPECT_LT(std::abs(bias_of(ips).in_standard_errors), 3.5);
  EXPECT_LT(std::abs(bias_of(doubly_robust).in_standard_errors), 3.5);
  EXPECT_LT(std::abs(bias_of(label_replay).mean), 0.01);
}

TEST(DoublyRobust, StaysUnbiasedWithAModelThatIsWrong) {
  // The challenger's score, r̂'s source, knows nothing here; the truth comes from the corrections.
  Random random(13);
  const auto scorers = [](bool spam, Random& r) {
    return testing::ScorePair{testing::informed_score(spam, 1.0, r), r.unit()};
  };
  double sum = 0, squares = 0;
  constexpr int kHoldOuts = 600;
  for (int i = 0; i < kHoldOuts; ++i) {
    const auto hold_out = testing::simulate_hold_out(random, 400, 0.2, scorers);
    const double error = doubly_robust(hold_out.decisions, {}).value().value_challenger -
                         hold_out.true_challenger;
    sum += error;
    squares += error * error;
  }
  const double mean = sum / kHoldOuts;
  EXPECT_LT(std::abs(mean) / std::sqrt(squares) * kHoldOuts, 3.5);
}

TEST(LabelReplay, HoldsTheTruthInItsIntervalAsOftenAsItSays) {
  Random random(17);
  const auto scorers = [](bool spam, Random& r) {
    return testing::ScorePair{testing::informed_score(spam, 0.8, r),
                              testing::informed_score(spam, 1.0, r)};
  };
  // The value over all mail, not only over these.
  double truth = 0;
  for (int i = 0; i < 200; ++i) {
    const auto h = testing::simulate_hold_out(random, 1000, 0.02, scorers);
    truth += (h.true_challenger - h.true_champion) / 200;
  }
  int held = 0;
  for (int i = 0; i < 400; ++i) {
    const auto h = testing::simulate_hold_out(random, 300, 0.02, scorers);
    const Estimate e = label_replay(h.decisions, {}).value();
    if (e.ci95_low <= truth && truth <= e.ci95_high) ++held;
  }
  EXPECT_GE(held, 360);  // 90 %
}

}  // namespace
}  // namespace thunderline::thunderchief
