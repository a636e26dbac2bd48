// One suite for both stores.

#include "thunderline/thunderchief/orchestrator/protocol/request_store.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"
#include "thunderline/thunderchief/orchestrator/protocol/record_json.h"

namespace thunderline::thunderchief::protocol {
namespace {

RequestRecord some_request() {
  RequestRecord row;
  row.id = 0xFFFF'FFFF'FFFF'FFFFu;
  row.kind = RequestKind::kRollback;
  row.model = "na\"me\n€";
  row.phase = Phase::kCancelled;
  row.version = 3;
  row.order = 1ull << 63;
  row.deadline_ms = -1;
  row.passed = true;
  row.reason = "because";
  return row;
}

Changes some_changes() {
  Changes changes;
  changes.requests.push_back(some_request());
  changes.models.push_back({"m", 4, 2, {1, 3}, 2, 9, 8});
  changes.asks.push_back(
      {7, RequestKind::kTrain, "m", 3, 50, 2, true, true, Phase::kDone, "live"});
  changes.live.push_back({"m", 2, 8});
  return changes;
}

class RequestStoreTest : public ::testing::TestWithParam<bool> {
 protected:
  /// The SQLite store is opened anew each time, as after a crash.
  RequestStore& store() {
    if (!GetParam()) return memory_;
    sqlite_.reset();
    sqlite_ = std::move(SqliteRequestStore::open(path()).value());
    return *sqlite_;
  }
  std::string path() const { return folder_.path() + "/state.db"; }

  testing::TempFolder folder_;
  MemoryRequestStore memory_;
  std::unique_ptr<SqliteRequestStore> sqlite_;
};

TEST_P(RequestStoreTest, BeginsEmpty) { EXPECT_EQ(store().load().value(), Snapshot{}); }

TEST_P(RequestStoreTest, GivesBackEveryFieldOfWhatWasCommitted) {
  ASSERT_TRUE(store().commit(some_changes()));
  Snapshot expected;
  apply(some_changes(), expected);
  EXPECT_EQ(store().load().value(), expected);
}

TEST_P(RequestStoreTest, ALaterRowReplacesTheEarlierOneOfItsKey) {
  ASSERT_TRUE(store().commit(some_changes()));
  Changes later;
  later.live.push_back({"m", 3, 9});
  ASSERT_TRUE(store().commit(later));
  const Snapshot snapshot = store().load().value();
  EXPECT_EQ(snapshot.live.at("m"), (LiveRecord{"m", 3, 9}));
  EXPECT_EQ(snapshot.requests.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Stores, RequestStoreTest, ::testing::Bool(),
                         [](const auto& suite) { return suite.param ? "Sqlite" : "Memory"; });

TEST(SqliteRequestStore, RefusesTablesOfANewerVersion) {
  const testing::TempFolder folder;
  const std::string path = folder.path() + "/state.db";
  ASSERT_TRUE(SqliteRequestStore::open(path));
  auto db = Database::open(path);
  ASSERT_TRUE(db && db->execute("UPDATE part SET version = 99 WHERE name = 'orchestrator'"));
  const auto opened = SqliteRequestStore::open(path);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kRefused);
}

TEST(SqliteRequestStore, NamesARowThatCannotBeRead) {
  const testing::TempFolder folder;
  const std::string path = folder.path() + "/state.db";
  auto store = SqliteRequestStore::open(path);
  ASSERT_TRUE(store);
  auto db = Database::open(path);
  ASSERT_TRUE(db && db->execute("INSERT INTO orchestrator_live VALUES ('m', '{\"model\":\"m\"}')"));
  const auto loaded = (*store)->load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kBadData);
  EXPECT_NE(loaded.error().where.find("orchestrator_live m"), std::string::npos);
}

TEST(SqliteRequestStore, LeavesOtherPartsTablesAlone) {
  const testing::TempFolder folder;
  const std::string path = folder.path() + "/state.db";
  auto state = StateStore::open(path);
  const StatePart other{"other", {"CREATE TABLE other (x INTEGER); INSERT INTO other VALUES (5)"}};
  ASSERT_TRUE(state && (*state)->register_part(other));
  auto store = SqliteRequestStore::open(path);
  ASSERT_TRUE(store && (*store)->commit(some_changes()));
  auto statement = (*state)->database().prepare("SELECT x FROM other");
  ASSERT_TRUE(statement && statement->step().value());
  EXPECT_EQ(statement->integer(0), 5);
}

TEST(RecordJson, RefusesNumbersThatDoNotFitTheirField) {
  const std::string good = to_json(LiveRecord{"m", 1, 2});
  ASSERT_TRUE(live_from_json(good, "here"));
  EXPECT_FALSE(live_from_json(R"({"model":"m","version":3000000000,"epoch":1})", "here"));
  EXPECT_FALSE(live_from_json(R"({"model":"m","version":1,"epoch":-1})", "here"));
  EXPECT_FALSE(live_from_json(R"({"model":"m","version":1.5,"epoch":1})", "here"));
  EXPECT_FALSE(live_from_json("[]", "here"));
}

}  // namespace
}  // namespace thunderline::thunderchief::protocol
