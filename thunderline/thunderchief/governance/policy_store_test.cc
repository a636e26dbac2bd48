#include "thunderline/thunderchief/governance/policy_store.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace thunderline::thunderchief {
namespace {

using State = DeployHold::State;

DeployHold hold(const std::string& id, Verdict on_deadline = Verdict::kDeny) {
  return {.id = id,
          .model = "scorer",
          .version = 2,
          .reason = "it needs approval",
          .opened_unix_ms = 1000,
          .deadline_unix_ms = 2000,
          .on_deadline = on_deadline};
}

class PolicyStoreTest : public ::testing::Test {
 protected:
  PolicyStore open() { return PolicyStore::open(posix_file_system(), folder_.path("home")).value(); }

  testing::TempFolder folder_;
};

TEST_F(PolicyStoreTest, BeginsWithTheDefaultAndKeepsTheHistory) {
  PolicyStore store = open();
  EXPECT_EQ(store.active()->version, 0);
  EXPECT_EQ(store.active()->toml, to_toml({}));
  GovernancePolicy policy;
  policy.margins.min_reward_z = 3;
  EXPECT_EQ(*store.put(policy, "ann", "stricter", 10), 1);
  policy.name = "other";
  EXPECT_EQ(*store.put(policy, "bob", "", 20), 2);
  PolicyStore again = open();
  EXPECT_EQ(again.active()->version, 2);
  EXPECT_EQ(again.active()->toml, to_toml(policy));
  const auto history = again.history();
  ASSERT_EQ(history->size(), 2u);
  EXPECT_EQ((*history)[0].who, "ann");
  EXPECT_EQ((*history)[0].why, "stricter");
  EXPECT_EQ((*history)[0].set_unix_ms, 10);
}

TEST_F(PolicyStoreTest, ARequestIsApprovedOrDeniedOnce) {
  PolicyStore store = open();
  ASSERT_TRUE(store.open_request(hold("a")));
  ASSERT_TRUE(store.open_request(hold("b")));
  EXPECT_EQ(store.settle("a", 1999)->state, State::kPending);
  PolicyStore other = open();
  ASSERT_TRUE(other.decide("a", true, "ann", "looks good", 1500));
  ASSERT_TRUE(other.decide("b", false, "bob", "no", 1600));
  EXPECT_EQ(store.settle("a", 9999)->state, State::kApproved);
  EXPECT_EQ(store.settle("a", 9999)->who, "ann");
  EXPECT_EQ(store.settle("b", 9999)->state, State::kDenied);
  EXPECT_EQ(store.decide("a", false, "bob", "", 1700).error().code, ErrorCode::kRefused);
  EXPECT_EQ(store.decide("c", true, "bob", "", 1700).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store.requests()->size(), 2u);
}

TEST_F(PolicyStoreTest, TheDeadlineDecidesAsThePolicySaid) {
  PolicyStore store = open();
  ASSERT_TRUE(store.open_request(hold("denied")));
  ASSERT_TRUE(store.open_request(hold("allowed", Verdict::kAllow)));
  EXPECT_EQ(store.settle("denied", 2000)->state, State::kDenied);
  EXPECT_EQ(store.settle("denied", 2000)->who, "deadline");
  EXPECT_EQ(store.decide("allowed", false, "ann", "", 2000).error().code, ErrorCode::kRefused);
  EXPECT_EQ(store.settle("allowed", 2001)->state, State::kApproved);
}

TEST_F(PolicyStoreTest, AskingAgainAfterARestartKeepsTheDeadlineAndTheDecision) {
  ASSERT_TRUE(open().open_request(hold("a")));
  PolicyStore store = open();
  DeployHold later = hold("a");
  later.deadline_unix_ms = 99'999;
  ASSERT_TRUE(store.open_request(later));
  EXPECT_EQ(store.settle("a", 1500)->deadline_unix_ms, 2000);
  ASSERT_TRUE(store.decide("a", true, "ann", "", 1500));
  ASSERT_TRUE(store.open_request(later));
  EXPECT_EQ(store.settle("a", 1500)->state, State::kApproved);
}

}  // namespace
}  // namespace thunderline::thunderchief
