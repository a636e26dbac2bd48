#include "thunderline/base/npz.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace thunderline {
namespace {

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string npy(std::string dict, const std::string& data) {
  dict += '\n';
  std::string text("\x93NUMPY\x01\x00", 8);
  text += static_cast<char>(dict.size() & 0xff);
  text += static_cast<char>(dict.size() >> 8);
  return text + dict + data;
}

TEST(Npz, RoundTripsArraysOfEveryRank) {
  const testing::TempFolder folder;
  const std::vector<float> x{1, 2, 3, 4, 5, 6};
  const std::vector<int64_t> y{7, -8};
  const std::vector<double> z{0.5};
  const NpzArrays arrays{{"x", NpyArray::of(std::span<const float>(x), {2, 3})},
                         {"y", NpyArray::of(std::span<const int64_t>(y), {2})},
                         {"z", NpyArray::of(std::span<const double>(z), {})},
                         {"none", NpyArray::of(std::span<const float>(), {0, 4})}};
  ASSERT_TRUE(write_npz(posix_file_system(), folder.path("a.npz"), arrays));
  const auto back = read_npz(posix_file_system(), folder.path("a.npz")).value();
  ASSERT_EQ(back.size(), 4u);
  EXPECT_EQ(back.at("x").to_floats(), x);
  EXPECT_EQ(back.at("x").shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(back.at("y").to_doubles(), (std::vector<double>{7, -8}));
  EXPECT_EQ(back.at("z").to_doubles(), z);
  EXPECT_EQ(back.at("none").size(), 0);
}

TEST(Npz, WritesTheSameBytesForTheSameArrays) {
  const std::vector<float> x{1, 2};
  const NpzArrays arrays{{"x", NpyArray::of(std::span<const float>(x), {2})}};
  EXPECT_EQ(npz_bytes(arrays).value(), npz_bytes(arrays).value());
}

TEST(ParseNpy, TurnsFortranOrderAndBigEndianIntoOurs) {
  const std::string data("\x00\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06", 12);
  const auto array = parse_npy(
      bytes(npy("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }", data)), "x").value();
  EXPECT_EQ(array.to_floats(), (std::vector<float>{1, 3, 5, 2, 4, 6}));
}

TEST(ParseNpy, ReadsHalfFloats) {
  const std::string data("\x00\x3c\x00\xc0\x01\x00", 6);
  const auto array =
      parse_npy(bytes(npy("{'descr': '<f2', 'fortran_order': False, 'shape': (3,), }", data)), "x")
          .value();
  EXPECT_EQ(array.to_floats(), (std::vector<float>{1.0f, -2.0f, 0x1p-24f}));
}

TEST(ParseNpy, RefusesObjectsCutsAndClaims) {
  const std::string cases[] = {
      "", "\x93NUMPY", npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "12345678"),
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "12345678"),
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }", ""),
      npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "1234"),
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (", "")};
  for (const std::string& text : cases) {
    EXPECT_EQ(parse_npy(bytes(text), "x").error().code, ErrorCode::kBadData) << text;
  }
}

TEST(ReadNpz, RefusesWhatIsNoArchiveAndWhatIsTooLarge) {
  const testing::TempFolder folder;
  ASSERT_TRUE(write_file_atomically(posix_file_system(), folder.path("x"), "no archive"));
  EXPECT_EQ(read_npz(posix_file_system(), folder.path("x")).error().code, ErrorCode::kBadData);
  const std::vector<float> x(10'000);
  ASSERT_TRUE(write_npz(posix_file_system(), folder.path("y"),
                        {{"x", NpyArray::of(std::span<const float>(x), {10'000})}}));
  EXPECT_EQ(read_npz(posix_file_system(), folder.path("y"), 1000).error().code,
            ErrorCode::kResourceLimit);
}

}  // namespace
}  // namespace thunderline
