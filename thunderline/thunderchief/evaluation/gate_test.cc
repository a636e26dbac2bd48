#include "thunderline/thunderchief/evaluation/gate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/support/simulated_mail.h"

namespace thunderline::thunderchief {
namespace {

using testing::informed_score;
using testing::ScorePair;
using testing::Scorers;
using testing::simulate_hold_out;

/// Figures that rule (a) lets in.
GateFigures winning() {
  GateFigures f;
  f.reward.difference = 0.1;
  f.reward.standard_error = 0.04;
  f.reward.z = 2.5;
  f.differing_seen = 25;
  return f;
}

/// Figures that rule (b) lets in and rule (a) does not.
GateFigures calibrated() {
  GateFigures f;
  f.reward.difference = 0.01;
  f.reward.standard_error = 0.02;
  f.reward.z = 0.5;
  f.brier.z = 4;
  f.differing_seen = 3;
  return f;
}

TEST(Gate, DeploysAProvenGain) {
  const GateVerdict verdict = judge(winning());
  EXPECT_TRUE(verdict.deploy);
  EXPECT_EQ(verdict.rule, GateVerdict::Rule::kReward);
  EXPECT_EQ(verdict.reason,
            "the challenger earns 0.100 more a decision, z(reward) 2.500 over 25 differing seen "
            "decisions");
}

TEST(Gate, DeploysABetterCalibratedModelThatEarnsNoLess) {
  const GateVerdict verdict = judge(calibrated());
  EXPECT_TRUE(verdict.deploy);
  EXPECT_EQ(verdict.rule, GateVerdict::Rule::kBrier);
}

/// The reason for refusing, or "" when it deploys.
std::string refusal(GateFigures figures) {
  const GateVerdict verdict = judge(figures);
  EXPECT_EQ(verdict.deploy, verdict.rule != GateVerdict::Rule::kNone);
  return verdict.deploy ? "" : verdict.reason;
}

bool says(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

TEST(Gate, SaysWhichFigureFailed) {
  GateFigures f = winning();
  f.reward.z = 2.32;
  EXPECT_EQ(refusal(f),
            "z(reward) 2.320 is below 2.330, and z(Brier) 0.000 is below 2.330");
  f = winning();
  f.differing_seen = 19;
  EXPECT_TRUE(says(refusal(f), "only 19 seen decisions, fewer than 20"));
  f = calibrated();
  f.reward.difference = -0.001;
  EXPECT_TRUE(says(refusal(f), "mean reward difference -0.001"));
  f = calibrated();
  f.reward.standard_error = 0.04;  // 0.01 − 1.64 · 0.04 = −0.0556
  EXPECT_TRUE(says(refusal(f), "lower bound of the reward difference -0.056"));
}

TEST(Gate, TakesItsBoundsInclusivelyWhereTheRuleSays) {
  GateFigures f = winning();
  f.reward.z = 2.33;
  f.differing_seen = 20;
  EXPECT_EQ(refusal(f), "");
  f = calibrated();
  f.reward.difference = 0;
  f.brier.z = 2.33;
  EXPECT_EQ(refusal(f), "");
}

TEST(Gate, RefusesFiguresThatAreNotNumbers) {
  GateFigures f = winning();
  f.reward.z = std::nan("");
  EXPECT_NE(refusal(f), "");
}

TEST(Gate, LetsSnipsIpsAndDoublyRobustDecideNothing) {
  GateFigures f;
  for (Estimate* e : {&f.snips, &f.ips, &f.doubly_robust}) {
    e->difference = 1;
    e->z = 50;
  }
  EXPECT_NE(refusal(f), "");
  f = winning();
  for (Estimate* e : {&f.snips, &f.ips, &f.doubly_robust}) e->z = -50;
  EXPECT_EQ(refusal(f), "");
}

struct Share {
  double deployed = 0;
  double by_reward = 0;
};

/// How often the gate deploys over hold-outs of `count`.
Share share_deployed(int hold_outs, int count, double epsilon, const Scorers& scorers,
                     uint64_t seed) {
  Random random(seed);
  Share share;
  for (int i = 0; i < hold_outs; ++i) {
    const auto hold_out = simulate_hold_out(random, count, epsilon, scorers);
    const GateVerdict verdict = gate(hold_out.decisions, {}).value();
    share.deployed += verdict.deploy ? 1.0 / hold_outs : 0;
    share.by_reward += verdict.rule == GateVerdict::Rule::kReward ? 1.0 / hold_outs : 0;
  }
  return share;
}

TEST(GateSimulation, DeploysFewNullChallengersByReward) {
  // Two scorers that know nothing and quarantine alike: worth the same on any labels.
  const auto arbitrary = [](bool, Random& r) { return ScorePair{r.unit(), r.unit()}; };
  for (double epsilon : {0.02, 0.1}) {
    EXPECT_LE(share_deployed(200, 400, epsilon, arbitrary, 3).by_reward, 0.05) << epsilon;
  }
}

TEST(GateSimulation, RefusesSabotagedChallengersEveryTime) {
  const auto champion = [](bool spam, Random& r) { return informed_score(spam, 2, r); };
  const Scorers inverted = [&](bool spam, Random& r) {
    return ScorePair{champion(spam, r), 1 - champion(spam, r)};
  };
  const Scorers ignorant = [&](bool spam, Random& r) {
    return ScorePair{champion(spam, r), informed_score(r.unit() < 0.314, 2, r)};
  };
  const Scorers tenth_inverted = [&](bool spam, Random& r) {
    const double score = champion(spam, r);
    return ScorePair{score, r.unit() < 0.1 ? 1 - score : score};
  };
  EXPECT_EQ(share_deployed(100, 300, 0.02, inverted, 5).deployed, 0);
  EXPECT_EQ(share_deployed(100, 300, 0.02, ignorant, 6).deployed, 0);
  EXPECT_EQ(share_deployed(100, 300, 0.02, tenth_inverted, 7).deployed, 0);
}

TEST(GateSimulation, DeploysAClearlyBetterChallengerMostly) {
  const Scorers better = [](bool spam, Random& r) {
    return ScorePair{informed_score(spam, 0.8, r), informed_score(spam, 2, r)};
  };
  EXPECT_GE(share_deployed(100, 300, 0.02, better, 8).deployed, 0.9);
}

TEST(Gate, PassesTheErrorsOfBadHoldOutsOn) {
  EXPECT_EQ(gate({}, {}).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace thunderline::thunderchief
