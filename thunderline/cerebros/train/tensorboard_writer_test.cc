#include "thunderline/cerebros/train/tensorboard_writer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"
#include "thunderline/base/crc32c.h"

namespace thunderline::cerebros::train {
namespace {

template <typename T>
T number_at(const std::string& bytes, size_t at) {
  T number{};
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

uint32_t masked_crc(const std::string& bytes) {
  const uint32_t crc = crc32c(std::as_bytes(std::span(bytes)));
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

/// The contents of the file's records; every sum is checked.
std::vector<std::string> records_of(const std::string& bytes) {
  std::vector<std::string> records;
  for (size_t at = 0; at < bytes.size();) {
    const auto size = static_cast<size_t>(number_at<uint64_t>(bytes, at));
    EXPECT_EQ(number_at<uint32_t>(bytes, at + 8), masked_crc(bytes.substr(at, 8)));
    records.push_back(bytes.substr(at + 12, size));
    EXPECT_EQ(number_at<uint32_t>(bytes, at + 12 + size), masked_crc(records.back()));
    at += 12 + size + 4;
  }
  return records;
}

std::string written(const std::function<void(TensorboardWriter&)>& write) {
  const testing::TempFolder folder;
  const testing::FakeClock clock;
  FileSystem& files = posix_file_system();
  auto writer = TensorboardWriter::create(files, clock, folder.path("a/b"));
  EXPECT_TRUE(writer);
  write(*writer);
  EXPECT_TRUE(writer->close());
  const auto entries = files.list(folder.path("a/b")).value();
  EXPECT_EQ(entries.size(), 1u);
  EXPECT_TRUE(entries[0].name.starts_with("events.out.tfevents."));
  return read_file(files, join_path(folder.path("a/b"), entries[0].name)).value();
}

TEST(TensorboardWriter, BeginsAsEveryEventFileDoes) {
  const std::string bytes = written([](TensorboardWriter&) {});
  // The length 24 and its sum are the first bytes of every file that TensorFlow writes.
  const std::string begin("\x18\0\0\0\0\0\0\0\xa3\x7f\x4b\x22\x09", 13);
  EXPECT_EQ(bytes.substr(0, begin.size()), begin);
  const std::vector<std::string> records = records_of(bytes);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].substr(9), "\x1a\x0d" "brain.Event:2");
}

TEST(TensorboardWriter, WritesScalarsWithStepAndTag) {
  const std::vector<std::string> records = records_of(
      written([](TensorboardWriter& writer) { ASSERT_TRUE(writer.add_scalar("loss", 300, 0.5)); }));
  ASSERT_EQ(records.size(), 2u);
  const std::string expected(
      "\x10\xac\x02"           // step = 300
      "\x2a\x0d"               // summary
      "\x0a\x0b"               // its value
      "\x0a\x04loss"           // tag
      "\x15\x00\x00\x00\x3f",  // simple_value = 0.5
      18);
  EXPECT_EQ(records[1].substr(9), expected);
}

TEST(TensorboardWriter, AFolderThatCannotBeMadeIsAnError) {
  const testing::TempFolder folder;
  const testing::FakeClock clock;
  ASSERT_TRUE(write_file_atomically(posix_file_system(), folder.path("file"), "x"));
  EXPECT_FALSE(TensorboardWriter::create(posix_file_system(), clock, folder.path("file/logs")));
}

}  // namespace
}  // namespace thunderline::cerebros::train
