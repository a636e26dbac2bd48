#include "thunderline/thunderprism/history_store.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/temp_folder.h"
#include "thunderline/base/json_util.h"
#include "thunderline/thunderprism/training_story.h"

namespace thunderline::thunderprism {
namespace {

using namespace thunderchief;  // NOLINT: messages are named here.

TrialRow trial(int version, int number, std::optional<double> value) {
  return {version, number, value, 2, R"({"a":1})", 5, 0.5, {}, -0.1, R"({"epoch":[1,2]})", "l1\nl2\n"};
}

Json parsed(const Result<std::string>& text) {
  EXPECT_TRUE(text) << to_string(text.error());
  return text ? Json::parse(*text) : Json();
}

class HistoryStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<HistoryStore> open() { return HistoryStore::open(folder_.path("state.db")).value(); }
  testing::TempFolder folder_;
};

TEST_F(HistoryStoreTest, GivesBackWhatWasWrittenBeforeARestart) {
  ASSERT_TRUE(open()->write({{{1, true, R"({"version":1})"}, {2, true, R"({"version":2,"trials":9})"}},
                 {trial(2, 0, 0.5), trial(2, 1, {})},
                 {{1, 10, "t", "a", "b", "one"}, {2, 11, "t", "a", "b", "two"}}}));
  const auto store = open();
  const auto past = store->restore(1).value();
  ASSERT_TRUE(past.training);
  EXPECT_EQ(past.training->version, 2);
  ASSERT_EQ(past.trials.size(), 2u);
  EXPECT_EQ(past.trials[0].value, 0.5);
  EXPECT_FALSE(past.trials[1].value);
  ASSERT_EQ(past.messages.size(), 1u);
  EXPECT_EQ(past.messages[0].summary, "two");
  const Json columns = parsed(store->trials_json(2));
  EXPECT_EQ(columns["trials"], 9);
  EXPECT_EQ(columns["value"], Json::parse("[0.5,null]"));
  const Json one = parsed(store->trial_json(2, 0));
  EXPECT_EQ(one["curves"]["epoch"], Json::parse("[1,2]"));
  EXPECT_EQ(one["log"], Json::parse(R"(["l1","l2"])"));
  EXPECT_EQ(one["plv"], 0.5);
  EXPECT_TRUE(one["sigma"].is_null());
  EXPECT_EQ(store->trial_json(2, 7).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store->trials_json(7).error().code, ErrorCode::kNotFound);
}

TEST_F(HistoryStoreTest, ATrainingThatBeginsAnewLosesTheTrialsOfTheOneCutOff) {
  const auto store = open();
  ASSERT_TRUE(store->write({{{1, true, "{}"}}, {trial(1, 0, 0.5), trial(1, 1, 0.4)}, {}}));
  ASSERT_TRUE(store->write({{{1, true, "{}"}}, {trial(1, 0, 0.3)}, {}}));
  EXPECT_EQ(parsed(store->trials_json(1))["value"], Json::parse("[0.3]"));
}

TEST_F(HistoryStoreTest, AgesOutByItsRule) {
  const auto store = open();
  HistoryBatch batch;
  for (int version = 1; version <= HistoryStore::kTrainings + 5; ++version) {
    batch.trainings.push_back({version, true, R"({"version":)" + std::to_string(version) + "}"});
    batch.trials.push_back(trial(version, 0, 0.5));
    batch.trials.push_back(trial(version, 1, 0.2));
  }
  for (uint64_t n = 1; n <= HistoryStore::kMessages + 3; ++n) {
    batch.messages.push_back({n, 1, "type", "a", "b", "m" + std::to_string(n)});
  }
  ASSERT_TRUE(store->write(batch));
  const int newest = HistoryStore::kTrainings + 5;
  EXPECT_FALSE(store->trials_json(5));
  EXPECT_TRUE(store->trials_json(6));
  const int old = newest - HistoryStore::kTrainingsWithCurves;
  EXPECT_TRUE(parsed(store->trial_json(old, 0))["curves"].is_null());
  EXPECT_FALSE(parsed(store->trial_json(old, 1))["curves"].is_null()) << "the best trial's stay";
  EXPECT_FALSE(parsed(store->trial_json(old + 1, 0))["curves"].is_null());
  const Json first = parsed(store->messages_json(5, 10, ""));
  ASSERT_EQ(first["items"].size(), 1u);
  EXPECT_EQ(first["items"][0]["n"], 4);
}

TEST_F(HistoryStoreTest, PagesAndFiltersMessages) {
  const auto store = open();
  ASSERT_TRUE(store->write({{}, {}, {{1, 1, "t", "a", "b", "100% x"}, {2, 1, "t", "a", "b", "100 y"}, {3, 1, "u", "a", "b", "100% z"}}}));
  const Json page = parsed(store->messages_json(0, 1, "0%"));
  ASSERT_EQ(page["items"].size(), 1u);
  EXPECT_EQ(page["items"][0]["n"], 3);
  EXPECT_EQ(page["next"], 3);
  EXPECT_EQ(parsed(store->messages_json(3, 9, "0%"))["items"][0]["n"], 1);
  EXPECT_TRUE(parsed(store->messages_json(3, 9, "0%"))["next"].is_null());
  EXPECT_EQ(parsed(store->trainings_json(0, 5))["items"].size(), 0u);
}

TEST(KeptPoints, KeepsTheEndsAndEveryBucketsExtremes) {
  std::vector<double> values(5000, 1.0);
  values[777] = -3;
  values[4001] = 9;
  const auto kept = kept_points(values, 600);
  EXPECT_LE(kept.size(), 600u);
  for (const size_t wanted : {0u, 777u, 4001u, 4999u}) {
    EXPECT_TRUE(std::find(kept.begin(), kept.end(), wanted) != kept.end()) << wanted;
  }
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end()));
  EXPECT_EQ(kept_points({1, 2, 3}, 600).size(), 3u);
}

TEST_F(HistoryStoreTest, AStoryGoesOnWhereTheProcessBeforeItEnded) {
  TrainingStory told;
  Curriculum curriculum;
  curriculum.version = 3;
  curriculum.training.trials = 2;
  told.tell(TrainingGranted{1, curriculum}, 100);
  told.tell(TrainingStarted{1, 3, 2, 50}, 110);
  told.tell(TrainingProgress{1, 1, 2, 0.5, 0.5, 2, R"({"a":1})", {{"loss", {0.9, 0.7}}, {"val_loss", {0.8, 0.5}}}, ""}, 120);
  const auto store = open();
  ASSERT_TRUE(store->write(told.take_news({0.4, {}, {}})));
  EXPECT_TRUE(told.take_news({}).empty()) << "nothing new";
  const Json one = parsed(store->trial_json(3, 0));
  EXPECT_EQ(one["curves"]["val_loss"], Json::parse("[0.8,0.5]"));
  EXPECT_EQ(one["log"].back(), "told: 0.5000");
  TrainingStory after;
  after.restore(store->restore(500).value());
  EXPECT_EQ(after.training_json(), told.training_json());
  EXPECT_EQ(after.trials_json(), told.trials_json());
  EXPECT_EQ(after.messages_json(0), told.messages_json(0));
  EXPECT_TRUE(after.take_news({}).empty());
  after.settle(3, "refused", "too weak", 200);
  EXPECT_EQ(Json::parse(after.training_json())["outcome"], "refused");
  EXPECT_EQ(after.take_news({}).trainings.size(), 1u);
}

}  // namespace
}  // namespace thunderline::thunderprism
