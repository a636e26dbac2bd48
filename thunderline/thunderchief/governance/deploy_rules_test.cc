#include "thunderline/thunderchief/governance/deploy_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thunderline::thunderchief {
namespace {

using ::testing::HasSubstr;

/// A challenger that the default margins let in by its reward.
DeployRequest good_request() {
  DeployRequest request{.id = "r", .model = "scorer", .version = 3, .brier = 0.05, .auc = 0.98};
  request.figures.reward.z = 3.0;
  request.figures.reward.difference = 0.1;
  request.figures.differing_seen = 30;
  request.trials = 25;
  request.data_tick = 100;
  return request;
}

LoopFacts facts_at(int64_t tick) { return {.tick = tick, .unix_ms = 1'000'000}; }

TEST(DeployRules, TheDefaultSaysWhatTheGateSaysInItsWords) {
  for (const double reward_z : {-1.0, 2.32, 2.33, 9.0}) {
    for (const double brier_z : {0.0, 2.33}) {
      for (const double difference : {-0.01, 0.0, 0.02}) {
        DeployRequest request = good_request();
        request.figures.reward.z = reward_z;
        request.figures.brier.z = brier_z;
        request.figures.reward.difference = difference;
        LoopFacts facts = facts_at(100);
        facts.alert = true;
        facts.plv = 0.99;
        facts.deploy_ticks = {98, 99, 100};
        const Ruling ruling = rule_on({}, request, facts);
        const GateVerdict gate = judge(request.figures);
        EXPECT_EQ(ruling.verdict == Verdict::kAllow, gate.deploy);
        EXPECT_EQ(ruling.reason, gate.reason);
      }
    }
  }
}

/// The ruling under the default policy after one change.
template <typename Change>
Ruling ruling_with(Change change, LoopFacts facts = facts_at(100)) {
  GovernancePolicy policy;
  change(policy);
  return rule_on(policy, good_request(), facts);
}

TEST(DeployRules, MarginsAreThePolicys) {
  EXPECT_EQ(ruling_with([](auto& p) { p.margins.min_reward_z = 3.5; }).verdict, Verdict::kDeny);
  EXPECT_EQ(ruling_with([](auto& p) { p.margins.min_differing_seen = 31; }).verdict, Verdict::kDeny);
  EXPECT_EQ(ruling_with([](auto& p) { p.margins.min_reward_z = 3.0; }).verdict, Verdict::kAllow);
}

TEST(DeployRules, BandsDenyOrHoldAsThePolicySays) {
  EXPECT_THAT(ruling_with([](auto& p) { p.bands.brier = {0.0, 0.04}; }).reason,
              HasSubstr("Brier score 0.050 is outside [0.000, 0.040]"));
  EXPECT_EQ(ruling_with([](auto& p) { p.bands.auc = {0.99, 1.0}; }).verdict, Verdict::kDeny);
  EXPECT_EQ(ruling_with([](auto& p) {
              p.bands.auc = {0.99, 1.0};
              p.bands.outside = Verdict::kHold;
            }).verdict, Verdict::kHold);
  LoopFacts locked = facts_at(100);
  locked.plv = 0.95;
  const auto band = [](auto& p) { p.bands.plv = {0.3, 0.7}; };
  EXPECT_EQ(ruling_with(band, locked).verdict, Verdict::kDeny);
  EXPECT_EQ(ruling_with(band).verdict, Verdict::kAllow) << "what is not known is not judged";
}

TEST(DeployRules, AnAlertHoldsOnlyWhereThePolicySaysSo) {
  LoopFacts facts = facts_at(100);
  facts.alert = true;
  EXPECT_EQ(ruling_with([](auto& p) { p.bands.alert = Verdict::kHold; }, facts).verdict,
            Verdict::kHold);
  EXPECT_EQ(ruling_with([](auto& p) { p.bands.alert = Verdict::kHold; }).verdict, Verdict::kAllow);
}

TEST(DeployRules, BudgetsCountDeploymentsPausesTrialsAndAge) {
  LoopFacts facts = facts_at(100);
  facts.deploy_ticks = {50, 91};
  const auto budget = [](int64_t deploys, int64_t window) {
    return [=](GovernancePolicy& p) {
      p.budgets.deploys = deploys;
      p.budgets.window_ticks = window;
    };
  };
  EXPECT_EQ(ruling_with(budget(1, 10), facts).verdict, Verdict::kDeny);
  EXPECT_EQ(ruling_with(budget(1, 9), facts).verdict, Verdict::kAllow);
  EXPECT_EQ(ruling_with(budget(3, 100), facts).verdict, Verdict::kAllow);
  EXPECT_EQ(ruling_with([](auto& p) { p.budgets.pause_ticks = 10; }, facts).verdict, Verdict::kDeny);
  EXPECT_EQ(ruling_with([](auto& p) { p.budgets.pause_ticks = 9; }, facts).verdict, Verdict::kAllow);
  EXPECT_EQ(ruling_with([](auto& p) { p.budgets.trials = 24; }).verdict, Verdict::kDeny);
  EXPECT_EQ(ruling_with([](auto& p) { p.budgets.trials = 25; }).verdict, Verdict::kAllow);
  EXPECT_EQ(ruling_with([](auto& p) { p.budgets.data_age_ticks = 5; }, facts_at(106)).verdict,
            Verdict::kDeny);
  EXPECT_EQ(ruling_with([](auto& p) { p.budgets.data_age_ticks = 5; }, facts_at(105)).verdict,
            Verdict::kAllow);
}

TEST(DeployRules, FreezesAndForbiddenModelsBindChiefAndPeople) {
  const auto freeze = [](int64_t from, int64_t until) {
    return [=](GovernancePolicy& p) { p.freezes = {{"holidays", from, until}}; };
  };
  EXPECT_EQ(ruling_with(freeze(1'000'000, 1'000'001)).verdict, Verdict::kDeny);
  EXPECT_EQ(ruling_with(freeze(999'999, 1'000'000)).verdict, Verdict::kAllow);
  EXPECT_EQ(ruling_with([](auto& p) { p.forbidden.models = {"scorer"}; }).verdict, Verdict::kDeny);
  GovernancePolicy policy;
  EXPECT_TRUE(check_manual_deploy(policy, "scorer", 5));
  policy.freezes = {{"holidays", 1, 10}};
  EXPECT_EQ(check_manual_deploy(policy, "scorer", 5).error().code, ErrorCode::kRefused);
  EXPECT_TRUE(check_manual_deploy(policy, "scorer", 10));
  policy.forbidden.models = {"scorer"};
  EXPECT_FALSE(check_manual_deploy(policy, "scorer", 10));
}

TEST(DeployRules, ADenialWinsOverAHold) {
  const Ruling ruling = ruling_with([](auto& p) {
    p.approval.required = true;
    p.budgets.trials = 1;
  });
  EXPECT_EQ(ruling.verdict, Verdict::kDeny);
  EXPECT_EQ(ruling_with([](auto& p) { p.approval.required = true; }).verdict, Verdict::kHold);
}

TEST(DeployRules, RaisedMarginsStopAtTheHighest) {
  GovernancePolicy policy;
  policy.watch.max_reward_z = 3.0;
  EXPECT_EQ(raised_margins(policy, 0.0).min_reward_z, 2.33);
  EXPECT_DOUBLE_EQ(raised_margins(policy, 0.5).min_reward_z, 2.83);
  EXPECT_EQ(raised_margins(policy, 5.0).min_brier_z, 3.0);
  policy.margins.min_reward_z = 4.0;
  EXPECT_EQ(raised_margins(policy, 5.0).min_reward_z, 4.0) << "never lowered";
}

}  // namespace
}  // namespace thunderline::thunderchief
