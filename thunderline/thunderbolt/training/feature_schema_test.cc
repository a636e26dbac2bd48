#include "thunderline/thunderbolt/training/feature_schema.h"

#include <gtest/gtest.h>

#include "thunderline/base/json_util.h"

namespace thunderline::thunderbolt {
namespace {

using Names = std::vector<std::string>;

FeatureSchema schema_of(const Names& names) { return FeatureSchema::v1(names).value(); }

TEST(FeatureSchema, HasFortySlotsInTheDocumentedOrder) {
  const FeatureSchema schema = schema_of({"html", "links"});
  ASSERT_EQ(schema.width(), kFeatureCount);
  EXPECT_EQ(schema.version(), 1);
  const std::pair<const char*, size_t> slots[] = {
      {"category_sensory", 0}, {"category_executive", 7}, {"energy", 8},
      {"content_len", 10},     {"depth", 12},             {"transition_count", 16},
      {"status_pending", 17},  {"context_energy", 20},    {"cerebros_score", 23},
      {"channel.html", 24},    {"channel.links", 25},     {"channel.2", 26},
      {"channel.15", 39}};
  for (const auto& [name, slot] : slots) EXPECT_EQ(schema.index_of(name), slot) << name;
  EXPECT_EQ(schema.index_of("bit_id"), std::nullopt);
}

TEST(FeatureSchema, RoundTripsThroughJsonWithItsHash) {
  const FeatureSchema schema = schema_of({"html"});
  const FeatureSchema read = FeatureSchema::from_json(schema.to_json(), "test").value();
  EXPECT_EQ(read, schema);
  EXPECT_EQ(read.hash(), schema.hash());
  EXPECT_NE(schema_of({"links"}).hash(), schema.hash());
}

TEST(FeatureSchema, RefusesBadChannelNames) {
  EXPECT_EQ(FeatureSchema::v1(Names(17, "x")).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(FeatureSchema::v1(Names{"a", ""}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(FeatureSchema::v1(Names{"a", "a"}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(FeatureSchema::v1(Names{"5"}).error().code, ErrorCode::kInvalidArgument)
      << "the name of an unused channel";
}

TEST(FeatureSchema, RefusesJsonThatIsNotWhatItClaims) {
  const auto after = [](void (*change)(Json&)) {
    Json json = parse_json(schema_of({"html"}).to_json(), "test").value();
    change(json);
    const auto read = FeatureSchema::from_json(dump_json(json), "model/metadata.json");
    return read ? ErrorCode::kInternal : read.error().code;
  };
  EXPECT_EQ(after([](Json&) {}), ErrorCode::kInternal) << "unchanged it is read";
  EXPECT_EQ(after([](Json& j) { j["version"] = 0; }), ErrorCode::kBadData);
  EXPECT_EQ(after([](Json& j) { j["features"].erase(3); }), ErrorCode::kBadData);
  EXPECT_EQ(after([](Json& j) { j["features"][8]["max"] = 2; }), ErrorCode::kBadData);
  EXPECT_EQ(after([](Json& j) { j["features"][8]["max"] = -1; }), ErrorCode::kBadData);
  EXPECT_EQ(after([](Json& j) { j["channel_names"] = "html"; }), ErrorCode::kBadData);
  EXPECT_EQ(after([](Json& j) { j["channel_names"][0] = 3; }), ErrorCode::kBadData);
  EXPECT_EQ(after([](Json& j) { j = Json::array(); }), ErrorCode::kBadData);
}

TEST(CheckSameSchema, SaysWhatDiffersFirst) {
  const FeatureSchema ours = schema_of({"html", "links"});
  EXPECT_TRUE(check_same_schema(ours, ours));
  const Status other_channel = check_same_schema(ours, schema_of({"html", "quoted"}));
  ASSERT_FALSE(other_channel);
  EXPECT_EQ(other_channel.error().code, ErrorCode::kRefused);
  EXPECT_EQ(other_channel.error().where, "feature 25");
  const FeatureSchema later =
      FeatureSchema::from_json(R"({"version": 2, "channel_names": [], "features": []})", "test")
          .value();
  EXPECT_EQ(check_same_schema(ours, later).error().where, "version");
}

}  // namespace
}  // namespace thunderline::thunderbolt
