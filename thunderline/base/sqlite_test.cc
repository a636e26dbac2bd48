#include "thunderline/base/sqlite.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace thunderline {
namespace {

class SqliteTest : public ::testing::Test {
 protected:
  SqliteTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~SqliteTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const char* name) const { return folder_ + "/" + name; }

  const std::string folder_ =
      ::testing::TempDir() + "/sqlite_" +
      ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(SqliteTest, GivesBackWhatWasWritten) {
  Database db = Database::open(path("a.db")).value();
  ASSERT_TRUE(db.execute("CREATE TABLE t (i INTEGER, r REAL, s TEXT, b BLOB, n TEXT)"));
  SqlStatement insert = db.prepare("INSERT INTO t VALUES (?,?,?,?,?)").value();
  const std::vector<std::byte> bytes{std::byte{0}, std::byte{7}};
  const std::string text("a\0b", 3);
  ASSERT_TRUE(insert.bind(1, int64_t{-5}).bind(2, 0.5).bind(3, text).bind_blob(4, bytes)
                  .bind_null(5).run());
  EXPECT_EQ(db.changes(), 1);
  SqlStatement select = db.prepare("SELECT * FROM t").value();
  ASSERT_TRUE(select.step().value());
  EXPECT_EQ(select.integer(0), -5);
  EXPECT_EQ(select.real(1), 0.5);
  EXPECT_EQ(select.text(2), text);
  EXPECT_EQ(select.blob(3), bytes);
  EXPECT_TRUE(select.is_null(4));
  EXPECT_FALSE(select.step().value());
}

TEST_F(SqliteTest, EmptyTextAndBlobAreNotNull) {
  Database db = Database::open(path("a.db")).value();
  ASSERT_TRUE(db.execute("CREATE TABLE t (s TEXT NOT NULL, b BLOB NOT NULL)"));
  EXPECT_TRUE(db.prepare("INSERT INTO t VALUES (?,?)")
                  ->bind(1, std::string_view()).bind_blob(2, {}).run());
}

TEST_F(SqliteTest, AnUncommittedTransactionLeavesNothing) {
  Database db = Database::open(path("a.db")).value();
  ASSERT_TRUE(db.execute("CREATE TABLE t (i INTEGER)"));
  {
    SqlTransaction lost = SqlTransaction::begin(db).value();
    ASSERT_TRUE(db.execute("INSERT INTO t VALUES (1)"));
  }
  SqlTransaction kept = SqlTransaction::begin(db).value();
  ASSERT_TRUE(db.execute("INSERT INTO t VALUES (2)"));
  ASSERT_TRUE(kept.commit());
  SqlStatement select = db.prepare("SELECT group_concat(i) FROM t").value();
  ASSERT_TRUE(select.step().value());
  EXPECT_EQ(select.text(0), "2");
}

TEST_F(SqliteTest, ErrorsNameTheFile) {
  std::ofstream(path("junk.db")) << std::string(4096, 'x');
  const auto junk = Database::open(path("junk.db"));
  ASSERT_FALSE(junk);
  EXPECT_EQ(junk.error().code, ErrorCode::kBadData);
  EXPECT_NE(junk.error().where.find("junk.db"), std::string::npos);

  const auto nowhere = Database::open(path("none/a.db"));
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(nowhere.error().where, path("none/a.db"));
}

TEST_F(SqliteTest, ConstraintsAreRefusedAndBadBindsReported) {
  Database db = Database::open(path("a.db")).value();
  ASSERT_TRUE(db.execute("CREATE TABLE t (i INTEGER PRIMARY KEY)"));
  SqlStatement insert = db.prepare("INSERT INTO t VALUES (?)").value();
  ASSERT_TRUE(insert.bind(1, int64_t{1}).run());
  EXPECT_EQ(insert.bind(1, int64_t{1}).run().error().code, ErrorCode::kRefused);
  EXPECT_EQ(insert.bind(9, int64_t{1}).run().error().code, ErrorCode::kInternal);
  EXPECT_TRUE(insert.bind(1, int64_t{2}).run());
}

}  // namespace
}  // namespace thunderline
