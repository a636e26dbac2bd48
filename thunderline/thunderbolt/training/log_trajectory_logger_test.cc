#include "thunderline/thunderbolt/training/log_trajectory_logger.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "tests/support/fake_clock.h"
#include "tests/support/memory_file_system.h"
#include "tests/support/trajectory_test_data.h"
#include "thunderline/base/crc32c.h"
#include "thunderline/thunderbolt/training/trajectory_log/segment.h"

namespace thunderline::thunderbolt {
namespace {

using testing::Fault;
using testing::FileOp;

class LogTrajectoryLoggerTest : public ::testing::Test {
 protected:
  LogTrajectoryLoggerTest() {
    options_.folder = "log";
    options_.seed = 1;
  }

  std::unique_ptr<LogTrajectoryLogger> open() {
    auto log = LogTrajectoryLogger::open(files_, clock_, options_);
    EXPECT_TRUE(log) << to_string(log.error());
    return std::move(log).value();
  }

  static void log_steps(TrajectoryLogger& log, uint64_t first, uint64_t last) {
    for (uint64_t i = first; i <= last; ++i) {
      ASSERT_TRUE(log.log_step(view_of(test_step(i))));
      ASSERT_TRUE(log.flush());
    }
  }

  static std::vector<uint64_t> numbers(TrajectoryLogger& log) {
    std::vector<uint64_t> numbers;
    EXPECT_TRUE(log.replay({}, [&](uint64_t, const LogRecord& record) {
      numbers.push_back(test_number(std::get<Step>(record).id));
      return Status();
    }));
    return numbers;
  }

  std::string path(uint64_t base) const { return "log/" + segment_name(base); }

  testing::MemoryFileSystem files_;
  testing::FakeClock clock_;
  LogTrajectoryOptions options_;
};

TEST_F(LogTrajectoryLoggerTest, VerifiesCleanAfterACleanClose) {
  options_.segment_bytes = 2000;
  log_steps(*open(), 1, 20);
  const VerifyReport report = verify_trajectory_log(files_, "log").value();
  EXPECT_TRUE(report.is_sound());
  EXPECT_TRUE(report.sealed);
  EXPECT_EQ(report.records.steps, 20u);
  EXPECT_EQ(report.torn_tail_bytes, 0u);
  EXPECT_GT(report.segments, 3u);
  EXPECT_EQ(report.last_sequence, 20u);
}

TEST_F(LogTrajectoryLoggerTest, GivesItsFolderToOneWriterAndAnyReaders) {
  const auto writer = open();
  log_steps(*writer, 1, 3);
  EXPECT_EQ(LogTrajectoryLogger::open(files_, clock_, options_).error().code, ErrorCode::kRefused);
  options_.read_only = true;
  const auto reader = open();
  EXPECT_EQ(numbers(*reader), (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_EQ(reader->log_step(view_of(test_step(4))).error().code, ErrorCode::kRefused);
  EXPECT_TRUE(reader->flush());
}

TEST_F(LogTrajectoryLoggerTest, DropsATornTailAtOpenAndSaysHowMuch) {
  log_steps(*open(), 1, 5);
  const std::string whole = files_.content(path(1));
  files_.put(path(1), whole + std::string(1001, 'x'));
  const auto log = open();
  EXPECT_EQ(log->stats().value().repaired_bytes, 1001u);
  EXPECT_EQ(log->stats().value().damaged_places, 0u);
  log_steps(*log, 6, 6);
  EXPECT_EQ(numbers(*log), (std::vector<uint64_t>{1, 2, 3, 4, 5, 6}));
}

TEST_F(LogTrajectoryLoggerTest, ReportsADamagedRecordWithItsPlaceAndServesItsNeighbours) {
  log_steps(*open(), 1, 5);
  const uint64_t record_bytes = (files_.content(path(1)).size() - kSegmentHeaderBytes) / 5;
  const uint64_t third = kSegmentHeaderBytes + 2 * (record_bytes / 8 * 8);
  files_.flip_bit(path(1), 8 * (third + 100));
  const VerifyReport report = verify_trajectory_log(files_, "log").value();
  ASSERT_EQ(report.damage.size(), 1u);
  EXPECT_EQ(report.damage[0].segment, segment_name(1));
  EXPECT_EQ(report.damage[0].offset, third);
  EXPECT_EQ(report.damage[0].lost_records, 1u);
  const auto log = open();
  EXPECT_EQ(numbers(*log), (std::vector<uint64_t>{1, 2, 4, 5}));
  EXPECT_EQ(log->stats().value().damaged_places, 1u);
  EXPECT_EQ(log->damage(), report.damage);
}

TEST_F(LogTrajectoryLoggerTest, CompactsDamageAway) {
  options_.segment_bytes = 1200;
  log_steps(*open(), 1, 20);
  const auto bases = list_segments(files_, "log").value();
  ASSERT_GT(bases.size(), 4u);
  files_.flip_bit(path(bases[1]), 8 * 200);
  ASSERT_TRUE(files_.remove(path(bases[3])));
  auto log = open();
  EXPECT_EQ(log->damage().size(), 2u);
  const auto kept = numbers(*log);
  EXPECT_LT(kept.size(), 20u);
  const CompactReport report = log->compact().value();
  EXPECT_EQ(report.rewritten_segments, 2u);
  EXPECT_EQ(numbers(*log), kept);
  EXPECT_TRUE(log->damage().empty());
  log_steps(*log, 21, 22);
  log.reset();
  EXPECT_TRUE(verify_trajectory_log(files_, "log").value().is_sound());
  EXPECT_EQ(numbers(*open()).size(), kept.size() + 2);
}

TEST_F(LogTrajectoryLoggerTest, CompactsDamageInTheNewestSegmentToo) {
  log_steps(*open(), 1, 5);
  files_.flip_bit(path(1), 8 * 200);
  auto log = open();
  ASSERT_TRUE(log->compact());
  log_steps(*log, 6, 6);
  log.reset();
  EXPECT_TRUE(verify_trajectory_log(files_, "log").value().is_sound());
  EXPECT_EQ(numbers(*open()), (std::vector<uint64_t>{2, 3, 4, 5, 6}));
}

TEST_F(LogTrajectoryLoggerTest, SurvivesTheLossOfOneCopyOfAHeader) {
  options_.segment_bytes = 1200;
  log_steps(*open(), 1, 8);
  files_.flip_bit(path(1), 77);
  const VerifyReport report = verify_trajectory_log(files_, "log").value();
  ASSERT_EQ(report.damage.size(), 1u);
  EXPECT_EQ(report.damage[0].offset, 0u);
  EXPECT_EQ(report.records.steps, 8u);
}

TEST_F(LogTrajectoryLoggerTest, ReadsASegmentWithoutAHeaderByItsNeighboursSalt) {
  options_.segment_bytes = 1200;
  log_steps(*open(), 1, 8);
  files_.flip_bit(path(1), 77);
  files_.flip_bit(path(1), 8 * kSegmentHeaderCopyBytes + 77);
  EXPECT_EQ(numbers(*open()).size(), 8u);
  EXPECT_EQ(verify_trajectory_log(files_, "log").value().damage.size(), 2u);
}

TEST_F(LogTrajectoryLoggerTest, NeverReusesTheNumbersOfASegmentThatCannotBeRead) {
  log_steps(*open(), 1, 8);
  files_.flip_bit(path(1), 77);
  files_.flip_bit(path(1), 8 * kSegmentHeaderCopyBytes + 77);
  const auto log = open();
  EXPECT_GT(log->log_step(view_of(test_step(9))).value(), 8u);
  EXPECT_EQ(numbers(*log), (std::vector<uint64_t>{9}));
}

TEST_F(LogTrajectoryLoggerTest, RefusesANewerFormat) {
  log_steps(*open(), 1, 1);
  auto header = encode_segment_header({1, 0, 0, 7});
  const auto copy = std::span(header).first(kSegmentHeaderCopyBytes);
  copy[4] = std::byte{2};
  const uint32_t crc = crc32c(copy.first(copy.size() - sizeof crc));
  std::memcpy(&copy[copy.size() - sizeof crc], &crc, sizeof crc);
  files_.put(path(1), std::string_view(reinterpret_cast<const char*>(header.data()), header.size()));
  const auto log = LogTrajectoryLogger::open(files_, clock_, options_);
  EXPECT_EQ(log.error().code, ErrorCode::kBadData);
  EXPECT_NE(log.error().message.find("version 2"), std::string::npos);
}

TEST_F(LogTrajectoryLoggerTest, KeepsToItsSizeAndForgetsWhatIsGone) {
  options_.segment_bytes = 1200;
  options_.max_bytes = 6000;
  auto log = open();
  log_steps(*log, 1, 50);
  const LogStats stats = log->stats().value();
  EXPECT_LE(stats.size_bytes, 6000u + 1200 + 500);
  EXPECT_GT(stats.first_sequence, 30u);
  EXPECT_EQ(stats.last_sequence, 50u);
  EXPECT_EQ(numbers(*log).front(), stats.first_sequence);
  EXPECT_EQ(log->log_outcome({test_id(1), true, 1.0, 0}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(log->log_step(view_of(test_step(1))).value(), 51u);
  log.reset();
  EXPECT_TRUE(verify_trajectory_log(files_, "log").value().is_sound());
}

TEST_F(LogTrajectoryLoggerTest, KeepsToItsAge) {
  options_.segment_bytes = 1200;
  options_.max_age = std::chrono::hours(24);
  auto log = open();
  log_steps(*log, 1, 10);
  clock_.advance(std::chrono::hours(23));
  log_steps(*log, 11, 20);
  EXPECT_EQ(log->stats().value().first_sequence, 1u);
  clock_.advance(std::chrono::hours(2));
  const CompactReport report = log->compact().value();
  EXPECT_GT(report.removed_segments, 1u);
  EXPECT_GT(report.freed_bytes, 1200u);
  const uint64_t first = log->stats().value().first_sequence;
  EXPECT_GT(first, 5u);
  EXPECT_LE(first, 11u);
}

TEST_F(LogTrajectoryLoggerTest, NeverAcknowledgesAfterAFailedSync) {
  options_.batch_interval = std::chrono::hours(1);
  auto log = open();
  log_steps(*log, 1, 5);
  ASSERT_TRUE(log->log_step(view_of(test_step(6))));
  files_.plan_fault({FileOp::kSync, 1, Fault::Kind::kIoError, false});
  EXPECT_EQ(log->flush().error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(log->durable_sequence(), 5u);
  const auto refused = log->log_step(view_of(test_step(7)));
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(to_string(refused.error()).find("read-only"), std::string::npos);
  EXPECT_NE(log->stats().value().read_only_reason.find("input/output"), std::string::npos);
  EXPECT_FALSE(log->wait_durable(6));
  EXPECT_EQ(numbers(*log).size(), 5u);
  log.reset();
  log = open();
  EXPECT_EQ(numbers(*log), (std::vector<uint64_t>{1, 2, 3, 4, 5}));
  log_steps(*log, 6, 7);
  EXPECT_EQ(numbers(*log).size(), 7u);
}

TEST_F(LogTrajectoryLoggerTest, KeepsWhatIsNotAcknowledgedWithinItsBound) {
  options_.batch_bytes = 8192;
  options_.batch_interval = std::chrono::hours(1);
  const auto log = open();
  const Step sample = test_step(500);
  const StepView view = view_of(sample);
  const size_t record_bytes = encoded_size(&view) - 8;
  for (uint64_t i = 1; i <= 500; ++i) {
    const uint64_t sequence = log->log_step(view_of(test_step(i))).value();
    ASSERT_LE((sequence - log->durable_sequence()) * record_bytes, 8192u);
  }
}

TEST_F(LogTrajectoryLoggerTest, CommitsABatchWhenItsTimeIsUpThoughNobodyAsks) {
  options_.batch_interval = std::chrono::milliseconds(1);
  const auto log = open();
  ASSERT_TRUE(log->log_step(view_of(test_step(1))));
  while (log->durable_sequence() < 1) std::this_thread::yield();
  EXPECT_GE(files_.count(FileOp::kSync), 2u);
}

TEST_F(LogTrajectoryLoggerTest, SharesASyncAmongManyRecords) {
  options_.batch_interval = std::chrono::hours(1);
  const auto log = open();
  const uint64_t before = files_.count(FileOp::kSync);
  for (uint64_t i = 1; i <= 100; ++i) ASSERT_TRUE(log->log_step(view_of(test_step(i))));
  ASSERT_TRUE(log->flush());
  EXPECT_EQ(files_.count(FileOp::kSync), before + 1);
}

TEST_F(LogTrajectoryLoggerTest, TakesARecordLargerThanItsBatch) {
  options_.batch_bytes = 1024;
  const auto log = open();
  Step step = test_step(1);
  step.metadata = "{\"a\":\"" + std::string(100'000, 'x') + "\"}";
  ASSERT_TRUE(log->log_step(view_of(step)));
  log_steps(*log, 2, 3);
  EXPECT_EQ(numbers(*log).size(), 3u);
}

}  // namespace
}  // namespace thunderline::thunderbolt
