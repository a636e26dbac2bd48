#include "thunderline/thunderbolt/training/trajectory_export.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/fake_clock.h"
#include "tests/support/memory_file_system.h"
#include "tests/support/trajectory_test_data.h"
#include "thunderline/base/json_util.h"
#include "thunderline/thunderbolt/training/memory_trajectory_logger.h"
#include "thunderline/thunderbolt/training/trajectory_import.h"

namespace thunderline::thunderbolt {
namespace {

/// One step with its reward, one rewarded later, one unseen, one open, one forced.
void fill(TrajectoryLogger& log) {
  for (uint64_t i = 1; i <= 5; ++i) {
    Step step = test_step(i);
    if (i > 1) step.reward.reset();
    if (i == 5) {
      step.propensity.reset();
      step.metadata = R"({"forced":true})";
      step.next_state.clear();
    }
    ASSERT_TRUE(log.log_step(view_of(step)));
  }
  ASSERT_TRUE(log.log_outcome({test_id(2), true, -1.0, 8}));
  ASSERT_TRUE(log.log_outcome({test_id(3), false, 0.0, 8}));
  ASSERT_TRUE(log.log_outcome({test_id(5), true, 1.0, 8}));
}

std::vector<std::string> exported_lines(TrajectoryLogger& log) {
  std::string text;
  EXPECT_TRUE(export_jsonl(log, {}, [&](std::string_view piece) {
    text += piece;
    return Status();
  }));
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

TEST(ExportJsonl, HasTheDocumentedKeysInTheirOrder) {
  MemoryTrajectoryLogger log;
  Step step = test_step(1);
  step.state = {0.5f, 0.1f};
  step.next_state = {1.0f, 0.0f};
  ASSERT_TRUE(log.log_step(view_of(step)));
  EXPECT_EQ(exported_lines(log).at(0),
            R"({"id":"00000000-0000-7000-0000-000000000001","source":"bit","episode":"episode-1",)"
            R"("state":[0.5,0.1],"action":1,"reward":0.5,"next_state":[1.0,0.0],"terminated":true,)"
            R"("truncated":false,"propensity":0.25,"metadata":{"tick":1}})");
}

TEST(ExportJsonl, JoinsLaterRewardsAndLeavesUnseenOnesNull) {
  MemoryTrajectoryLogger log;
  fill(log);
  std::vector<std::string> rewards;
  for (const std::string& line : exported_lines(log)) {
    rewards.push_back(parse_json(line, "line").value()["reward"].dump());
  }
  EXPECT_EQ(rewards, (std::vector<std::string>{"0.5", "-1.0", "null", "null", "1.0"}));
}

TEST(ExportJsonl, IsReadBackEqual) {
  MemoryTrajectoryLogger log;
  fill(log);
  const auto lines = exported_lines(log);
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  MemoryTrajectoryLogger copy;
  UuidGenerator ids(1);
  const testing::FakeClock clock;
  size_t at = 0;
  const auto read = [&](std::span<char> out) -> Result<size_t> {
    const size_t count = text.copy(out.data(), out.size(), at);
    at += count;
    return count;
  };
  EXPECT_EQ(import_jsonl(copy, ids, clock, read).value().imported, 5u);
  EXPECT_EQ(exported_lines(copy), lines);
}

TEST(ExportJsonl, WritesAFileThatAppearsWholeOrNotAtAll) {
  testing::MemoryFileSystem files;
  ASSERT_TRUE(files.create_folders("out"));
  MemoryTrajectoryLogger log;
  fill(log);
  files.plan_fault({testing::FileOp::kAppend, 1, testing::Fault::Kind::kNoSpace, false});
  EXPECT_FALSE(export_jsonl_file(log, {}, files, "out/steps.jsonl"));
  EXPECT_TRUE(files.list("out").value().empty());
  EXPECT_EQ(export_jsonl_file(log, {}, files, "out/steps.jsonl").value(), 5u);
  EXPECT_EQ(files.list("out").value().size(), 1u);
}

TEST(ExportArrays, HasOneRowAStep) {
  MemoryTrajectoryLogger log;
  fill(log);
  const NpzArrays arrays = export_arrays(log, {}).value();
  EXPECT_EQ(arrays.at("state").shape, (std::vector<int64_t>{5, 40}));
  EXPECT_EQ(arrays.at("next_state").shape, (std::vector<int64_t>{5, 40}));
  EXPECT_EQ(arrays.at("state").to_floats()[40], 2.0f);
  EXPECT_EQ(arrays.at("next_state").to_floats()[4 * 40], 0.0f);
  EXPECT_EQ(arrays.at("reward").to_doubles(), (std::vector<double>{0.5, -1.0, 0.0, 0.0, 1.0}));
  EXPECT_EQ(arrays.at("seen").to_floats(), (std::vector<float>{1, 1, 0, 0, 1}));
  EXPECT_EQ(arrays.at("seen").descr, "|b1");
  EXPECT_TRUE(std::isnan(arrays.at("propensity").to_doubles()[4]));
  EXPECT_EQ(arrays.at("action").descr, "<i8");
  EXPECT_EQ(arrays.at("terminated").to_floats()[0], 1.0f);
}

TEST(ExportArrays, NamesTheStepOfAnotherWidth) {
  MemoryTrajectoryLogger log;
  ASSERT_TRUE(log.log_step(view_of(test_step(1))));
  Step narrow = test_step(2);
  narrow.state.resize(2);
  narrow.next_state.clear();
  ASSERT_TRUE(log.log_step(view_of(narrow)));
  EXPECT_NE(export_arrays(log, {}).error().where.find("000000000002"), std::string::npos);
}

}  // namespace
}  // namespace thunderline::thunderbolt
