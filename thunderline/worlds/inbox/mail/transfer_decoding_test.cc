#include "thunderline/worlds/inbox/mail/transfer_decoding.h"

#include <gtest/gtest.h>

namespace thunderline::worlds::inbox {
namespace {

TEST(DecodeBase64, DecodesGroupsOfAnyLength) {
  EXPECT_EQ(decode_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decode_base64("Zm9vYmE="), "fooba");
  EXPECT_EQ(decode_base64("Zm9vYg=="), "foob");
  EXPECT_EQ(decode_base64("Zm9vYg"), "foob");
}

TEST(DecodeBase64, SkipsOtherBytesAndDropsALoneDigit) {
  EXPECT_EQ(decode_base64("Z m\n9*v\xFF"), "foo");
  EXPECT_EQ(decode_base64("Zm9vY"), "foo");
}

TEST(DecodeBase64, StopsAtTheFirstEqualsSign) {
  EXPECT_EQ(decode_base64("Zm9v=Zm9v"), "foo");
  EXPECT_EQ(decode_base64("="), "");
}

TEST(DecodeQuotedPrintable, DecodesBytesAndSoftBreaks) {
  EXPECT_EQ(decode_quoted_printable("a=3Db=e4"), "a=b\xE4");
  EXPECT_EQ(decode_quoted_printable("a= \t\nb"), "ab");
  EXPECT_EQ(decode_quoted_printable("a= \t"), "a");
  EXPECT_EQ(decode_quoted_printable("a="), "a");
}

TEST(DecodeQuotedPrintable, KeepsAnyOtherEqualsSign) {
  EXPECT_EQ(decode_quoted_printable("a=x =4"), "a=x =4");
  EXPECT_EQ(decode_quoted_printable("a= b"), "a= b");
}

TEST(DecodeBody, ReplacesCrlfAfterDecoding) {
  EXPECT_EQ(decode_body("a=0D=0Ab=0Dc", "quoted-printable"), "a\nb\rc");
  EXPECT_EQ(decode_body("YQ0KYg==", "base64"), "a\nb");
}

TEST(DecodeBody, LeavesOtherEncodingsAsTheyAre) {
  EXPECT_EQ(decode_body("a=3D", "8bit"), "a=3D");
  EXPECT_EQ(decode_body("a=3D", "x-unknown"), "a=3D");
}

TEST(DecodeWords, DecodesBothForms) {
  EXPECT_EQ(decode_words("=?iso-8859-1?Q?a_b=E4?= x"), "a b\xE4 x");
  EXPECT_EQ(decode_words("=?utf-8?b?Zm9v?="), "foo");
}

TEST(DecodeWords, DropsBlanksBetweenTwoWordsOnly) {
  EXPECT_EQ(decode_words("a =?x?q?b?= \t =?x?q?c?= d"), "a bc d");
  EXPECT_EQ(decode_words("=?x?q?b?= - =?x?q?c?="), "b - c");
}

TEST(DecodeWords, KeepsWhatIsNoWord) {
  for (const char* text : {"=?", "=?x", "=?x?", "=?x?q", "=?x?q?", "=?x?q?a", "=?x?q?a?",
                           "=?x?z?a?=", "=??q?a?=", "=?x?q?a?b"}) {
    EXPECT_EQ(decode_words(text), text);
  }
}

}  // namespace
}  // namespace thunderline::worlds::inbox
