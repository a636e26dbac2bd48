#include "thunderline/thunderchief/governance/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thunderline::thunderchief {
namespace {

using ::testing::HasSubstr;

Error error_of(const std::string& text) {
  const auto policy = parse_policy(text, "p.toml");
  if (policy) {
    ADD_FAILURE() << "accepted: " << text;
    return {};
  }
  return policy.error();
}

TEST(GovernancePolicy, AnEmptyFileIsTheDefaultThatTheInboxWorldDefines) {
  const auto policy = parse_policy("", "p.toml");
  ASSERT_TRUE(policy);
  EXPECT_EQ(to_toml(*policy), to_toml(GovernancePolicy{}));
  EXPECT_EQ(policy->margins.min_reward_z, 2.33);
  EXPECT_EQ(policy->margins.min_differing_seen, 20);
  EXPECT_EQ(policy->margins.min_brier_z, 2.33);
  EXPECT_EQ(policy->margins.brier_bound_z, 1.64);
  EXPECT_EQ(policy->margins.brier_min_lower_bound, -0.05);
  EXPECT_FALSE(policy->approval.required);
}

TEST(GovernancePolicy, ComesBackFromItsFileAsItWas) {
  GovernancePolicy policy;
  policy.name = "night \"watch\"\n";
  policy.margins.min_reward_z = 0.1;
  policy.bands.plv = {0.25, 0.75};
  policy.bands.alert = Verdict::kHold;
  policy.budgets.deploys = 2;
  policy.budgets.window_ticks = 50;
  policy.forbidden.categories = {"motor"};
  policy.approval.required = true;
  policy.freezes = {{"holidays", 1'798'070'400'000, 1'798'243'200'123}};
  const auto back = parse_policy(to_toml(policy), "p.toml");
  ASSERT_TRUE(back) << to_string(back.error());
  EXPECT_EQ(to_toml(*back), to_toml(policy));
  EXPECT_EQ(back->freezes, policy.freezes);
  EXPECT_EQ(back->bands.plv, policy.bands.plv);
}

TEST(GovernancePolicy, NamesFileLineAndColumnOfAnUnknownKey) {
  const Error error = error_of("name = \"x\"\n\n[margins]\n  min_rewardz = 2.0\n");
  EXPECT_EQ(error.code, ErrorCode::kBadData);
  EXPECT_EQ(error.where, "p.toml line 4 column 3");
  EXPECT_THAT(error.message, HasSubstr("margins.min_rewardz"));
  EXPECT_THAT(error.hint, HasSubstr("margins.min_reward_z"));
}

TEST(GovernancePolicy, RefusesEveryWrongTypeWithItsPlaceAndWhatToWrite) {
  const char* const wrong[] = {"[margins]\nmin_reward_z = \"2\"", "[margins]\nmin_differing_seen = 2.5",
                               "[approval]\nrequired = 1",       "[bands]\nplv = [0.1]",
                               "[bands]\nplv = [\"a\", 1]",       "[bands]\noutside = \"maybe\"",
                               "[forbidden]\ncategories = [1]",  "[budgets]\ndeploys = -1",
                               "[approval]\non_deadline = \"hold\"",
                               "[forbidden]\ncategories = [\"nosuch\"]", "[margins]\nmin_brier_z = nan",
                               "name = \"\""};
  for (const char* text : wrong) {
    const Error error = error_of(text);
    EXPECT_EQ(error.code, ErrorCode::kBadData) << text;
    EXPECT_THAT(error.where, HasSubstr("column ")) << text;
    EXPECT_THAT(error.hint, HasSubstr("write ")) << text;
  }
}

TEST(GovernancePolicy, RefusesWhatIsNoTomlOrNoTable) {
  EXPECT_EQ(error_of("name = ").where.substr(0, 13), "p.toml line 1");
  EXPECT_THAT(error_of("margins = 3").message, HasSubstr("no table"));
  EXPECT_THAT(error_of("freeze = 3").hint, HasSubstr("[[freeze]]"));
  EXPECT_THAT(error_of("format = 2").message, HasSubstr("format"));
}

TEST(GovernancePolicy, RefusesContradictionsAtTheirPlace) {
  EXPECT_EQ(error_of("[bands]\nplv = [0.9, 0.1]").where, "p.toml line 2 column 7");
  EXPECT_THAT(error_of("[budgets]\ndeploys = 3").hint, HasSubstr("window_ticks"));
  EXPECT_THAT(error_of("[budgets]\nwindow_ticks = 3").hint, HasSubstr("deploys"));
  EXPECT_THAT(error_of("[watch]\nwindow_ticks = 0").message, HasSubstr("never enough"));
  EXPECT_THAT(error_of("[watch]\nsuspend_after = 1\nquiet_ticks = 0").where, HasSubstr("line 3"));
  EXPECT_THAT(error_of("[watch]\nz_step = 0.1\nmax_reward_z = 2.0").where, HasSubstr("line 3"));
  EXPECT_THAT(error_of("[[freeze]]\nname = \"a\"\nfrom = 2026-02-01T00:00:00Z\n"
                       "until = 2026-01-01T00:00:00Z").message, HasSubstr("ends before"));
}

TEST(GovernancePolicy, AFreezeNeedsANameAndTimesWithAZone) {
  EXPECT_THAT(error_of("[[freeze]]\nname = \"a\"\nfrom = 2026-01-01T00:00:00").hint,
              HasSubstr("00:00:00Z"));
  EXPECT_THAT(error_of("[[freeze]]\nname = \"a\"").message, HasSubstr("from"));
  EXPECT_THAT(error_of("[[freeze]]\nwhen = 1").where, HasSubstr("line 2 column 1"));
  const auto policy = parse_policy(
      "[[freeze]]\nname = \"a\"\nfrom = 2026-01-01T00:00:00+01:00\nuntil = 2026-01-01T00:00:00Z",
      "p.toml");
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->freezes[0].until_unix_ms, 1'767'225'600'000);
  EXPECT_EQ(policy->freezes[0].from_unix_ms, 1'767'225'600'000 - 3'600'000);
}

TEST(GovernancePolicy, SetsOneValueOrChangesNothing) {
  GovernancePolicy policy;
  ASSERT_TRUE(set_policy_value(policy, "margins.min_reward_z", "3"));
  EXPECT_EQ(policy.margins.min_reward_z, 3.0);
  ASSERT_TRUE(set_policy_value(policy, "bands.alert", "deny"));
  EXPECT_EQ(policy.bands.alert, Verdict::kDeny);
  ASSERT_TRUE(set_policy_value(policy, "forbidden.models", "[\"old\"]"));
  const std::string before = to_toml(policy);
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{
           {"margins.min_reward_z", "much"},
           {"no.such", "1"},
           {"bands.plv", "[1, 0]"},
           {"budgets.deploys", "4"},
           {"name", "\"a\"\nextra = 1"},
           {"approval.required", ""}}) {
    const Status set = set_policy_value(policy, key, value);
    ASSERT_FALSE(set) << key;
    EXPECT_EQ(set.error().code, ErrorCode::kInvalidArgument) << key;
    EXPECT_NE(set.error().hint, "") << key;
  }
  EXPECT_EQ(to_toml(policy), before);
}

}  // namespace
}  // namespace thunderline::thunderchief
