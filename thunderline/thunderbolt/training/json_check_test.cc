#include "thunderline/thunderbolt/training/json_check.h"

#include <gtest/gtest.h>

#include <string>

#include "thunderline/base/json_util.h"
#include "thunderline/base/random.h"

namespace thunderline::thunderbolt {
namespace {

TEST(IsJson, TakesWhatTheGrammarTakes) {
  for (const char* text : {"null", "true", " false ", "0", "-0.5e+10", "1E5", "\"\"", "[]", "{}",
                           "[1, [2], {\"a\": \"\\u00e9\\n\"}]", "{\"a\":1,\"b\":[]}", "\"é你😀\""}) {
    EXPECT_TRUE(is_json(text)) << text;
  }
}

TEST(IsJson, RefusesWhatTheGrammarRefuses) {
  for (const char* text : {"", " ", "nul", "NaN", "01", "1.", ".5", "-", "+1", "1e", "[1,]", "[,1]",
                           "{\"a\"}", "{a:1}", "{\"a\":1,}", "\"", "\"\\x\"", "\"\\u12\"", "1 2",
                           "\"\x01\"", "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "[", "}"}) {
    EXPECT_FALSE(is_json(text)) << text;
  }
  EXPECT_FALSE(is_json(std::string_view("\"a\0b\"", 5)));
  EXPECT_FALSE(is_json(std::string(100'000, '[')));
}

TEST(IsJson, AgreesWithTheParserOnRandomTexts) {
  const std::string alphabet = "{}[]\",:0123456789.-+eE\\untrfalsx \xc3\xa9\x7f";
  Random random(3);
  int valid = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (uint64_t n = 1 + random.below(6); n > 0; --n) text += alphabet[random.below(alphabet.size())];
    const bool expected = Json::accept(text);
    valid += expected ? 1 : 0;
    ASSERT_EQ(is_json(text), expected) << text;
  }
  EXPECT_GT(valid, 1000);
}

TEST(IsJsonObject, WantsAnObject) {
  EXPECT_TRUE(is_json_object(" {\"a\":1} "));
  EXPECT_FALSE(is_json_object("[]"));
  EXPECT_FALSE(is_json_object(""));
  EXPECT_FALSE(is_json_object("{} {}"));
}

}  // namespace
}  // namespace thunderline::thunderbolt
