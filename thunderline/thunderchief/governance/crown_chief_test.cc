#include "thunderline/thunderchief/governance/crown_chief.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "thunderline/thunderchief/conductor.h"

namespace thunderline::thunderchief {
namespace {

/// CrownChief under a conductor, with what it did.
class CrownChiefTest : public ::testing::Test {
 protected:
  CrownChiefTest() {
    CrownChief::Parts parts{
        governance_,
        [this](int64_t) -> Result<std::optional<GovernancePolicy>> {
          return std::exchange(next_policy_, std::nullopt);
        },
        [this](AuditEntry entry) {
          if (audit_fails_) return Status(fail(ErrorCode::kUnavailable, "disk full"));
          entries_.push_back(std::move(entry));
          return Status{};
        },
        [this](const Directive& directive) { directives_.push_back(directive); }, "run-1"};
    auto chief = std::make_unique<CrownChief>(std::move(parts));
    chief_ = chief.get();
    EXPECT_TRUE(conductor_.register_chief(std::move(chief)));
  }

  /// A tick; returns the names of the actions before the wait.
  std::vector<std::string> tick(int64_t at) {
    steps_.clear();
    conductor_.tick(at);
    std::vector<std::string> names;
    for (const auto& step : steps_) {
      const std::string name(chief_->actions()[static_cast<size_t>(step.action)]);
      if (name != "wait") names.push_back(name);
    }
    return names;
  }

  /// A challenger that the margins let in.
  Ruling ask() const {
    DeployRequest request{.id = "r", .model = "m", .version = 1};
    request.figures.reward.z = 2.5;
    request.figures.reward.difference = 0.1;
    request.figures.differing_seen = 30;
    return governance_.rule(request);
  }

  void use(GovernancePolicy policy) { next_policy_ = std::move(policy); }

  testing::FakeClock clock_;
  Governance governance_{clock_};
  std::optional<GovernancePolicy> next_policy_;
  std::vector<AuditEntry> entries_;
  std::vector<Directive> directives_;
  bool audit_fails_ = false;
  std::vector<thunderbolt::ChiefStep> steps_;
  Conductor conductor_{{}, [this](const thunderbolt::ChiefStep& step) {
                         steps_.push_back(step);
                         return Status{};
                       }};
  CrownChief* chief_ = nullptr;
};

using Names = std::vector<std::string>;

TEST_F(CrownChiefTest, UnderTheDefaultItOnlyWaitsWhateverTheLoopDoes) {
  EXPECT_EQ(tick(0), Names());
  chief_->note_shock(0);
  chief_->note_reading({.alert = true});
  EXPECT_EQ(tick(1), Names());
  EXPECT_EQ(ask().verdict, Verdict::kAllow);
  EXPECT_TRUE(entries_.empty());
}

TEST_F(CrownChiefTest, PutsAPolicyIntoForceAndAuditsIt) {
  GovernancePolicy policy;
  policy.name = "strict";
  policy.margins.min_reward_z = 3;
  use(policy);
  EXPECT_EQ(tick(4), Names{"audit"});
  EXPECT_EQ(ask().verdict, Verdict::kDeny);
  ASSERT_EQ(entries_.size(), 1u);
  EXPECT_EQ(entries_[0].what, "policy_in_force");
  EXPECT_EQ(entries_[0].before, "default");
  EXPECT_EQ(entries_[0].after, "strict");
  EXPECT_EQ(entries_[0].key, "run-1/tick/4/0");
}

TEST_F(CrownChiefTest, RaisesTheMarginsAfterAShockAndLowersThemWhenItIsQuiet) {
  GovernancePolicy policy;
  policy.watch.z_step = 0.5;
  policy.watch.max_reward_z = 3.0;
  policy.watch.quiet_ticks = 10;
  use(policy);
  tick(0);
  chief_->note_shock(0);
  EXPECT_EQ(tick(1), (Names{"adjust_threshold", "audit"}));
  EXPECT_DOUBLE_EQ(chief_->z_raised(), 0.5);
  EXPECT_EQ(ask().verdict, Verdict::kDeny) << "2.5 is below 2.83 now";
  chief_->note_shock(1);
  chief_->note_shock(1);
  tick(2);
  EXPECT_NEAR(chief_->z_raised(), 0.67, 1e-12) << "no higher than the policy says";
  EXPECT_EQ(tick(11), Names());
  EXPECT_EQ(tick(12), (Names{"adjust_threshold", "audit"}));
  EXPECT_NEAR(chief_->z_raised(), 0.17, 1e-12);
  EXPECT_EQ(ask().verdict, Verdict::kAllow);
  EXPECT_EQ(tick(13), Names());
  tick(22);
  EXPECT_EQ(chief_->z_raised(), 0.0);
}

TEST_F(CrownChiefTest, EscalatesOnceForEachNewViolationFromTheThirdOn) {
  tick(0);
  chief_->note_violation(0);
  chief_->note_violation(0);
  EXPECT_EQ(tick(1), Names());
  chief_->note_violation(1);
  EXPECT_EQ(tick(2), (Names{"escalate_violation", "audit"}));
  EXPECT_EQ(tick(3), Names());
  chief_->note_violation(3);
  EXPECT_EQ(tick(4), (Names{"escalate_violation", "audit"}));
  EXPECT_EQ(tick(103), Names()) << "old ones no longer count";
  EXPECT_EQ(chief_->violations(), 0u);
}

TEST_F(CrownChiefTest, SuspendsAfterViolationsAndResumesWhenItIsQuiet) {
  GovernancePolicy policy;
  policy.watch.suspend_after = 2;
  policy.watch.escalate_after = 0;
  policy.watch.window_ticks = 20;
  policy.watch.quiet_ticks = 20;
  use(policy);
  tick(0);
  chief_->note_violation(0);
  EXPECT_EQ(tick(1), Names());
  chief_->note_violation(1);
  EXPECT_EQ(tick(2), (Names{"suspend_policy", "emit_directive", "audit"}));
  EXPECT_EQ(ask().verdict, Verdict::kHold);
  EXPECT_EQ(tick(21), Names());
  EXPECT_EQ(tick(22), (Names{"resume_policy", "emit_directive", "audit"}));
  EXPECT_EQ(ask().verdict, Verdict::kAllow);
  ASSERT_EQ(directives_.size(), 2u);
  EXPECT_EQ(directives_[1].kind, Directive::Kind::kResumeDeploys);
}

TEST_F(CrownChiefTest, TellsWhenAnAlertBeginsAndEnds) {
  GovernancePolicy policy;
  policy.bands.alert = Verdict::kHold;
  use(policy);
  tick(0);
  chief_->note_reading({.alert = true});
  EXPECT_EQ(ask().verdict, Verdict::kHold) << "at once";
  EXPECT_EQ(tick(1), (Names{"emit_directive", "audit"}));
  EXPECT_EQ(tick(2), Names());
  chief_->note_reading({.alert = false});
  EXPECT_EQ(tick(3), (Names{"emit_directive", "audit"}));
  EXPECT_EQ(ask().verdict, Verdict::kAllow);
  ASSERT_EQ(directives_.size(), 2u);
  EXPECT_EQ(directives_[0].kind, Directive::Kind::kHoldDeploys);
}

TEST_F(CrownChiefTest, AnEntryThatCannotBeWrittenIsAnErrorAndIsNotLost) {
  audit_fails_ = true;
  use({});
  tick(0);
  EXPECT_EQ(conductor_.get_states()[0].last_error->code, ErrorCode::kUnavailable);
  audit_fails_ = false;
  tick(1);  // Skipped: its turn before failed.
  EXPECT_TRUE(entries_.empty());
  tick(2);
  EXPECT_EQ(entries_.size(), 1u);
}

TEST_F(CrownChiefTest, ObservesNumbersFromZeroToOne) {
  tick(0);
  for (int i = 0; i < 50; ++i) chief_->note_shock(0);
  chief_->note_deployed(0);
  for (const int64_t at : {1, 2, 1000}) {
    tick(at);
    const auto state = chief_->observe_state();
    ASSERT_EQ(state.size(), 7u);
    for (const float value : state) {
      EXPECT_GE(value, 0.0f);
      EXPECT_LE(value, 1.0f);
    }
  }
}

}  // namespace
}  // namespace thunderline::thunderchief
