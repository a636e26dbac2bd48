// What is PostgreSQL's own: URLs, foreign databases, locks that others hold.

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/postgres_server.h"
#include "thunderline/cerebros/tpe/storage/open_storage.h"
#include "thunderline/cerebros/tpe/storage/postgres_connection.h"
#include "thunderline/cerebros/tpe/study.h"

namespace thunderline::cerebros::tpe {
namespace {

class PostgresStudies : public ::testing::Test {
 protected:
  Result<std::shared_ptr<StudyStorage>> open(bool create = true) {
    return open_storage(url_, clock_, create);
  }

  const std::string url_ = testing::PostgresServer::instance().new_database();
  testing::FakeClock clock_;
};

TEST_F(PostgresStudies, OpenOnlyWhatIsThereUnlessToldToMakeIt) {
  EXPECT_EQ(open(false).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(open(true));
  EXPECT_TRUE(open(false));
  const std::string alchemy = "postgresql+psycopg2" + url_.substr(url_.find("://"));
  EXPECT_TRUE(open_storage(alchemy, clock_, false));
}

TEST_F(PostgresStudies, RefuseAnotherSchemaAndLeaveItAsItIs) {
  ASSERT_TRUE(open());
  const auto raw = open_postgres_studies(url_, false).value();
  ASSERT_TRUE(raw->query("UPDATE alembic_version SET version_num='v9.0.0.a'", {}));
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kBadData);
  EXPECT_NE(refused.error().message.find("v9.0.0.a"), std::string::npos);
  ASSERT_TRUE(raw->query("DROP TABLE trial_values", {}));
  EXPECT_EQ(open().error().code, ErrorCode::kBadData);
}

TEST_F(PostgresStudies, StandBesideTablesOfSomethingElse) {
  ASSERT_TRUE(open());
  const auto raw = open_postgres_studies(url_, false).value();
  ASSERT_TRUE(raw->query("CREATE TABLE cats(name TEXT)", {}));
  EXPECT_TRUE(open());
}

TEST_F(PostgresStudies, SayThatTheServerIsAwayWithoutShowingThePassword) {
  for (const char* url : {"postgresql://me:secret@127.0.0.1:1/db",
                          "postgresql://me@127.0.0.1:1/db?password=secret&connect_timeout=2"}) {
    const auto refused = open_storage(url, clock_, true);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(to_string(refused.error()).find("secret"), std::string::npos);
  }
}

TEST_F(PostgresStudies, WaitForALockFiveSecondsAndWriteNothing) {
  const auto storage = open().value();
  const int64_t id = storage->create_study("s", Direction::kMinimize).value().id;
  const auto other = open_postgres_studies(url_, false).value();
  ASSERT_TRUE(other->begin());
  ASSERT_TRUE(other->query("SELECT study_id FROM studies FOR UPDATE", {}));
  const auto refused = storage->add_running_trial(id);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  other->rollback();
  EXPECT_TRUE(storage->trials(id).value().empty());
  EXPECT_EQ(storage->add_running_trial(id).value()->number, 0);
}

TEST_F(PostgresStudies, AClaimPassesByTrialsThatOthersAreChanging) {
  const auto storage = open().value();
  const int64_t id = storage->create_study("s", Direction::kMinimize).value().id;
  for (const double x : {1.0, 2.0}) ASSERT_TRUE(storage->add_waiting_trial(id, {{"x", x}}));
  const auto other = open_postgres_studies(url_, false).value();
  ASSERT_TRUE(other->begin());
  ASSERT_TRUE(other->query("SELECT trial_id FROM trials WHERE number=0 FOR UPDATE", {}));
  EXPECT_EQ(storage->claim_waiting_trial(id).value()->number, 1);
  EXPECT_EQ(storage->claim_waiting_trial(id).value(), nullptr);
  other->rollback();
  EXPECT_EQ(storage->claim_waiting_trial(id).value()->number, 0);
}

}  // namespace
}  // namespace thunderline::cerebros::tpe
