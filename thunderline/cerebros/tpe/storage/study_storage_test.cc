// What every study storage must do; a new implementation adds itself to the list at the end.

#include "thunderline/cerebros/tpe/storage/study_storage.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "thunderline/cerebros/tpe/storage/memory_storage.h"

namespace thunderline::cerebros::tpe {
namespace {

using MakeStorage = std::function<std::unique_ptr<StudyStorage>()>;

class AnyStudyStorage : public ::testing::TestWithParam<MakeStorage> {
 protected:
  std::unique_ptr<StudyStorage> storage_ = GetParam()();
  int64_t study_ = storage_->create_study("first", Direction::kMaximize).value().id;
};

TEST_P(AnyStudyStorage, KeepsStudiesByName) {
  EXPECT_EQ(storage_->create_study("first", Direction::kMinimize).error().code,
            ErrorCode::kRefused);
  const StudyRecord second = storage_->create_study("second", Direction::kMinimize).value();
  EXPECT_EQ(storage_->find_study("first").value().direction, Direction::kMaximize);
  EXPECT_EQ(storage_->list_studies().value().size(), 2u);
  EXPECT_TRUE(storage_->delete_study(second.id));
  EXPECT_EQ(storage_->find_study("second").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(storage_->delete_study(second.id).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(storage_->trials(second.id).error().code, ErrorCode::kNotFound);
}

TEST_P(AnyStudyStorage, NumbersTrialsFromZero) {
  EXPECT_EQ(storage_->add_running_trial(study_).value()->number, 0);
  EXPECT_EQ(storage_->add_waiting_trial(study_, {{"x", 1.0}}).value()->number, 1);
  EXPECT_EQ(storage_->trials(study_).value().size(), 2u);
  EXPECT_EQ(storage_->trial(study_, 2).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(storage_->trial(study_, -1).error().code, ErrorCode::kNotFound);
}

TEST_P(AnyStudyStorage, RemembersWhatATrialWasGiven) {
  ASSERT_TRUE(storage_->add_running_trial(study_));
  const auto unit = std::make_shared<const Distribution>(FloatDistribution{0, 1, false, {}});
  ASSERT_TRUE(storage_->set_param(study_, 0, {"x", 0.5, unit}));
  ASSERT_TRUE(storage_->set_relative_params(study_, 0, {{"x", 0.5}, {"c", "a"}}));
  ASSERT_TRUE(storage_->set_intermediate_value(study_, 0, 3, 0.25));
  ASSERT_TRUE(storage_->set_constraints(study_, 0, {-1}));
  ASSERT_TRUE(storage_->set_rung_values(study_, 0, {0.25}));
  ASSERT_TRUE(storage_->finish_trial(study_, 0, TrialState::kComplete, 0.75));
  const TrialPtr trial = storage_->trial(study_, 0).value();
  EXPECT_EQ(trial->find("x")->value, ParamValue(0.5));
  EXPECT_EQ(*trial->find("x")->distribution, *unit);
  EXPECT_EQ(trial->relative_params.size(), 2u);
  EXPECT_EQ(trial->intermediate_values.at(3), 0.25);
  EXPECT_EQ(trial->constraints, std::vector<double>{-1});
  EXPECT_EQ(trial->rung_values, std::vector<double>{0.25});
  EXPECT_EQ(trial->state, TrialState::kComplete);
  EXPECT_EQ(trial->value, 0.75);
}

TEST_P(AnyStudyStorage, NeverChangesAFinishedTrialOrAnOldSnapshot) {
  const TrialPtr before = storage_->add_running_trial(study_).value();
  ASSERT_TRUE(storage_->finish_trial(study_, 0, TrialState::kFail, std::nullopt));
  EXPECT_EQ(before->state, TrialState::kRunning);
  EXPECT_EQ(storage_->set_intermediate_value(study_, 0, 0, 1).error().code, ErrorCode::kRefused);
  EXPECT_EQ(storage_->finish_trial(study_, 0, TrialState::kComplete, 1.0).error().code,
            ErrorCode::kRefused);
}

TEST_P(AnyStudyStorage, HandsOutWaitingTrialsOnceOldestFirst) {
  EXPECT_EQ(storage_->claim_waiting_trial(study_).value(), nullptr);
  ASSERT_TRUE(storage_->add_waiting_trial(study_, {{"x", 1.0}}));
  ASSERT_TRUE(storage_->add_waiting_trial(study_, {{"x", 2.0}}));
  ASSERT_TRUE(storage_->add_waiting_trial(study_, {{"x", 3.0}}));
  ASSERT_TRUE(storage_->finish_trial(study_, 1, TrialState::kFail, std::nullopt));
  const TrialPtr claimed = storage_->claim_waiting_trial(study_).value();
  EXPECT_EQ(claimed->number, 0);
  EXPECT_EQ(claimed->state, TrialState::kRunning);
  EXPECT_EQ(*find_param(claimed->fixed_params, "x"), ParamValue(1.0));
  EXPECT_EQ(storage_->claim_waiting_trial(study_).value()->number, 2);
  EXPECT_EQ(storage_->claim_waiting_trial(study_).value(), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Memory, AnyStudyStorage,
                         ::testing::Values([] { return std::make_unique<MemoryStorage>(); }));

}  // namespace
}  // namespace thunderline::cerebros::tpe
