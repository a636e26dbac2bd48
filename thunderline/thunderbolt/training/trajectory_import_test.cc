#include "thunderline/thunderbolt/training/trajectory_import.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "tests/support/fake_clock.h"
#include "tests/support/memory_file_system.h"
#include "tests/support/trajectory_test_data.h"
#include "thunderline/thunderbolt/training/log_trajectory_logger.h"
#include "thunderline/thunderbolt/training/memory_trajectory_logger.h"
#include "thunderline/thunderbolt/training/record_json.h"

namespace thunderline::thunderbolt {
namespace {

/// Gives out a text in pieces of `piece` bytes.
ReadBytes reader_of(std::string text, size_t piece = 7) {
  size_t at = 0;
  return [text = std::move(text), at, piece](std::span<char> out) mutable -> Result<size_t> {
    const size_t count = text.copy(out.data(), std::min(piece, out.size()), at);
    at += count;
    return count;
  };
}

std::string line_of(uint64_t number) {
  std::string line;
  const Step step = test_step(number);
  append_step_json(line, view_of(step), step.reward);
  return line + "\n";
}

struct Imported {
  ImportReport report;
  std::vector<RejectedLine> rejected;
};

Imported import_text(TrajectoryLogger& log, const std::string& text, size_t piece = 7) {
  Imported imported;
  UuidGenerator ids(1);
  const testing::FakeClock clock;
  ImportOptions options;
  options.on_rejected = [&](const RejectedLine& line) { imported.rejected.push_back(line); };
  imported.report = import_jsonl(log, ids, clock, reader_of(text, piece), options).value();
  const ImportReport& report = imported.report;
  EXPECT_EQ(report.lines, report.imported + report.known + report.rejected + report.blank);
  return imported;
}

/// The reason for which a line is rejected.
std::string rejection(const std::string& line) {
  MemoryTrajectoryLogger log;
  const Imported imported = import_text(log, line_of(1) + line + "\n" + line_of(2));
  EXPECT_EQ(imported.report.imported, 2u);
  EXPECT_EQ(imported.rejected.size(), 1u) << line;
  if (imported.rejected.empty()) return "";
  EXPECT_EQ(imported.rejected[0].line, 2u);
  EXPECT_EQ(imported.rejected[0].offset, line_of(1).size());
  return imported.rejected[0].reason;
}

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::string kMinimal = R"("source":"bit","state":[1,2],"action":0,"reward":null)";

TEST(ImportJsonl, TakesTheSeedsShapeWithoutIdAndWithDone) {
  MemoryTrajectoryLogger log;
  const std::string line = "{" + kMinimal + R"(,"next_state":[3,4],"done":true})";
  const Imported imported = import_text(log, line + "\r\n\n  \n" + line + "\n");
  EXPECT_EQ(imported.report.imported, 2u);
  EXPECT_EQ(imported.report.blank, 2u);
  std::vector<Step> steps;
  ASSERT_TRUE(log.replay({}, [&](uint64_t, const LogRecord& record) {
    steps.push_back(std::get<Step>(record));
    return Status();
  }));
  EXPECT_TRUE(steps[0].terminated);
  EXPECT_EQ(steps[0].propensity, 1.0);
  EXPECT_FALSE(steps[0].reward);
  EXPECT_FALSE(steps[0].id.is_nil());
  EXPECT_NE(steps[0].id, steps[1].id);
}

TEST(ImportJsonl, RejectsABadLineWithItsReasonAndKeepsTheOthers) {
  EXPECT_TRUE(mentions(rejection("{\"source\":"), "not valid JSON"));
  EXPECT_TRUE(mentions(rejection("[1]"), "not a JSON object"));
  EXPECT_TRUE(mentions(rejection("{\"a\":\"\xff\"}"), "UTF-8"));
  EXPECT_TRUE(mentions(rejection(std::string("{\"a\":\"\0\"}", 9)), "not valid JSON"));
  EXPECT_TRUE(mentions(rejection("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}"),
                       "deeper than 64"));
  EXPECT_TRUE(mentions(rejection("{" + kMinimal + R"(,"done":true,"action":1})"),
                       "\"action\" comes twice"));
  EXPECT_TRUE(mentions(rejection("{" + kMinimal + R"(,"done":true,"metadata":{"a":1,"a":2}})"),
                       "\"a\" comes twice"));
  EXPECT_TRUE(mentions(rejection("{" + kMinimal + R"(,"done":true,"rewrad":1})"),
                       "\"rewrad\" is unknown"));
  EXPECT_TRUE(mentions(rejection("{" + kMinimal + R"(,"done":true,"terminated":false})"),
                       "contradict"));
  EXPECT_TRUE(mentions(rejection("{" + kMinimal + "}"), "\"terminated\" is missing"));
  EXPECT_TRUE(mentions(
      rejection(R"({"source":"b","state":[1,NaN],"action":0,"reward":0,"done":true})"),
      "not valid JSON"));
  EXPECT_TRUE(mentions(
      rejection(R"({"source":"b","state":[1,1e39],"action":0,"reward":0,"done":true})"),
      "\"state\"[1] is out of range"));
  EXPECT_TRUE(mentions(
      rejection(R"({"source":"b","state":[1,1e999],"action":0,"reward":0,"done":true})"),
      "overflow"));
  EXPECT_TRUE(mentions(
      rejection(R"({"source":"b","state":[1,"2"],"action":0,"reward":0,"done":true})"),
      "\"state\"[1] is not a number"));
  EXPECT_TRUE(mentions(
      rejection(R"({"source":"b","state":[1],"action":3000000000,"reward":0,"done":true})"),
      "\"action\" must be an integer"));
  EXPECT_TRUE(mentions(rejection("{" + kMinimal + R"(,"done":true,"propensity":null})"),
                       "propensity"));
  EXPECT_TRUE(mentions(rejection("{" + kMinimal + R"(,"done":true,"id":"x"})"), "\"id\" must be"));
}

TEST(ImportJsonl, CapsTheLengthOfALine) {
  MemoryTrajectoryLogger log;
  const std::string huge = "{\"a\":\"" + std::string(3 << 20, 'x') + "\"}\n";
  const Imported imported = import_text(log, line_of(1) + huge + line_of(2) + huge, 1 << 16);
  EXPECT_EQ(imported.report.imported, 2u);
  ASSERT_EQ(imported.rejected.size(), 2u);
  EXPECT_TRUE(mentions(imported.rejected[0].reason, "longer than 1 MiB"));
  EXPECT_EQ(imported.rejected[1].line, 4u);
  EXPECT_EQ(imported.rejected[1].offset, line_of(1).size() + huge.size() + line_of(2).size());
}

TEST(ImportJsonl, TakesALastLineWithoutEndIfItIsWhole) {
  MemoryTrajectoryLogger log;
  std::string text = line_of(1) + line_of(2);
  text.pop_back();
  EXPECT_EQ(import_text(log, text).report.imported, 2u);
  MemoryTrajectoryLogger other;
  text.resize(text.size() - 5);
  const Imported imported = import_text(other, text);
  EXPECT_EQ(imported.report.imported, 1u);
  EXPECT_TRUE(mentions(imported.rejected.at(0).reason, "cut off"));
}

TEST(ImportJsonl, StoresNothingTwiceWhenItIsSentAgain) {
  MemoryTrajectoryLogger log;
  const std::string text = line_of(1) + line_of(2) + line_of(3);
  EXPECT_EQ(import_text(log, text).report.imported, 3u);
  const Imported again = import_text(log, text + line_of(4));
  EXPECT_EQ(again.report.known, 3u);
  EXPECT_EQ(again.report.imported, 1u);
}

TEST(ImportJsonl, AcknowledgesEachStepOnceItIsDurableAndBeforeTheNextLineComes) {
  testing::MemoryFileSystem files;
  const testing::FakeClock clock;
  LogTrajectoryOptions log_options;
  log_options.folder = "log";
  const auto log = LogTrajectoryLogger::open(files, clock, log_options).value();
  std::mutex mutex;
  std::condition_variable told;
  std::vector<uint64_t> acknowledged;
  ImportOptions options;
  options.on_durable = [&](const Uuid& id) {
    EXPECT_GE(log->durable_sequence(), test_number(id));
    const std::lock_guard lock(mutex);
    acknowledged.push_back(test_number(id));
    told.notify_one();
  };
  uint64_t sent = 0;
  // A sender that waits for the answer to each line before it sends the next.
  const auto read = [&](std::span<char> out) -> Result<size_t> {
    std::unique_lock lock(mutex);
    told.wait(lock, [&] { return acknowledged.size() == sent; });
    if (sent == 20) return size_t{0};
    return line_of(++sent).copy(out.data(), out.size());
  };
  UuidGenerator ids(1);
  ASSERT_TRUE(import_jsonl(*log, ids, clock, read, options));
  ASSERT_EQ(acknowledged.size(), 20u);
  for (uint64_t i = 0; i < 20; ++i) EXPECT_EQ(acknowledged[i], i + 1);
}

TEST(ImportJsonl, AcknowledgesNothingOnceTheDiskFails) {
  testing::MemoryFileSystem files;
  const testing::FakeClock clock;
  LogTrajectoryOptions log_options;
  log_options.folder = "log";
  const auto log = LogTrajectoryLogger::open(files, clock, log_options).value();
  files.plan_fault({testing::FileOp::kSync, 1, testing::Fault::Kind::kIoError, true});
  uint64_t acknowledged = 0;
  ImportOptions options;
  options.on_durable = [&](const Uuid&) { ++acknowledged; };
  std::string text;
  for (uint64_t i = 1; i <= 100; ++i) text += line_of(i);
  UuidGenerator ids(1);
  const auto report = import_jsonl(*log, ids, clock, reader_of(text), options);
  EXPECT_EQ(report.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(acknowledged, 0u);
}

}  // namespace
}  // namespace thunderline::thunderbolt
