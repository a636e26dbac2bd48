#include "thunderline/thunderbit/context.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/thunderbits.h"

namespace thunderline::thunderbit {
namespace {

using testing::Field;

/// A cognitive and an executive bit may lead to each other, so that cycles can be made.
TEST(Context, CountsDepthAsTheLongestPathFromARoot) {
  Field field;
  const BitRef a = field.spawn(Category::kSensory);
  const BitRef b = field.spawn(Category::kPerceptual);
  const BitRef c = field.spawn(Category::kCognitive);
  const BitRef d = field.spawn(Category::kMotor);
  field.link(c, d, Relation::kTriggers);
  field.link(a, c, Relation::kFeeds);
  EXPECT_EQ(field.context.link_counts(d).depth, 2u);
  field.link(a, b, Relation::kFeeds);
  field.link(b, c, Relation::kFeeds);
  EXPECT_EQ(field.context.link_counts(a).depth, 0u);
  EXPECT_EQ(field.context.link_counts(b).depth, 1u);
  EXPECT_EQ(field.context.link_counts(c).depth, 2u);
  EXPECT_EQ(field.context.link_counts(d).depth, 3u);
}

TEST(Context, KeepsALinkThatClosesACycleOutOfTheDepths) {
  Field field;
  const BitRef a = field.spawn(Category::kCognitive);
  const BitRef b = field.spawn(Category::kExecutive);
  const BitRef c = field.spawn(Category::kMotor);
  field.link(a, b, Relation::kTriggers);
  field.link(b, a, Relation::kControls);
  field.link(b, c, Relation::kControls);
  field.link(a, c, Relation::kTriggers);
  EXPECT_EQ(field.context.link_counts(a).depth, 0u);
  EXPECT_EQ(field.context.link_counts(b).depth, 1u);
  EXPECT_EQ(field.context.link_counts(c).depth, 2u);
  EXPECT_TRUE(field.context.edges()[1].closes_cycle);
  EXPECT_EQ(field.context.link_counts(b).children, 2u) << "the link itself counts";
}

TEST(Context, MakesALongCycleWithoutHanging) {
  Field field;
  std::vector<BitRef> ring;
  for (int i = 0; i < 2000; ++i) {
    ring.push_back(field.spawn(i % 2 == 0 ? Category::kCognitive : Category::kExecutive));
  }
  for (size_t i = 0; i < ring.size(); ++i) {
    field.link(ring[i], ring[(i + 1) % ring.size()], Relation::kTriggers);
  }
  EXPECT_EQ(field.context.link_counts(ring.back()).depth, 1999u);
  EXPECT_EQ(field.context.link_counts(ring.front()).depth, 0u);
}

TEST(Context, CountsSiblingsAndChildrenByLiveBitsOnce) {
  Field field;
  const BitRef parent = field.spawn(Category::kCognitive);
  const BitRef other = field.spawn(Category::kSocial);
  const BitRef one = field.spawn(Category::kMotor);
  const BitRef two = field.spawn(Category::kMotor);
  field.link(parent, one, Relation::kTriggers);
  field.link(parent, one, Relation::kFeeds);
  field.link(parent, two, Relation::kTriggers);
  field.link(other, two, Relation::kRoutesTo);
  field.link(other, one, Relation::kRoutesTo);
  EXPECT_EQ(field.context.link_counts(parent), (LinkCounts{0, 0, 2}));
  EXPECT_EQ(field.context.link_counts(one), (LinkCounts{1, 2, 0}));
  field.retire(two);
  EXPECT_EQ(field.context.link_counts(parent).children, 1u);
  EXPECT_EQ(field.context.link_counts(one).siblings, 0u);
  EXPECT_EQ(field.context.link_counts(two), (LinkCounts{1, 0, 0}));
  Field without_one = field;
  without_one.retire(one);
  EXPECT_EQ(without_one.context.link_counts(parent).children, 0u) << "two relations, one child";
  field.retire(parent);
  EXPECT_EQ(field.context.link_counts(one), (LinkCounts{1, 0, 0})) << "depth never falls";
}

TEST(Context, KeepsItsTotalsWhateverHappens) {
  Field field;
  SpawnAttrs attrs;
  attrs.energy = 0.25f;
  const BitRef a = field.spawn(Category::kSensory, attrs);
  attrs.status = BitStatus::kActive;
  const BitRef b = field.spawn(Category::kSensory, attrs);
  EXPECT_EQ(field.context.pending_count(), 1u);
  EXPECT_EQ(field.context.active_count(), 1u);
  EXPECT_DOUBLE_EQ(field.context.total_energy(), 0.25);
  field.step(a, {});
  BitChanges changes;
  changes.energy = 0.75f;
  field.mutate(a, changes);
  EXPECT_EQ(field.context.pending_count(), 0u);
  EXPECT_DOUBLE_EQ(field.context.total_energy(), 1.0);
  EXPECT_DOUBLE_EQ(field.context.mean_energy(), 0.5);
  field.retire(a);
  field.retire(b);
  EXPECT_DOUBLE_EQ(field.context.total_energy(), 0);
  EXPECT_DOUBLE_EQ(field.context.mean_energy(), 0);
  EXPECT_EQ(field.context.count(BitStatus::kRetired), 2u);
}

TEST(Context, CompactsRetiredBitsAndTheirLinksAway) {
  Field field;
  const BitRef a = field.spawn(Category::kSensory);
  const BitRef b = field.spawn(Category::kPerceptual);
  const BitRef c = field.spawn(Category::kCognitive);
  const BitRef d = field.spawn(Category::kMotor);
  field.link(a, b, Relation::kFeeds);
  field.link(b, c, Relation::kFeeds);
  field.link(c, d, Relation::kTriggers);
  const Uuid dead = field.bit(a).id;
  const Uuid kept = field.bit(c).id;
  field.retire(a);
  const Context before = field.context;
  const Compacted compacted = compact(field.context);

  EXPECT_EQ(compacted.dropped_bits, 1u);
  EXPECT_EQ(compacted.dropped_edges, 1u);
  EXPECT_EQ(compacted.context.size(), 3u);
  EXPECT_EQ(compacted.context.find(dead), nullptr);
  EXPECT_EQ(compacted.context.find(c), nullptr) << "refs end with a compaction";
  EXPECT_EQ(compacted.context.resolve(c).error().code, ErrorCode::kNotFound);
  const BitRef c_now = compacted.context.resolve(kept).value();
  EXPECT_EQ(compacted.context.link_counts(c_now), before.link_counts(c));
  EXPECT_EQ(compacted.context.edges_from(c_now), before.edges_from(c));
  EXPECT_EQ(compacted.context.count(BitStatus::kRetired), 0u);
  EXPECT_EQ(compacted.context.events(), before.events());
  EXPECT_EQ(before.size(), 4u) << "the context before is untouched";
}

TEST(Context, StaysBoundedOverALongRunThatCompacts) {
  Field field;
  size_t largest = 0;
  for (int i = 0; i < 20'000; ++i) {
    field.retire(field.spawn(Category::kSensory));
    if (worth_compacting(field.context)) field.context = compact(field.context).context;
    largest = std::max(largest, field.context.size());
  }
  EXPECT_LE(largest, 1100u);
}

TEST(Context, SharesEqualOwnersBetweenBits) {
  Field field;
  SpawnAttrs one, two;
  one.owner = std::string("owner of many");
  two.owner = std::string("owner of many");
  const BitRef a = field.spawn(Category::kSensory, one);
  const BitRef b = field.spawn(Category::kSensory, two);
  EXPECT_TRUE(field.bit(a).owner.shares_with(field.bit(b).owner));
}

TEST(Context, KeepsTheNewestEvents) {
  ContextOptions options;
  options.event_log_capacity = 3;
  Field field{Context::create(options).value()};
  for (int i = 0; i < 5; ++i) field.spawn(Category::kSensory);
  const auto events = field.context.events();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(field.context.event_count(), 5u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(events[i].sequence, 2 + i);
    EXPECT_EQ(events[i].bit, field.context.bits().at(2 + i).id);
  }
}

TEST(Context, RefusesOptionsOutOfRange) {
  const auto code_of = [](auto&& breaks) {
    ContextOptions options;
    breaks(options);
    const auto context = Context::create(options);
    return context ? ErrorCode::kInternal : context.error().code;
  };
  using Options = ContextOptions;
  EXPECT_EQ(code_of([](Options& o) { o.channel_names.assign(17, "x"); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of([](Options& o) { o.channel_names = {"a", "a"}; }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of([](Options& o) { o.policy.veto_risk = 1.5f; }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of([](Options& o) { o.event_log_capacity = 0; }), ErrorCode::kInvalidArgument);
  Field field;
  field.spawn(Category::kSensory);
  ContextOptions other;
  other.event_log_capacity = 7;
  EXPECT_EQ(with_options(field.context, other).error().code, ErrorCode::kRefused);
}

TEST(Context, LooksUpLinksInTheOrderTheyWereMade) {
  Field field;
  const BitRef a = field.spawn(Category::kExecutive);
  const BitRef b = field.spawn(Category::kMotor);
  const BitRef c = field.spawn(Category::kMotor);
  field.link(a, c, Relation::kControls);
  field.link(a, b, Relation::kControls);
  field.link(a, b, Relation::kInhibits);
  EXPECT_EQ(field.context.targets(a, Relation::kControls), (std::vector<BitRef>{c, b}));
  EXPECT_EQ(field.context.sources(b, Relation::kInhibits), (std::vector<BitRef>{a}));
  ASSERT_EQ(field.context.edges_to(b).size(), 2u);
  EXPECT_EQ(field.context.edges_to(b)[1].relation, Relation::kInhibits);
  EXPECT_FLOAT_EQ(field.context.edges_to(b)[1].strength, 0.5f);
  EXPECT_TRUE(field.context.linked(a, b, Relation::kInhibits));
  EXPECT_FALSE(field.context.linked(b, a, Relation::kInhibits));
}

}  // namespace
}  // namespace thunderline::thunderbit
