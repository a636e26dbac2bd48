#include "thunderline/thunderbit/bit.h"

#include <gtest/gtest.h>

#include <cmath>

namespace thunderline::thunderbit {
namespace {

TEST(ScoreLabel, FollowsTheBands) {
  EXPECT_EQ(label_for(0.0f), ScoreLabel::kCritical);
  EXPECT_EQ(label_for(0.1999f), ScoreLabel::kCritical);
  EXPECT_EQ(label_for(0.2f), ScoreLabel::kLow);
  EXPECT_EQ(label_for(0.4f), ScoreLabel::kMedium);
  EXPECT_EQ(label_for(0.7f), ScoreLabel::kHigh);
  EXPECT_EQ(Score::of(0.5f, 1, "wait", "heuristic").label, ScoreLabel::kMedium);
}

TEST(Channels, RefuseMoreThanSixteenAndWhatIsNotFinite) {
  const std::vector<float> many(17, 0.5f);
  EXPECT_FALSE(Channels::from(many));
  const std::vector<float> broken = {0.5f, NAN};
  const auto result = Channels::from(broken);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().where, "channel 1");
  EXPECT_EQ(Channels::from(std::span(many).first(16)).value().count, 16);
}

TEST(CheckBit, NamesTheFieldThatIsOutOfRange) {
  const auto field_of = [](auto&& breaks) {
    Bit bit;
    breaks(bit);
    const Status status = check_bit(bit);
    return status ? std::string("none") : status.error().where.substr(42);
  };
  EXPECT_EQ(field_of([](Bit&) {}), "none");
  EXPECT_EQ(field_of([](Bit& bit) { bit.energy = 1.5f; }), "energy");
  EXPECT_EQ(field_of([](Bit& bit) { bit.spawned_tick = -1; }), "spawned_tick");
  EXPECT_EQ(field_of([](Bit& bit) { bit.salience = NAN; }), "salience");
  EXPECT_EQ(field_of([](Bit& bit) { bit.health = -0.1f; }), "health");
  EXPECT_EQ(field_of([](Bit& bit) { bit.priority = INFINITY; }), "priority");
  EXPECT_EQ(field_of([](Bit& bit) { bit.owner = std::string(257, 'x'); }), "owner");
  EXPECT_EQ(field_of([](Bit& bit) { bit.tags = Tags(std::vector<std::string>(65)); }), "tags");
  EXPECT_EQ(field_of([](Bit& bit) { bit.tags = Tags({std::string(257, 'x')}); }), "tags");
  EXPECT_EQ(field_of([](Bit& bit) { bit.channels.values[3] = 1; }), "channel 3");
  EXPECT_EQ(field_of([](Bit& bit) { bit.score = Score::of(2, 0, {}, {}); }), "score");
  EXPECT_EQ(field_of([](Bit& bit) { bit.score = Score::of(0, NAN, {}, {}); }), "confidence");
  EXPECT_EQ(field_of([](Bit& bit) { bit.content = std::string(kMaxContentBytes + 1, 'x'); }),
            "content");
}

TEST(Tags, AreSharedAndCompareByValue) {
  const Tags tags({"a", "b"});
  const Tags copy = tags;
  EXPECT_EQ(copy.view().data(), tags.view().data());
  EXPECT_EQ(tags, Tags({"a", "b"}));
  EXPECT_FALSE(tags == Tags({"b", "a"}));
  EXPECT_EQ(Tags(), Tags(std::vector<std::string>{}));
  EXPECT_TRUE(tags.contains("b"));
  EXPECT_FALSE(tags.contains("c"));
}

}  // namespace
}  // namespace thunderline::thunderbit
