#include "thunderline/thunderchief/orchestrator/trial_store.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace thunderline::thunderchief {
namespace {

using cerebros::service::AgentTrial;

AgentTrial trial_of(int number, std::optional<double> val_loss) {
  return {number, {{"learning_rate", 0.1 + 0.2}, {"hidden_dim", int64_t{64}}}, val_loss, 7};
}

class TrialStoreTest : public ::testing::Test {
 protected:
  /// Opened anew each time, as after a kill.
  TrialStore& store() {
    store_.reset();
    store_ = TrialStore::open(folder_.path("state.db")).value();
    return *store_;
  }
  std::optional<AgentTrial> recall(int version, const AgentTrial& trial) {
    return store().recall("m", version, trial.number, trial.params).value();
  }

  testing::TempFolder folder_;
  std::unique_ptr<TrialStore> store_;
};

TEST_F(TrialStoreTest, GivesBackTheVeryNumbersThatWereKept) {
  const AgentTrial trial = trial_of(3, 1.0 / 3.0);
  ASSERT_TRUE(store().begin("m", 1, "study"));
  ASSERT_TRUE(store().keep("m", 1, trial));
  ASSERT_TRUE(store().begin("m", 1, "study"));
  const auto known = recall(1, trial);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->val_loss, trial.val_loss);
  EXPECT_EQ(known->epochs, 7);
  EXPECT_EQ(known->params, trial.params);
}

TEST_F(TrialStoreTest, KeepsThatATrialFailed) {
  ASSERT_TRUE(store().begin("m", 1, "study"));
  ASSERT_TRUE(store().keep("m", 1, trial_of(0, std::nullopt)));
  const auto known = recall(1, trial_of(0, std::nullopt));
  ASSERT_TRUE(known);
  EXPECT_FALSE(known->val_loss);
}

TEST_F(TrialStoreTest, KnowsNothingOfOtherNumbersVersionsOrParameters) {
  ASSERT_TRUE(store().begin("m", 1, "study"));
  ASSERT_TRUE(store().keep("m", 1, trial_of(0, 0.5)));
  EXPECT_FALSE(recall(1, trial_of(1, 0.5)));
  EXPECT_FALSE(recall(2, trial_of(0, 0.5)));
  AgentTrial other = trial_of(0, 0.5);
  other.params[1].second = int64_t{32};
  EXPECT_FALSE(recall(1, other));
}

TEST_F(TrialStoreTest, ForgetsTheTrialsOfAnotherStudy) {
  ASSERT_TRUE(store().begin("m", 1, "study"));
  ASSERT_TRUE(store().keep("m", 1, trial_of(0, 0.5)));
  ASSERT_TRUE(store().begin("m", 2, "study"));
  ASSERT_TRUE(store().keep("m", 2, trial_of(0, 0.5)));
  ASSERT_TRUE(store().begin("m", 1, "other data"));
  EXPECT_EQ(store().count("m", 1).value(), 0);
  EXPECT_EQ(store().count("m", 2).value(), 1);
}

}  // namespace
}  // namespace thunderline::thunderchief
