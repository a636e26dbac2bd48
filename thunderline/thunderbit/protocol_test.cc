#include "thunderline/thunderbit/protocol.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/thunderbits.h"

namespace thunderline::thunderbit {
namespace {

using testing::Field;

Continuation energy_to(float energy) {
  return {"set energy", [energy](Bit bit) -> Result<Bit> {
            bit.energy = energy;
            return bit;
          }};
}

template <typename Change>
Continuation changing(Change change) {
  return {"change", [change](Bit bit) -> Result<Bit> {
            change(bit);
            return bit;
          }};
}

TEST(Spawn, GivesThePlainInitialState) {
  ContextOptions options;
  options.scope.zone = "inbox";
  const Context empty = advance_tick(Context::create(options).value(), 7);
  SpawnAttrs attrs;
  attrs.id = UuidGenerator(1).next(1000);
  attrs.content = "hello";
  const auto spawned = Protocol::spawn(empty, Category::kSensory, attrs).value();
  const Bit& bit = *spawned.context.find(spawned.bit);
  EXPECT_EQ(bit.id, attrs.id);
  EXPECT_EQ(bit.role(), Role::kObserver);
  EXPECT_EQ(bit.status, BitStatus::kPending);
  EXPECT_EQ(bit.spawned_tick, 7);
  EXPECT_EQ(bit.zone, "inbox");
  EXPECT_EQ(bit.transition_count, 0u);
  EXPECT_EQ(spawned.transition.verb, Verb::kSpawn);
  EXPECT_EQ(spawned.transition.sequence, 0u);
  EXPECT_FALSE(spawned.transition.done);
  EXPECT_EQ(empty.size(), 0u);
}

TEST(Spawn, RefusesWhatMayNotBegin) {
  Field field;
  const BitRef first = field.spawn(Category::kSensory);
  SpawnAttrs attrs;
  EXPECT_EQ(Protocol::spawn(field.context, Category::kMotor, attrs).error().code,
            ErrorCode::kInvalidArgument)
      << "nil id";
  attrs.id = field.bit(first).id;
  EXPECT_EQ(Protocol::spawn(field.context, Category::kMotor, attrs).error().code,
            ErrorCode::kRefused)
      << "known id";
  attrs.id = field.ids.next(1);
  attrs.status = BitStatus::kRetired;
  EXPECT_EQ(Protocol::spawn(field.context, Category::kMotor, attrs).error().code,
            ErrorCode::kRefused);
  attrs.status = BitStatus::kPending;
  attrs.energy = NAN;
  EXPECT_EQ(Protocol::spawn(field.context, Category::kMotor, attrs).error().code,
            ErrorCode::kInvalidArgument);
}

TEST(Spawn, ObeysAPolicyThatForbidsTheCategory) {
  Field field;
  Policy policy;
  policy.forbidden_categories = {Category::kMotor};
  field.context = with_policy(field.context, policy).value();
  SpawnAttrs attrs;
  attrs.id = field.ids.next(1);
  const auto refused = Protocol::spawn(field.context, Category::kMotor, attrs);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_NE(refused.error().where.find("motor"), std::string::npos);
  EXPECT_TRUE(Protocol::spawn(field.context, Category::kSensory, attrs));
}

TEST(Verbs, LeaveAMovedContextUsableWhenTheyFail) {
  Field field;
  const BitRef bit = field.spawn(Category::kSensory);
  const Context copy = field.context;
  EXPECT_FALSE(Protocol::spawn(std::move(field.context), Category::kMotor, {}));
  EXPECT_FALSE(Protocol::link(std::move(field.context), bit, bit, Relation::kFeeds));
  EXPECT_FALSE(Protocol::step(std::move(field.context), BitRef{9, 0}, {}));
  EXPECT_FALSE(Protocol::bind(std::move(field.context), bit, energy_to(2)));
  EXPECT_FALSE(Protocol::retire(std::move(field.context), Uuid{}, "no such bit"));
  BitChanges changes;
  changes.energy = -1.0f;
  EXPECT_FALSE(Protocol::mutate(std::move(field.context), bit, changes));
  const ScoreUpdate update{BitRef{9, 0}, Score{}};
  EXPECT_FALSE(Protocol::mutate_scores(std::move(field.context), std::span(&update, 1)));
  EXPECT_TRUE(field.context == copy);
}

TEST(Verbs, UpdateAMovedContextInPlace) {
  Field field;
  const BitRef bit = field.spawn(Category::kSensory);
  const Bit* place = field.context.find(bit);
  BitChanges changes;
  changes.energy = 0.5f;
  field.mutate(bit, changes);
  EXPECT_EQ(field.context.find(bit), place);
}

TEST(Bind, AppliesTheContinuationAndCountsIt) {
  Field field;
  const BitRef bit = field.spawn(Category::kCognitive);
  const Bound bound = Protocol::bind(field.context, bit, energy_to(0.25f)).value();
  const Bit& after = *bound.context.find(bit);
  EXPECT_FLOAT_EQ(after.energy, 0.25f);
  EXPECT_EQ(after.chain_depth, 1u);
  EXPECT_EQ(after.transition_count, 1u);
  ASSERT_EQ(bound.transitions.size(), 1u);
  EXPECT_EQ(bound.transitions[0].action, "set energy");
  EXPECT_EQ(bound.transitions[0].sequence, 1u);
}

TEST(Bind, RefusesAContinuationThatChangesWhatABitIs) {
  Field field;
  const BitRef bit = field.spawn(Category::kCognitive);
  const Continuation forbidden[] = {
      changing([](Bit& b) { b.id.bytes[0] ^= 1; }),
      changing([](Bit& b) { b.category = Category::kMotor; }),
      changing([](Bit& b) { ++b.spawned_tick; }),
      changing([](Bit& b) { ++b.transition_count; }),
      changing([](Bit& b) { ++b.chain_depth; }),
      changing([](Bit& b) { b.last_evaluated_tick = 5; }),
      changing([](Bit& b) { b.capabilities_used.insert(Capability::kVetoAction); }),
      changing([](Bit& b) { b.status = BitStatus::kRetired; }),
  };
  for (const Continuation& continuation : forbidden) {
    const auto result = Protocol::bind(field.context, bit, continuation);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kRefused);
  }
  EXPECT_EQ(Protocol::bind(field.context, bit, {}).error().code, ErrorCode::kInvalidArgument);
}

TEST(Chain, EndsWithTheFirstErrorAndNothingChanged) {
  Field field;
  const BitRef bit = field.spawn(Category::kCognitive);
  const Continuation fails = {"fails", [](Bit) -> Result<Bit> {
                                return fail(ErrorCode::kUnavailable, "not today");
                              }};
  const Continuation good[] = {energy_to(0.5f), energy_to(0.125f)};
  const Bound bound = Protocol::chain(field.context, bit, good).value();
  EXPECT_EQ(bound.context.find(bit)->chain_depth, 2u);
  EXPECT_FLOAT_EQ(bound.context.find(bit)->energy, 0.125f);
  EXPECT_EQ(bound.transitions.size(), 2u);
  const Continuation bad[] = {energy_to(0.5f), fails};
  EXPECT_EQ(Protocol::chain(field.context, bit, bad).error().code, ErrorCode::kUnavailable);
}

TEST(Link, RefusesItselfTwiceAndWhatTheWiringForbids) {
  Field field;
  const BitRef sensory = field.spawn(Category::kSensory);
  const BitRef motor = field.spawn(Category::kMotor);
  const BitRef cognitive = field.spawn(Category::kCognitive);
  const auto code = [&](BitRef from, BitRef to, Relation relation) {
    return Protocol::link(field.context, from, to, relation).error().code;
  };
  EXPECT_EQ(code(sensory, sensory, Relation::kFeeds), ErrorCode::kRefused);
  EXPECT_EQ(code(sensory, motor, Relation::kFeeds), ErrorCode::kRefused);
  EXPECT_EQ(code(sensory, cognitive, Relation::kValidates), ErrorCode::kRefused);
  EXPECT_EQ(code(sensory, BitRef{77, 0}, Relation::kFeeds), ErrorCode::kNotFound);
  field.link(sensory, cognitive, Relation::kFeeds);
  EXPECT_EQ(code(sensory, cognitive, Relation::kFeeds), ErrorCode::kRefused);
  field.retire(cognitive);
  EXPECT_EQ(code(sensory, cognitive, Relation::kStores), ErrorCode::kRefused);
}

TEST(Mutate, RefusesAnotherIdentityAndTakesTheSame) {
  Field field;
  const BitRef bit = field.spawn(Category::kCognitive);
  const auto code = [&](auto&& set) {
    BitChanges changes;
    set(changes);
    const auto result = Protocol::mutate(field.context, bit, changes);
    return result ? ErrorCode::kInternal : result.error().code;
  };
  EXPECT_EQ(code([](BitChanges& c) { c.id = Uuid{}; }), ErrorCode::kRefused);
  EXPECT_EQ(code([](BitChanges& c) { c.category = Category::kMotor; }), ErrorCode::kRefused);
  EXPECT_EQ(code([](BitChanges& c) { c.role = Role::kCritic; }), ErrorCode::kRefused);
  EXPECT_EQ(code([](BitChanges& c) { c.spawned_tick = 99; }), ErrorCode::kRefused);
  EXPECT_EQ(code([](BitChanges& c) { c.status = BitStatus::kRetired; }), ErrorCode::kRefused);
  BitChanges same;
  same.category = Category::kCognitive;
  same.role = Role::kTransformer;
  EXPECT_TRUE(Protocol::mutate(field.context, bit, same));
}

TEST(Mutate, MakesATransitionOfAChangeOfStatusOnly) {
  Field field;
  const BitRef bit = field.spawn(Category::kCognitive);
  BitChanges changes;
  changes.priority = 1.0f;
  EXPECT_FALSE(Protocol::mutate(field.context, bit, changes)->transition);
  changes.status = BitStatus::kActive;
  const Mutated activated = Protocol::mutate(field.context, bit, changes).value();
  ASSERT_TRUE(activated.transition);
  EXPECT_EQ(activated.transition->status_before, BitStatus::kPending);
  EXPECT_EQ(activated.transition->status_after, BitStatus::kActive);
  EXPECT_EQ(activated.context.find(bit)->transition_count, 1u);
}

TEST(MutateScores, ScoresAllOrNone) {
  Field field;
  std::vector<ScoreUpdate> updates;
  for (int i = 0; i < 100; ++i) {
    updates.push_back({field.spawn(Category::kCognitive),
                       Score::of(static_cast<float>(i) / 100, 1, "deliver", "v1")});
  }
  field.context = advance_tick(field.context, 3);
  const Context before = field.context;
  const Context scored = Protocol::mutate_scores(before, updates).value();
  for (const ScoreUpdate& update : updates) {
    EXPECT_EQ(scored.find(update.bit)->score, update.score);
    EXPECT_EQ(scored.find(update.bit)->last_evaluated_tick, 3);
    EXPECT_FALSE(before.find(update.bit)->score);
  }
  updates[50].score.score = NAN;
  EXPECT_EQ(Protocol::mutate_scores(before, updates).error().code, ErrorCode::kInvalidArgument);
  updates[50].score.score = 0;
  field.retire(updates[99].bit);
  EXPECT_EQ(Protocol::mutate_scores(field.context, updates).error().code, ErrorCode::kRefused);
}

TEST(Retire, EndsTheEpisodeOnce) {
  Field field;
  const BitRef bit = field.spawn(Category::kMotor);
  const Retired retired = Protocol::retire(field.context, bit, "delivered").value();
  ASSERT_EQ(retired.transitions.size(), 1u);
  EXPECT_TRUE(retired.transitions[0].done);
  EXPECT_EQ(retired.transitions[0].action, "delivered");
  EXPECT_EQ(retired.transitions[0].status_before, BitStatus::kPending);
  const auto after = [&](auto&& verb) { return verb(retired.context).error().code; };
  EXPECT_EQ(after([&](const Context& c) { return Protocol::retire(c, bit, "again"); }),
            ErrorCode::kRefused);
  EXPECT_EQ(after([&](const Context& c) { return Protocol::step(c, bit, {}); }),
            ErrorCode::kRefused);
  EXPECT_EQ(after([&](const Context& c) { return Protocol::mutate(c, bit, {}); }),
            ErrorCode::kRefused);
  EXPECT_EQ(after([&](const Context& c) { return Protocol::bind(c, bit, energy_to(0)); }),
            ErrorCode::kRefused);
  EXPECT_TRUE(Protocol::query(retired.context, bit, "status"));
}

TEST(Query, KnowsEveryKeyItLists) {
  Field field;
  ContextOptions options;
  options.channel_names = {"html", "links"};
  field.context = Context::create(options).value();
  SpawnAttrs attrs;
  attrs.tags = Tags({"mail"});
  attrs.channels = Channels::from(std::vector<float>{0.25f, 0.5f}).value();
  const BitRef bit = field.spawn(Category::kCognitive, attrs);
  EXPECT_EQ(Protocol::query(field.context, bit, "score").error().code, ErrorCode::kNotFound);
  BitChanges changes;
  changes.score = Score::of(0.9f, 0.5f, "quarantine", "v3");
  field.mutate(bit, changes);
  for (const std::string& key : query_keys()) {
    EXPECT_TRUE(Protocol::query(field.context, bit, key)) << key;
  }
  const auto value = [&](const char* key) {
    return Protocol::query(field.context, bit, key).value();
  };
  EXPECT_EQ(value("role"), QueryValue(std::string("transformer")));
  EXPECT_EQ(value("label"), QueryValue(std::string("high")));
  EXPECT_EQ(value("suggested_action"), QueryValue(std::string("quarantine")));
  EXPECT_EQ(value("channel.links"), QueryValue(0.5));
  EXPECT_EQ(value("tags"), QueryValue(std::vector<std::string>{"mail"}));
  EXPECT_EQ(value("children"), QueryValue(int64_t{0}));
  EXPECT_EQ(value("has_score"), QueryValue(true));
  EXPECT_EQ(Protocol::query(field.context, bit, "channel.none").error().code,
            ErrorCode::kNotFound);
  const auto unknown = Protocol::query(field.context, bit, "colour");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().hint.find("salience"), std::string::npos);
}

}  // namespace
}  // namespace thunderline::thunderbit
