#include "thunderline/thunderchief/governance/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/support/fake_clock.h"
#include "tests/support/memory_file_system.h"
#include "thunderline/base/random.h"

namespace thunderline::thunderchief {
namespace {

using testing::FakeClock;
using testing::Fault;
using testing::FileOp;
using testing::MemoryFileSystem;

constexpr const char* kFolder = "home/audit";
constexpr const char* kLog = "home/audit/log.jsonl";

AuditEntry entry(int number) {
  return {.who = "crown",
          .what = "deploy",
          .subject = "scorer/" + std::to_string(number),
          .before = std::to_string(number - 1),
          .after = std::to_string(number),
          .why = "it is \"better\"\nby far",
          .key = "run/" + std::to_string(number)};
}

Result<AuditLog> open_log(MemoryFileSystem& files, const FakeClock& clock) {
  return AuditLog::open(files, clock, {kFolder, std::chrono::milliseconds(0)});
}

void fill(MemoryFileSystem& files, const FakeClock& clock, int from, int to) {
  auto log = open_log(files, clock);
  ASSERT_TRUE(log) << to_string(log.error());
  for (int i = from; i <= to; ++i) ASSERT_TRUE(log->append(entry(i)));
}

std::vector<std::string> lines_of(const MemoryFileSystem& files) {
  std::vector<std::string> lines;
  const std::string text = files.content(kLog);
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// The fault of the log after its lines were tampered with.
AuditFault fault_after(const std::function<void(std::vector<std::string>&)>& tamper) {
  MemoryFileSystem files;
  const FakeClock clock;
  fill(files, clock, 1, 6);
  std::vector<std::string> lines = lines_of(files);
  tamper(lines);
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  files.put(kLog, text);
  const auto report = verify_audit(files, kFolder);
  if (!report || !report->fault) {
    ADD_FAILURE() << "the log passed for whole";
    return {};
  }
  EXPECT_EQ(read_audit(files, kFolder).error().code, ErrorCode::kBadData);
  return *report->fault;
}

void expect_fault(const AuditFault& fault, uint64_t line, const std::string& kind) {
  EXPECT_EQ(fault.line, line) << fault.message;
  EXPECT_EQ(fault.kind, kind) << fault.message;
}

/// The line of another entry in the same place of the chain, with a hash that fits it.
std::string forged(const std::vector<std::string>& lines, size_t index) {
  AuditEntry other = entry(99);
  const std::string previous = index == 0 ? audit_root() : hash_of_line(lines[index - 1]);
  std::string line = audit_line(other, index + 1, previous);
  line.pop_back();
  return line;
}

TEST(AuditLog, KeepsWhoWhatBeforeAfterAndWhyOverARestart) {
  MemoryFileSystem files;
  const FakeClock clock;
  fill(files, clock, 1, 2);
  fill(files, clock, 3, 3);
  const auto entries = read_audit(files, kFolder);
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_EQ((*entries)[2].who, "crown");
  EXPECT_EQ((*entries)[2].before, "2");
  EXPECT_EQ((*entries)[2].after, "3");
  EXPECT_EQ((*entries)[2].why, entry(3).why);
  EXPECT_EQ((*entries)[2].time, "2023-11-14T22:13:20.000Z");
  const auto report = verify_audit(files, kFolder);
  EXPECT_FALSE(report->fault);
  EXPECT_EQ(report->lines, 3u);
  EXPECT_EQ(report->head_hash, hash_of_line(lines_of(files)[2]));
}

TEST(AuditLog, WritesAnEntryOnceHoweverOftenItIsAppended) {
  MemoryFileSystem files;
  const FakeClock clock;
  fill(files, clock, 1, 3);
  fill(files, clock, 1, 4);
  EXPECT_EQ(lines_of(files).size(), 4u);
}

TEST(AuditLog, AFolderWithoutALogHasNoLines) {
  MemoryFileSystem files;
  const auto report = verify_audit(files, kFolder);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->lines, 0u);
  EXPECT_FALSE(report->fault);
}

TEST(AuditLog, NamesALineThatWasChanged) {
  expect_fault(fault_after([](auto& lines) { lines[2][30] ^= 1; }), 3, "changed");
  expect_fault(fault_after([](auto& lines) { lines[0] = ""; }), 1, "changed");
  expect_fault(fault_after([](auto& lines) { lines[5].back() = ' '; }), 6, "changed");
}

TEST(AuditLog, NamesALineThatWasChangedTogetherWithItsHash) {
  for (const size_t at : {0u, 2u, 5u}) {
    expect_fault(fault_after([&](auto& lines) { lines[at] = forged(lines, at); }), at + 1, "changed");
  }
}

TEST(AuditLog, NamesALineThatWasRemovedAlsoTheLast) {
  for (const size_t at : {0u, 3u, 5u}) {
    expect_fault(fault_after([&](auto& lines) { lines.erase(lines.begin() + static_cast<ptrdiff_t>(at)); }),
                 at + 1, "removed");
  }
  expect_fault(fault_after([](auto& lines) { lines.clear(); }), 1, "removed");
}

TEST(AuditLog, NamesALineThatWasInserted) {
  for (const ptrdiff_t at : {0, 2, 6}) {
    const auto index = static_cast<size_t>(at);
    expect_fault(fault_after([&](auto& lines) { lines.insert(lines.begin() + at, "{}"); }), index + 1,
                 at == 6 ? "changed" : "inserted");
    if (at == 6) continue;  // What continues the chain at its end is an entry.
    expect_fault(fault_after([&](auto& lines) {
                   lines.insert(lines.begin() + at, forged(lines, index));
                 }), index + 1, "inserted");
  }
  expect_fault(fault_after([](auto& lines) { lines.insert(lines.begin() + 4, lines[1]); }), 5,
               "inserted");
  expect_fault(fault_after([](auto& lines) { lines.insert(lines.begin() + 3, lines[2]); }), 4,
               "inserted");
}

TEST(AuditLog, NamesTheFirstLineThatWasReordered) {
  expect_fault(fault_after([](auto& lines) { std::swap(lines[1], lines[2]); }), 2, "reordered");
  expect_fault(fault_after([](auto& lines) { std::swap(lines[0], lines[5]); }), 1, "reordered");
}

TEST(AuditLog, ADamagedLogTakesNoMoreEntriesAndStaysAsItIs) {
  MemoryFileSystem files;
  const FakeClock clock;
  fill(files, clock, 1, 3);
  files.flip_bit(kLog, 8 * 40);
  const std::string before = files.content(kLog);
  const auto log = open_log(files, clock);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, ErrorCode::kBadData);
  EXPECT_THAT(log.error().where, ::testing::HasSubstr("line 1"));
  EXPECT_EQ(files.content(kLog), before);
}

TEST(AuditLog, CutsAnUnfinishedLastLineAndTellsOfIt) {
  MemoryFileSystem files;
  const FakeClock clock;
  fill(files, clock, 1, 3);
  files.put(kLog, files.content(kLog) + "{\"n\":4,\"ti");
  EXPECT_EQ(verify_audit(files, kFolder)->unfinished_bytes, 10u);
  EXPECT_FALSE(verify_audit(files, kFolder)->fault);
  auto log = open_log(files, clock);
  ASSERT_TRUE(log);
  EXPECT_NE(log->repaired(), "");
  ASSERT_TRUE(log->append(entry(4)));
  const auto entries = read_audit(files, kFolder);
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 5u);
  EXPECT_EQ((*entries)[3].what, "repair");
  EXPECT_EQ((*entries)[4].subject, "scorer/4");
}

TEST(AuditLog, TwoWritersTakeTurns) {
  MemoryFileSystem files;
  const FakeClock clock;
  auto one = open_log(files, clock);
  auto two = open_log(files, clock);
  ASSERT_TRUE(one && two);
  for (int i = 1; i <= 6; ++i) ASSERT_TRUE((i % 2 ? *one : *two).append(entry(i)));
  EXPECT_EQ(read_audit(files, kFolder)->size(), 6u);
  const auto held = files.lock(std::string(kFolder) + "/LOCK");
  EXPECT_EQ(one->append(entry(7)).error().code, ErrorCode::kRefused);
}

TEST(AuditLog, WhateverFileOperationFailsAnAcknowledgedEntryIsThereOnce) {
  for (const Fault::Kind kind :
       {Fault::Kind::kIoError, Fault::Kind::kNoSpace, Fault::Kind::kShortWrite}) {
    bool struck = true;
    for (uint64_t nth = 1; struck; ++nth) {
      MemoryFileSystem files;
      const FakeClock clock;
      fill(files, clock, 1, 2);
      files.plan_fault({FileOp::kAny, nth, kind, false});
      {
        auto log = open_log(files, clock);
        if (log && !log->append(entry(3))) (void)log->append(entry(3));
      }
      struck = files.fault_struck();
      files.clear_faults();
      fill(files, clock, 3, 4);
      const auto entries = read_audit(files, kFolder);
      ASSERT_TRUE(entries) << "operation " << nth << ": " << to_string(entries.error());
      for (int i = 1; i <= 4; ++i) {
        EXPECT_EQ(std::count_if(entries->begin(), entries->end(),
                                [&](const AuditEntry& e) { return e.key == entry(i).key; }), 1)
            << "operation " << nth;
      }
    }
  }
}

TEST(AuditLog, SurvivesPowerCutsWithEveryAcknowledgedEntry) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    MemoryFileSystem files;
    const FakeClock clock;
    Random random(seed);
    int acknowledged = 0;
    for (int life = 0; life < 4; ++life) {
      // The cut comes after a random operation of this life: it fails and so do all after it.
      files.plan_fault({FileOp::kAny, 1 + random.below(40), Fault::Kind::kShortWrite, true});
      if (auto log = open_log(files, clock)) {
        for (int i = 1; i <= acknowledged + 4; ++i) {
          if (!log->append(entry(i))) break;
          acknowledged = std::max(acknowledged, i);
        }
      }
      files.power_cut(seed * 31 + static_cast<uint64_t>(life));
      files.clear_faults();
    }
    auto log = open_log(files, clock);
    ASSERT_TRUE(log) << "seed " << seed << ": " << to_string(log.error());
    for (int i = 1; i <= acknowledged; ++i) {
      EXPECT_TRUE(log->contains(entry(i).key)) << "seed " << seed << " entry " << i;
    }
    EXPECT_FALSE(verify_audit(files, kFolder)->fault) << "seed " << seed;
  }
}

}  // namespace
}  // namespace thunderline::thunderchief
