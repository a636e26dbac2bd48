#include "thunderline/thunderbolt/training/tpe_client.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "thunderline/cerebros/tpe/storage/memory_storage.h"

namespace thunderline::thunderbolt {
namespace {

using cerebros::tpe::Direction;
using cerebros::tpe::find_param;
using cerebros::tpe::SearchSpace;
using cerebros::tpe::TrialState;

SearchSpace small_space() {
  return SearchSpace::parse(R"([{"name":"x","type":"float","low":0,"high":1},
                                {"name":"act","type":"categorical","choices":["relu","gelu"]}])",
                            "test").value();
}

double x_of(const TpeClient::Suggestion& suggestion) {
  return std::get<double>(*find_param(suggestion.params, "x"));
}

TEST(TpeClient, SuggestsRecordsAndNamesTheBest) {
  TpeClient client;
  ASSERT_TRUE(client.init_study("s", small_space()));
  EXPECT_EQ(client.best_params("s").error().code, ErrorCode::kNotFound);
  double best = 2;
  for (int i = 0; i < 30; ++i) {
    const auto suggestion = client.suggest("s").value();
    EXPECT_EQ(suggestion.trial, i);
    ASSERT_EQ(suggestion.params.size(), 2u);
    EXPECT_EQ(client.record("s", i, x_of(suggestion)).value(), x_of(suggestion) < best);
    best = std::min(best, x_of(suggestion));
  }
  const auto winner = client.best_params("s").value();
  EXPECT_EQ(winner.value, best);
  EXPECT_EQ(*find_param(winner.params, "x"), cerebros::tpe::ParamValue(best));
  EXPECT_LT(best, 0.1);
}

TEST(TpeClient, RecordsByParametersAsTheSeedDoes) {
  TpeClient client;
  ASSERT_TRUE(client.init_study("s", small_space(), {.direction = Direction::kMaximize}));
  const auto first = client.suggest("s").value();
  const auto second = client.suggest("s").value();
  EXPECT_TRUE(client.record("s", second.params, 0.4).value());
  EXPECT_FALSE(client.record("s", first.params, 0.3).value());
  EXPECT_EQ(client.record("s", first.params, 0.3).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(client.record("s", {{"x", 0.5}}, 0.3).error().code, ErrorCode::kNotFound);
}

TEST(TpeClient, CountsTrialsByState) {
  TpeClient client;
  ASSERT_TRUE(client.init_study("s", small_space()));
  const auto batch = client.suggest_batch("s", 4).value();
  ASSERT_EQ(batch.size(), 4u);
  EXPECT_TRUE(client.record("s", {.trial = 0, .value = 0.5}).value());
  EXPECT_FALSE(client.record("s", {.trial = 1, .state = TrialState::kPruned}).value());
  EXPECT_FALSE(client.record("s", {.trial = 2, .state = TrialState::kFail}).value());
  ASSERT_TRUE(client.study("s").value()->enqueue({{"x", 0.5}}));
  const auto status = client.get_status("s").value();
  EXPECT_EQ(status.trials, 5);
  EXPECT_EQ(status.running, 1);
  EXPECT_EQ(status.complete, 1);
  EXPECT_EQ(status.pruned, 1);
  EXPECT_EQ(status.failed, 1);
  EXPECT_EQ(status.waiting, 1);
  EXPECT_EQ(status.best->trial, 0);
  EXPECT_FALSE(client.suggest_batch("s", 0));
}

TEST(TpeClient, RecordsABatchAsAWholeOrNotAtAll) {
  TpeClient client;
  ASSERT_TRUE(client.init_study("s", small_space()));
  ASSERT_TRUE(client.suggest_batch("s", 3));
  using Outcomes = std::vector<TpeClient::Outcome>;
  const auto refused = [&](const Outcomes& outcomes) {
    const Status status = client.record_batch("s", outcomes);
    EXPECT_EQ(client.get_status("s").value().running, 3);
    return !status;
  };
  EXPECT_TRUE(refused({{.trial = 0, .value = 1.0}, {.trial = 9, .value = 1.0}}));
  EXPECT_TRUE(refused({{.trial = 0, .value = 1.0}, {.trial = 1, .value = std::nan("")}}));
  EXPECT_TRUE(refused({{.trial = 0, .value = 1.0}, {.trial = 1}}));
  EXPECT_TRUE(refused({{.trial = 0, .value = 1.0}, {.trial = 0, .value = 1.0}}));
  EXPECT_TRUE(refused({{.trial = 1, .state = TrialState::kFail, .value = 1.0}}));
  EXPECT_TRUE(refused({{.trial = 1, .state = TrialState::kRunning}}));
  const Outcomes good = {{.trial = 2, .state = TrialState::kFail}, {.trial = 0, .value = 1.0},
                         {.trial = 1, .state = TrialState::kPruned}};
  EXPECT_TRUE(client.record_batch("s", good));
  EXPECT_EQ(client.get_status("s").value().running, 0);
}

TEST(TpeClient, BatchesGiveTheSameStudyWhateverTheOrderOfTheirRecords) {
  const auto run = [](bool reversed) {
    TpeClient client;
    EXPECT_TRUE(client.init_study("s", small_space(), {.seed = 9}));
    std::vector<double> values;
    for (int round = 0; round < 6; ++round) {
      std::vector<TpeClient::Outcome> outcomes;
      const std::vector<TpeClient::Suggestion> batch = client.suggest_batch("s", 4).value();
      for (const auto& suggestion : batch) {
        values.push_back(x_of(suggestion));
        outcomes.push_back({.trial = suggestion.trial, .value = x_of(suggestion)});
      }
      if (reversed) std::reverse(outcomes.begin(), outcomes.end());
      EXPECT_TRUE(client.record_batch("s", outcomes));
    }
    return values;
  };
  EXPECT_EQ(run(false), run(true));
}

TEST(TpeClient, ListsDeletesAndResumesStudies) {
  const auto storage = std::make_shared<cerebros::tpe::MemoryStorage>();
  TpeClient client(storage);
  ASSERT_TRUE(client.init_study("a", small_space()));
  ASSERT_TRUE(client.init_study("b", small_space()));
  EXPECT_EQ(client.init_study("a", small_space()).error().code, ErrorCode::kRefused);
  EXPECT_EQ(client.list_studies().value(), (std::vector<std::string>{"a", "b"}));
  ASSERT_TRUE(client.suggest("a"));
  TpeClient later(storage);
  EXPECT_EQ(later.suggest("a").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(later.init_study("a", small_space(), {.load_if_exists = true}));
  EXPECT_EQ(later.suggest("a").value().trial, 1);
  EXPECT_TRUE(client.delete_study("a"));
  EXPECT_EQ(client.delete_study("a").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(client.get_status("a").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(client.list_studies().value(), std::vector<std::string>{"b"});
}

TEST(TpeClient, RefusesEmptySpacesAndUnknownNames) {
  TpeClient client;
  EXPECT_EQ(client.init_study("s", SearchSpace()).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(client.init_study("s", small_space(), {.sampler = "cma"}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(client.init_study("s", small_space(), {.pruner = "hope"}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_TRUE(client.list_studies().value().empty());
}

}  // namespace
}  // namespace thunderline::thunderbolt
