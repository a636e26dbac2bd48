#include "thunderline/thunderchief/workflow/workflow_store.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace thunderline::thunderchief {
namespace {

struct WorkflowStoreTest : ::testing::Test {
  testing::TempFolder folder;
  std::unique_ptr<StateStore> state = StateStore::open(folder.path("state.db")).value();
  WorkflowStore store = WorkflowStore::open(*state).value();

  static Workflow make(const std::string& id) {
    NodeSpec a{"a", "first", "{\"x\":1}", {}, 1, 1, 3, 10, 20, 30};
    NodeSpec b{"b", "second", "", {"a"}};
    return make_workflow({id, "name of " + id, {a, b}}, 7).value();
  }
};

TEST_F(WorkflowStoreTest, GivesBackWhatItWasGiven) {
  Workflow workflow = make("w");
  ASSERT_TRUE(store.insert(workflow));
  EXPECT_EQ(store.load("w").value(), workflow);
  begin_node(workflow, 0, 10);
  const auto changed = complete_node(workflow, 0, "result \"é\"", 12);
  ASSERT_TRUE(store.update(workflow, changed));
  EXPECT_EQ(store.load("w").value(), workflow);
}

TEST_F(WorkflowStoreTest, RefusesAnIdTwiceAndKnowsNoOthers) {
  ASSERT_TRUE(store.insert(make("w")));
  EXPECT_EQ(store.insert(make("w")).error().code, ErrorCode::kRefused);
  EXPECT_EQ(store.load("v").error().code, ErrorCode::kNotFound);
}

TEST_F(WorkflowStoreTest, ListsWhatRunsInTheOrderOfMaking) {
  for (const char* id : {"b", "a", "c"}) ASSERT_TRUE(store.insert(make(id)));
  Workflow over = make("a");
  ASSERT_TRUE(store.update(over, cancel_workflow(over, "enough", 9)));
  const auto running = store.load_running().value();
  ASSERT_EQ(running.size(), 2u);
  EXPECT_EQ(running[0].id, "b");
  EXPECT_EQ(running[1].id, "c");
  EXPECT_EQ(store.compactable(8, 10).value().size(), 0u);
  EXPECT_EQ(store.compactable(9, 10).value(), (std::vector<std::string>{"a"}));
}

TEST_F(WorkflowStoreTest, CompactedItStillSaysWhatHappened) {
  Workflow workflow = make("w");
  ASSERT_TRUE(store.insert(workflow));
  ASSERT_TRUE(store.update(workflow, cancel_workflow(workflow, "enough", 9)));
  ASSERT_TRUE(store.compact(workflow));
  const Workflow read = store.load("w").value();
  EXPECT_TRUE(read.compacted);
  EXPECT_EQ(read.state, WorkflowState::kCancelled);
  ASSERT_EQ(read.nodes.size(), 2u);
  EXPECT_EQ(read.nodes[1].name, "b");
  EXPECT_EQ(read.nodes[1].needs, (std::vector<size_t>{0}));
  EXPECT_EQ(read.nodes[1].why, "enough");
  EXPECT_TRUE(store.compactable(100, 10).value().empty());
}

TEST_F(WorkflowStoreTest, ReportsRowsThatNoWorkflowWrites) {
  ASSERT_TRUE(store.insert(make("w")));
  ASSERT_TRUE(state->database().execute("UPDATE workflow_node SET needs = '[5]'"));
  EXPECT_EQ(store.load("w").error().code, ErrorCode::kBadData);
  ASSERT_TRUE(state->database().execute("UPDATE workflow_node SET needs = '[]', state = 'asleep'"));
  EXPECT_EQ(store.load("w").error().code, ErrorCode::kBadData);
  ASSERT_TRUE(state->database().execute("DELETE FROM workflow_node WHERE position = 0"));
  EXPECT_EQ(store.load("w").error().code, ErrorCode::kBadData);
}

}  // namespace
}  // namespace thunderline::thunderchief
