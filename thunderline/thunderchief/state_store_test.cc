#include "thunderline/thunderchief/state_store.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"
#include "thunderline/base/file_system.h"

namespace thunderline::thunderchief {
namespace {

const StatePart kFruit{"fruit", {"CREATE TABLE fruit (name TEXT PRIMARY KEY)"}};
const StatePart kNewerFruit{"fruit", {kFruit.migrations[0],
                                      "ALTER TABLE fruit ADD COLUMN colour TEXT DEFAULT 'red'"}};

int64_t count(StateStore& store, const std::string& query) {
  SqlStatement statement = store.database().prepare(query).value();
  EXPECT_TRUE(statement.step().value());
  return statement.integer(0);
}

struct StateStoreTest : ::testing::Test {
  testing::TempFolder folder;
  std::string path = folder.path("state.db");
};

TEST_F(StateStoreTest, KeepsWhatAPartWroteAndCallsItsFormatByNumber) {
  {
    auto store = StateStore::open(path).value();
    ASSERT_TRUE(store->register_part(kFruit));
    ASSERT_TRUE(store->database().execute("INSERT INTO fruit VALUES ('plum')"));
  }
  auto store = StateStore::open(path).value();
  ASSERT_TRUE(store->register_part(kFruit));
  EXPECT_EQ(count(*store, "SELECT COUNT(*) FROM fruit"), 1);
  EXPECT_EQ(count(*store, "PRAGMA user_version"), StateStore::kFormatVersion);
  EXPECT_EQ(count(*store, "PRAGMA synchronous"), 2) << "FULL";
  SqlStatement mode = store->database().prepare("PRAGMA journal_mode").value();
  ASSERT_TRUE(mode.step().value());
  EXPECT_EQ(mode.text(0), "wal");
}

TEST_F(StateStoreTest, MigratesAPartsTablesWithTheirRows) {
  auto store = StateStore::open(path).value();
  ASSERT_TRUE(store->register_part(kFruit));
  ASSERT_TRUE(store->database().execute("INSERT INTO fruit VALUES ('plum')"));
  ASSERT_TRUE(store->register_part(kNewerFruit));
  EXPECT_EQ(count(*store, "SELECT COUNT(*) FROM fruit WHERE colour = 'red'"), 1);
}

TEST_F(StateStoreTest, RefusesTablesThatANewerVersionMade) {
  auto store = StateStore::open(path).value();
  ASSERT_TRUE(store->register_part(kNewerFruit));
  const Status refused = store->register_part(kFruit);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_NE(refused.error().message.find("fruit"), std::string::npos);
}

TEST_F(StateStoreTest, LeavesNothingOfAMigrationThatFails) {
  auto store = StateStore::open(path).value();
  const StatePart broken{"nut", {"CREATE TABLE nut (a); CREATE TABLE nut (a)"}};
  EXPECT_FALSE(store->register_part(broken));
  EXPECT_EQ(count(*store, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'nut'"), 0);
  EXPECT_TRUE(store->register_part({"nut", {"CREATE TABLE nut (a)"}}));
}

TEST_F(StateStoreTest, RefusesADatabaseThatANewerVersionWrote) {
  {
    auto store = StateStore::open(path).value();
    ASSERT_TRUE(store->database().execute("PRAGMA user_version = 99"));
  }
  const auto refused = StateStore::open(path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_NE(refused.error().message.find("99"), std::string::npos);
  EXPECT_EQ(refused.error().where, path);
}

TEST_F(StateStoreTest, RefusesADatabaseOfSomethingElse) {
  ASSERT_TRUE(Database::open(path).value().execute("CREATE TABLE songs (title TEXT)"));
  const auto refused = StateStore::open(path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kBadData);
  EXPECT_NE(refused.error().message.find("not a state.db"), std::string::npos);
}

TEST_F(StateStoreTest, RefusesAFileThatIsNoDatabase) {
  const std::string text(4096, 'x');
  ASSERT_TRUE(write_file_atomically(posix_file_system(), path, text));
  const auto refused = StateStore::open(path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kBadData);
}

}  // namespace
}  // namespace thunderline::thunderchief
