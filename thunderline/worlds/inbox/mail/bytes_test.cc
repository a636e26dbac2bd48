#include "thunderline/worlds/inbox/mail/bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thunderline::worlds::inbox {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Bytes, ClassesAreAsciiOnly) {
  for (int byte = 128; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    EXPECT_FALSE(is_letter(c) || is_digit(c) || is_blank(c) || is_space(c)) << byte;
    EXPECT_EQ(to_lower(c), c);
  }
  EXPECT_TRUE(is_blank('\t') && is_space('\v') && is_space('\f'));
  EXPECT_FALSE(is_blank('\n'));
}

TEST(Bytes, HexDigitsHaveValues) {
  EXPECT_EQ(hex_value('0'), 0);
  EXPECT_EQ(hex_value('f'), 15);
  EXPECT_EQ(hex_value('A'), 10);
  EXPECT_EQ(hex_value('g'), -1);
}

TEST(Strip, TakesBothEndsOnly) {
  EXPECT_EQ(strip_blanks(" \ta b\t "), "a b");
  EXPECT_EQ(strip_blanks("\na "), "\na");
  EXPECT_EQ(strip_spaces("\r\n a\v"), "a");
  EXPECT_EQ(strip("..a.b..", "."), "a.b");
  EXPECT_EQ(strip("...", "."), "");
}

TEST(FindIgnoringCase, FindsFromAPlaceOn) {
  EXPECT_EQ(find_ignoring_case("a</ScRiPt></script", "</script", 0), 1u);
  EXPECT_EQ(find_ignoring_case("a</ScRiPt></script", "</script", 2), 10u);
  EXPECT_EQ(find_ignoring_case("abc", "abcd", 0), std::string_view::npos);
  EXPECT_EQ(find_ignoring_case("abc", "c", 9), std::string_view::npos);
}

TEST(SplitLines, EndsLinesAtLfAndTakesOneCrBeforeIt) {
  EXPECT_THAT(split_lines("a\r\nb\n\nc\r\r\nd\re"), ElementsAre("a", "b", "", "c\r", "d\re"));
}

TEST(SplitLines, HasNoEmptyLineAfterTheLastLf) {
  EXPECT_THAT(split_lines("a\n"), ElementsAre("a"));
  EXPECT_THAT(split_lines("\n"), ElementsAre(""));
  EXPECT_THAT(split_lines(""), IsEmpty());
}

TEST(SplitLines, KeepsACrThatNoLfFollows) { EXPECT_THAT(split_lines("a\r"), ElementsAre("a\r")); }

}  // namespace
}  // namespace thunderline::worlds::inbox
