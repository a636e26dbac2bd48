#include "thunderline/cerebros/keras/archive/zip_file.h"

#include <gtest/gtest.h>

namespace thunderline::cerebros::keras {
namespace {

std::vector<ZipEntry> two_entries() {
  return {{"b.json", "{}"}, {"a/x.h5", std::string(5000, 'x')}};
}

TEST(ZipFile, RoundTripsEntriesInTheirOrder) {
  const std::string bytes = zip_bytes(two_entries()).value();
  EXPECT_EQ(read_zip(bytes, "x.zip").value(), two_entries());
}

TEST(ZipFile, GivesTheSameBytesForTheSameEntries) {
  EXPECT_EQ(zip_bytes(two_entries()).value(), zip_bytes(two_entries()).value());
}

TEST(ZipFile, StoresWithoutCompression) {
  EXPECT_NE(zip_bytes(two_entries()).value().find(std::string(5000, 'x')), std::string::npos);
}

TEST(ZipFile, RefusesWhatIsNoArchive) {
  const auto read = read_zip("no archive at all", "x.zip");
  EXPECT_EQ(read.error().code, ErrorCode::kBadData);
  EXPECT_EQ(read.error().where, "x.zip");
  EXPECT_EQ(read_zip("", "x.zip").error().code, ErrorCode::kBadData);
}

TEST(ZipFile, NoticesAChangedByteOfAnEntry) {
  std::string bytes = zip_bytes(two_entries()).value();
  bytes[bytes.find("xxx") + 1000] = 'y';
  const auto read = read_zip(bytes, "x.zip");
  EXPECT_EQ(read.error().code, ErrorCode::kBadData);
  EXPECT_EQ(read.error().where, "x.zip: a/x.h5");
}

TEST(ZipFile, RefusesTooManyEntriesTooManyBytesAndTooHighARatio) {
  const std::string bytes = zip_bytes(two_entries()).value();
  ZipLimits few;
  few.max_entries = 1;
  ZipLimits small;
  small.max_total_bytes = 4000;
  ZipLimits flat;
  flat.ratio_from_bytes = 10;
  flat.max_ratio = 1;
  EXPECT_EQ(read_zip(bytes, "x", few).error().code, ErrorCode::kResourceLimit);
  EXPECT_EQ(read_zip(bytes, "x", small).error().code, ErrorCode::kResourceLimit);
  EXPECT_TRUE(read_zip(bytes, "x", flat));  // Stored: the ratio is 1.
}

TEST(ZipFile, RefusesAnEntryThatUnpacksToManyTimesItsSize) {
  // 64 KiB of zeros, deflated by Python's zipfile.
  static constexpr char kBomb[] =
      "\x50\x4b\x03\x04\x14\x00\x00\x00\x08\x00\x00\x00\x21\x00\xeb\x8e\x97\xd7\x4e\x00\x00\x00"
      "\x00\x00\x01\x00\x01\x00\x00\x00\x7a\xed\xc1\x01\x01\x00\x00\x00\x80\x90\xfe\xaf\xee\x08"
      "\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
      "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
      "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x6a\x50"
      "\x4b\x01\x02\x14\x03\x14\x00\x00\x00\x08\x00\x00\x00\x21\x00\xeb\x8e\x97\xd7\x4e\x00\x00"
      "\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x01\x00\x00\x00"
      "\x00\x7a\x50\x4b\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00\x2f\x00\x00\x00\x6d\x00\x00\x00"
      "\x00\x00";
  const std::string_view bytes(kBomb, sizeof(kBomb) - 1);
  EXPECT_EQ(read_zip(bytes, "x").value().at(0).data, std::string(65536, '\0'));
  ZipLimits limits;
  limits.ratio_from_bytes = 1000;
  EXPECT_EQ(read_zip(bytes, "x", limits).error().code, ErrorCode::kResourceLimit);
}

}  // namespace
}  // namespace thunderline::cerebros::keras
