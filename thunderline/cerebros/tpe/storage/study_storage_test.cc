// What every study storage must do; a new implementation adds itself to the list at the end.

#include "thunderline/cerebros/tpe/storage/study_storage.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>

#include "tests/support/fake_clock.h"
#include "tests/support/postgres_server.h"
#include "tests/support/temp_folder.h"
#include "thunderline/cerebros/tpe/storage/memory_storage.h"
#include "thunderline/cerebros/tpe/storage/open_storage.h"

namespace thunderline::cerebros::tpe {
namespace {

/// "memory", "sqlite" or "postgresql"; each test has a file or a database of its own.
class AnyStudyStorage : public ::testing::TestWithParam<std::string> {
 protected:
  std::string url() const {
    if (GetParam() == "postgresql") return testing::PostgresServer::instance().new_database();
    return GetParam() == "sqlite" ? "sqlite:///" + folder_.path("studies.db") : GetParam();
  }

  testing::TempFolder folder_;
  testing::FakeClock clock_;
  std::shared_ptr<StudyStorage> storage_ = open_storage(url(), clock_, true).value();
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

TEST_P(AnyStudyStorage, KeepsNumbersThatAreNotFinite) {
  ASSERT_TRUE(storage_->add_running_trial(study_));
  const double infinity = std::numeric_limits<double>::infinity();
  ASSERT_TRUE(storage_->set_intermediate_value(study_, 0, 0, std::nan("")));
  ASSERT_TRUE(storage_->set_intermediate_value(study_, 0, 1, infinity));
  ASSERT_TRUE(storage_->set_intermediate_value(study_, 0, 2, -infinity));
  ASSERT_TRUE(storage_->set_constraints(study_, 0, {infinity, -1.5}));
  ASSERT_TRUE(storage_->set_rung_values(study_, 0, {-infinity, 2}));
  ASSERT_TRUE(storage_->finish_trial(study_, 0, TrialState::kComplete, -infinity));
  const TrialPtr trial = storage_->trial(study_, 0).value();
  EXPECT_TRUE(std::isnan(trial->intermediate_values.at(0)));
  EXPECT_EQ(trial->intermediate_values.at(1), infinity);
  EXPECT_EQ(trial->intermediate_values.at(2), -infinity);
  EXPECT_EQ(trial->constraints, (std::vector<double>{infinity, -1.5}));
  EXPECT_EQ(trial->rung_values, (std::vector<double>{-infinity, 2}));
  EXPECT_EQ(trial->value, -infinity);
}

TEST_P(AnyStudyStorage, KeepsAttributes) {
  ASSERT_TRUE(storage_->add_running_trial(study_));
  ASSERT_TRUE(storage_->set_trial_attribute(study_, 0, AttributeOwner::kUser, "a", "[1]"));
  ASSERT_TRUE(storage_->set_trial_attribute(study_, 0, AttributeOwner::kUser, "a", "[2]"));
  ASSERT_TRUE(storage_->set_trial_attribute(study_, 0, AttributeOwner::kSystem, "s", "\"x\""));
  ASSERT_TRUE(storage_->set_study_attribute(study_, AttributeOwner::kSystem, "seed", "7"));
  ASSERT_TRUE(storage_->set_study_attribute(study_, AttributeOwner::kUser, "who", "\"me\""));
  EXPECT_EQ(storage_->trial(study_, 0).value()->user_attributes.at("a"), "[2]");
  EXPECT_EQ(storage_->trial(study_, 0).value()->system_attributes.at("s"), "\"x\"");
  EXPECT_EQ(storage_->find_study("first").value().system_attributes.at("seed"), "7");
  EXPECT_EQ(storage_->find_study("first").value().user_attributes.at("who"), "\"me\"");
  EXPECT_EQ(storage_->set_study_attribute(99, AttributeOwner::kUser, "k", "1").error().code,
            ErrorCode::kNotFound);
}

TEST_P(AnyStudyStorage, KeepsEveryKindOfValueAndLongDraws) {
  ASSERT_TRUE(storage_->add_running_trial(study_));
  Params drawn = {{"flag", true}, {"none", std::monostate()}, {"text", "äß\"\n"}, {"whole", int64_t{3}}};
  for (int i = 0; i < 400; ++i) drawn.emplace_back("x" + std::to_string(i), i + 0.1);
  ASSERT_TRUE(storage_->set_relative_params(study_, 0, drawn));
  const auto choice = std::make_shared<const Distribution>(CategoricalDistribution{
      {std::monostate(), true, int64_t{2}, 2.5, std::string("two words")}});
  ASSERT_TRUE(storage_->set_param(study_, 0, {"c", 2.5, choice}));
  const auto whole = std::make_shared<const Distribution>(IntDistribution{1, 1024, true, 1});
  ASSERT_TRUE(storage_->set_param(study_, 0, {"n", int64_t{512}, whole}));
  const TrialPtr trial = storage_->trial(study_, 0).value();
  EXPECT_EQ(trial->relative_params, drawn);
  EXPECT_EQ(*trial->find("c")->distribution, *choice);
  EXPECT_EQ(trial->find("c")->value, ParamValue(2.5));
  EXPECT_EQ(*trial->find("n")->distribution, *whole);
  EXPECT_EQ(trial->find("n")->value, ParamValue(int64_t{512}));
}

TEST_P(AnyStudyStorage, DoesAllOfATransactionOrNothing) {
  const Status failed = storage_->atomically([&]() -> Status {
    TL_RETURN_IF_ERROR(storage_->add_running_trial(study_));
    TL_RETURN_IF_ERROR(storage_->set_constraints(study_, 0, {1}));
    return fail(ErrorCode::kUnavailable, "no");
  });
  EXPECT_EQ(failed.error().message, "no");
  EXPECT_TRUE(storage_->trials(study_).value().empty());
  ASSERT_TRUE(storage_->atomically([&]() -> Status {
    TL_RETURN_IF_ERROR(storage_->add_running_trial(study_));
    return storage_->atomically([&] { return storage_->set_constraints(study_, 0, {1}); });
  }));
  EXPECT_EQ(storage_->trial(study_, 0).value()->constraints, std::vector<double>{1});
}

TEST_P(AnyStudyStorage, FailsATrialWithoutBeatsOnceAndQueuesItAgain) {
  using std::chrono::seconds;
  const auto unit = std::make_shared<const Distribution>(FloatDistribution{0, 1, false, {}});
  for (int number : {0, 1, 2}) {
    ASSERT_TRUE(storage_->add_running_trial(study_));
    ASSERT_TRUE(storage_->set_param(study_, number, {"x", 0.5, unit}));
  }
  ASSERT_TRUE(storage_->set_trial_attribute(study_, 0, AttributeOwner::kUser, "note", "1"));
  ASSERT_TRUE(storage_->set_intermediate_value(study_, 0, 0, 1));
  ASSERT_TRUE(storage_->beat(study_, 0));
  ASSERT_TRUE(storage_->beat(study_, 1));
  clock_.advance(seconds(20));
  ASSERT_TRUE(storage_->beat(study_, 1));  // trial 2 never beats: somebody else's, left alone
  clock_.advance(seconds(20));
  EXPECT_EQ(storage_->retry_stale_trials(study_, seconds(30)).value(), std::vector<int>{0});
  EXPECT_TRUE(storage_->retry_stale_trials(study_, seconds(30)).value().empty());
  EXPECT_EQ(storage_->trial(study_, 0).value()->state, TrialState::kFail);
  const TrialPtr again = storage_->claim_waiting_trial(study_).value();
  EXPECT_EQ(again->number, 3);
  EXPECT_EQ(again->find("x")->value, ParamValue(0.5));
  EXPECT_EQ(again->user_attributes.at("note"), "1");
  EXPECT_TRUE(again->intermediate_values.empty());
  EXPECT_EQ(again->system_attributes.at("failed_trial"), "0");
  EXPECT_EQ(again->system_attributes.at("retry_history"), "[0]");

  ASSERT_TRUE(storage_->beat(study_, 3));
  clock_.advance(seconds(60));
  EXPECT_EQ(storage_->retry_stale_trials(study_, seconds(30)).value(), (std::vector<int>{1, 3}));
  const TrialPtr third = storage_->trial(study_, 5).value();
  EXPECT_EQ(third->system_attributes.at("failed_trial"), "0");
  EXPECT_EQ(third->system_attributes.at("retry_history"), "[0, 3]");
  EXPECT_EQ(storage_->beat(study_, 0).error().code, ErrorCode::kRefused);
}

INSTANTIATE_TEST_SUITE_P(Backends, AnyStudyStorage,
                         ::testing::Values("memory", "sqlite", "postgresql"),
                         [](const auto& backend) { return backend.param; });

}  // namespace
}  // namespace thunderline::cerebros::tpe
