#include "thunderline/thunderchief/plan/plan_store.h"

#include <gtest/gtest.h>

#include "tests/support/plan_bench.h"

namespace thunderline::thunderchief {
namespace {

struct PlanStoreTest : ::testing::Test {
  testing::TempFolder folder;
  std::unique_ptr<StateStore> state = StateStore::open(folder.path("state.db")).value();
  PlanStore store = PlanStore::open(*state).value();

  static Plan make(const std::string& id) {
    return make_plan(id, testing::sequence("s", {testing::task("a"), testing::goal("g")}), "due", 7)
        .value();
  }
};

TEST_F(PlanStoreTest, GivesBackWhatItWasGiven) {
  const Plan plan = make("p");
  ASSERT_TRUE(store.insert(plan));
  EXPECT_EQ(store.load("p").value(), plan);
  Plan next = plan;
  start_plan(next);
  begin_task(next, 1, 8);
  complete_task(next, 1, "out", 9);
  ASSERT_TRUE(expand_goal(next, 2, testing::task("t"), 10));
  ASSERT_TRUE(store.update(plan, next));
  EXPECT_EQ(store.load("p").value(), next);
}

TEST_F(PlanStoreTest, RefusesAnIdTwiceAndKnowsNoOthers) {
  ASSERT_TRUE(store.insert(make("p")));
  EXPECT_EQ(store.insert(make("p")).error().code, ErrorCode::kRefused);
  EXPECT_EQ(store.load("q' OR '1' = '1").error().code, ErrorCode::kNotFound);
}

TEST_F(PlanStoreTest, ListsOpenPlansApartFromAll) {
  for (const char* id : {"b", "a"}) ASSERT_TRUE(store.insert(make(id)));
  const Plan before = make("b");
  Plan after = before;
  cancel_plan(after, "enough", 1);
  end_rollback(after, 1);
  ASSERT_TRUE(store.update(before, after));
  EXPECT_EQ(store.load_all().value().size(), 2u);
  const auto open = store.load_open().value();
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open[0].id, "a");
  EXPECT_EQ(store.request_cancel("b", "").error().code, ErrorCode::kRefused);
}

TEST_F(PlanStoreTest, AnotherProcessCanAskForACancel) {
  ASSERT_TRUE(store.insert(make("p")));
  const int64_t version = store.data_version().value();
  auto other_state = StateStore::open(folder.path("state.db")).value();
  PlanStore other = PlanStore::open(*other_state).value();
  ASSERT_TRUE(other.request_cancel("p", "by the user"));
  EXPECT_EQ(other.request_cancel("q", "").error().code, ErrorCode::kNotFound);
  EXPECT_NE(store.data_version().value(), version);
  const auto requests = store.cancel_requests().value();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].id + requests[0].why, "pby the user");
}

TEST_F(PlanStoreTest, ReportsRowsThatNoPlanWrites) {
  ASSERT_TRUE(store.insert(make("p")));
  const auto breaks = [&](const std::string& sql) {
    EXPECT_TRUE(state->database().execute(sql));
    return store.load("p").error().code;
  };
  EXPECT_EQ(breaks("UPDATE plan_step SET parent = 9 WHERE position = 1"), ErrorCode::kBadData);
  EXPECT_EQ(breaks("UPDATE plan_step SET parent = 0, state = 'x' WHERE position = 1"),
            ErrorCode::kBadData);
  EXPECT_EQ(breaks("DELETE FROM plan_step"), ErrorCode::kBadData);
}

}  // namespace
}  // namespace thunderline::thunderchief
