#include "thunderline/thunderbolt/training/feature_extractor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tests/support/thunderbits.h"

namespace thunderline::thunderbolt {
namespace {

using testing::Field;
using namespace thunderbit;

const std::vector<std::string> kChannelNames = {"html", "links"};

FeatureExtractor extractor() {
  return FeatureExtractor::create(FeatureSchema::v1(kChannelNames).value()).value();
}

Field field_with_channels() {
  ContextOptions options;
  options.channel_names = kChannelNames;
  options.scope.pac_id = "pac-1";
  return Field{Context::create(options).value()};
}

std::map<std::string, float> by_name(const std::array<float, kFeatureCount>& row) {
  std::map<std::string, float> named;
  for (size_t i = 0; i < kFeatureCount; ++i) {
    named[extractor().schema().features()[i].name] = row[i];
  }
  return named;
}

std::map<std::string, float> features_of(const Field& field, BitRef bit) {
  return by_name(
      extractor().extract_training_features(field.bit(bit), field.context).value().values);
}

TEST(FeatureExtractor, FillsEverySlotAsDocumented) {
  Field field = field_with_channels();
  SpawnAttrs attrs;
  attrs.status = BitStatus::kActive;
  attrs.energy = 0.5f;
  attrs.salience = 0.25f;
  attrs.content = std::string(255, 'x');
  attrs.tags = Tags({"a", "b"});
  attrs.channels = Channels::from(std::vector<float>{0.125f, 7.0f}).value();
  const BitRef parent = field.spawn(Category::kSensory);
  const BitRef bit = field.spawn(Category::kCognitive, attrs);
  const BitRef sibling = field.spawn(Category::kPerceptual);
  const BitRef child = field.spawn(Category::kMotor);
  field.link(parent, bit, Relation::kFeeds);
  field.link(parent, sibling, Relation::kFeeds);
  field.link(bit, child, Relation::kTriggers);
  field.context = advance_tick(field.context, 300);
  BitChanges changes;
  changes.score = Score::of(0.75f, 1, "deliver", "v1");
  field.mutate(bit, changes);
  const Continuation same = {"same", [](Bit b) -> Result<Bit> { return b; }};
  field.context = Protocol::bind(field.context, bit, same).value().context;

  const auto features = features_of(field, bit);
  const std::map<std::string, float> expected = {
      {"category_cognitive", 1},
      {"energy", 0.5f},
      {"salience", 0.25f},
      {"content_len", static_cast<float>(std::log1p(255.0) / std::log1p(65536.0))},
      {"tag_count", 2.0f / 16},
      {"depth", 0.1f},
      {"siblings", 1.0f / 16},
      {"children", 1.0f / 16},
      {"time_since_spawn", 0.75f},
      {"transition_count", 1.0f / 16},
      {"status_active", 1},
      {"context_energy", 0.5f},
      {"active_bit_count", 1.0f / 101},
      {"chain_depth", 0.1f},
      {"cerebros_score", 0.75f},
      {"channel.html", 0.125f},
      {"channel.links", 1}};
  for (const auto& [name, value] : features) {
    const auto it = expected.find(name);
    EXPECT_NEAR(value, it == expected.end() ? 0 : it->second, 1e-6) << name;
  }
}

TEST(FeatureExtractor, CapsWhatIsBeyondAndStartsFromTheMiddleWithoutAScore) {
  Field field = field_with_channels();
  SpawnAttrs attrs;
  attrs.content = std::string(100'000, 'x');
  attrs.tags = Tags(std::vector<std::string>(20, "t"));
  attrs.channels = Channels::from(std::vector<float>{-3.0f, 3.0f}).value();
  const BitRef bit = field.spawn(Category::kSocial, attrs);
  for (int i = 0; i < 20; ++i) field.link(bit, field.spawn(Category::kMotor), Relation::kRoutesTo);
  auto features = features_of(field, bit);
  for (const char* name : {"content_len", "tag_count", "children", "channel.links"}) {
    EXPECT_EQ(features[name], 1) << name;
  }
  EXPECT_EQ(features["channel.html"], 0);
  EXPECT_EQ(features["cerebros_score"], 0.5f);
  EXPECT_EQ(features["status_pending"], 1);
  EXPECT_EQ(features["context_energy"], 0) << "no bit is active";
  EXPECT_EQ(features_of(field, field.context.ref_at(5))["siblings"], 1);
  field.retire(bit);
  EXPECT_EQ(features_of(field, bit)["status_other"], 1);
}

TEST(FeatureExtractor, GivesABatchTheRowsOfItsBitsInTheirOrder) {
  Field field = field_with_channels();
  std::vector<BitRef> refs;
  std::vector<Uuid> ids;
  for (int i = 0; i < 100; ++i) {
    SpawnAttrs attrs;
    attrs.energy = static_cast<float>(i) / 100;
    refs.insert(refs.begin(), field.spawn(static_cast<Category>(i % 8), attrs));
    ids.insert(ids.begin(), field.bit(refs.front()).id);
  }
  std::vector<float> by_ref(refs.size() * kFeatureCount), by_id(by_ref.size());
  const FeatureExtractor extract = extractor();
  ASSERT_TRUE(extract.extract_batch(field.context, refs, by_ref));
  ASSERT_TRUE(extract.extract_batch(field.context, ids, by_id));
  EXPECT_EQ(by_ref, by_id);
  for (size_t i = 0; i < refs.size(); ++i) {
    const auto one = extract.extract_training_features(field.bit(refs[i]), field.context).value();
    EXPECT_EQ(one.bit_id, ids[i]);
    EXPECT_EQ(one.pac_id, "pac-1");
    EXPECT_TRUE(std::equal(one.values.begin(), one.values.end(), &by_ref[i * kFeatureCount]));
  }
}

TEST(FeatureExtractor, RefusesWhatIsNotFiniteAndNamesFeatureAndBit) {
  Field field = field_with_channels();
  const BitRef ref = field.spawn(Category::kCognitive);
  const auto error_with = [&](auto&& breaks) {
    Bit bit = field.bit(ref);
    breaks(bit);
    const auto result = extractor().extract_training_features(bit, field.context);
    return result ? Error{} : result.error();
  };
  const Error nan = error_with([](Bit& bit) { bit.channels.values[1] = NAN; });
  EXPECT_EQ(nan.code, ErrorCode::kBadData);
  EXPECT_NE(nan.message.find("channel.links"), std::string::npos);
  EXPECT_NE(nan.where.find(field.bit(ref).id.to_string()), std::string::npos);
  const Error infinite = error_with([](Bit& bit) { bit.energy = -INFINITY; });
  EXPECT_NE(infinite.message.find("\"energy\" is infinite"), std::string::npos);
  const Error score = error_with([](Bit& bit) { bit.score = Score::of(NAN, 0, {}, {}); });
  EXPECT_NE(score.message.find("cerebros_score"), std::string::npos);
}

TEST(FeatureExtractor, RefusesOtherChannelsSizesBitsAndSchemas) {
  Field field = field_with_channels();
  const std::vector<BitRef> refs = {field.spawn(Category::kSensory)};
  std::vector<float> row(kFeatureCount);
  const FeatureExtractor extract = extractor();
  EXPECT_EQ(extract.extract_batch(Context(), refs, row).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(extract.extract_batch(field.context, refs, std::span(row).first(39)).error().code,
            ErrorCode::kInvalidArgument);
  const std::vector<BitRef> gone = {BitRef{5, 0}};
  EXPECT_EQ(extract.extract_batch(field.context, gone, row).error().code, ErrorCode::kNotFound);
  const std::vector<Uuid> unknown = {Uuid{}};
  EXPECT_EQ(extract.extract_batch(field.context, unknown, row).error().code, ErrorCode::kNotFound);
  const auto later =
      FeatureSchema::from_json(R"({"version": 2, "channel_names": [], "features": []})", "test");
  EXPECT_EQ(FeatureExtractor::create(later.value()).error().code, ErrorCode::kRefused);
}

}  // namespace
}  // namespace thunderline::thunderbolt
