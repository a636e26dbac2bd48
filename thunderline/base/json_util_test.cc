#include "thunderline/base/json_util.h"

#include <gtest/gtest.h>

namespace thunderline {
namespace {

TEST(ParseJson, ReportsThePlaceOfAnError) {
  const auto result = parse_json(R"({"a": 1,})", "x.json");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kBadData);
  EXPECT_EQ(result.error().where, "x.json");
  EXPECT_NE(result.error().message.find("byte"), std::string::npos);
}

TEST(ParseJson, RefusesDeepNesting) {
  EXPECT_TRUE(parse_json(std::string(60, '[') + std::string(60, ']'), "x"));
  EXPECT_FALSE(parse_json(std::string(100'000, '[') + std::string(100'000, ']'), "x"));
  EXPECT_FALSE(parse_json(std::string(100'000, '['), "x"));
}

TEST(ParseJson, KeepsTheOrderOfKeysWhenAskedTo) {
  EXPECT_EQ(dump_json(parse_ordered_json(R"({"b":1,"a":2})", "x").value()), R"({"b":1,"a":2})");
}

TEST(JsonFields, AreTypedWithErrorsThatNameTheField) {
  const Json object = parse_json(R"({"s":"x","n":1.5,"i":3,"b":true,"u":18446744073709551615})",
                                 "x").value();
  EXPECT_EQ(json_string(object, "s", "x").value(), "x");
  EXPECT_EQ(json_number(object, "n", "x").value(), 1.5);
  EXPECT_EQ(json_integer(object, "i", "x").value(), 3);
  EXPECT_TRUE(json_bool(object, "b", "x").value());
  EXPECT_NE(json_integer(object, "n", "x").error().message.find("\"n\" must be an integer"),
            std::string::npos);
  EXPECT_FALSE(json_integer(object, "u", "x"));
  EXPECT_NE(json_string(object, "none", "x").error().message.find("missing"), std::string::npos);
}

TEST(DumpJson, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(dump_json(Json("a\xff")), "\"a\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace thunderline
