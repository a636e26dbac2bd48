#include "thunderline/thunderchief/event_field.h"

#include <gtest/gtest.h>

#include <map>

#include "thunderline/thunderbit/protocol.h"

namespace thunderline::thunderchief {
namespace {

using thunderbit::Category;

struct Fixture {
  std::vector<thunderbit::Transition> transitions;
  EventField field{make_context(), 1, 1'000'000, [this](const auto& transition, const Uuid&) {
                     transitions.push_back(transition);
                     return Status{};
                   }};

  static thunderbit::Context make_context() {
    thunderbit::ContextOptions options;
    for (int i = 0; i < 16; ++i) options.channel_names.push_back("c" + std::to_string(i));
    return thunderbit::Context::create(options).value();
  }

  void admit(size_t position) {
    worlds::Arrival arrival;
    arrival.position = position;
    arrival.content = std::make_shared<const std::string>("text of " + std::to_string(position));
    arrival.channels[0] = 0.25f;
    ASSERT_TRUE(field.admit(arrival));
  }
};

TEST(EventField, MakesAChainThatCarriesTextAndChannelsWhereTheyBelong) {
  Fixture fixture;
  fixture.admit(3);
  const EventChain chain = fixture.field.waiting().at(3);
  const thunderbit::Context& context = fixture.field.context();
  EXPECT_EQ(context.find(chain.sensory)->content, "text of 3");
  EXPECT_TRUE(context.find(chain.cognitive)->content.empty());
  EXPECT_EQ(context.find(chain.cognitive)->channels.view()[0], 0.25f);
  EXPECT_EQ(context.find(chain.motor)->channels.count, 0);
  const auto cognitive = context.resolve(chain.cognitive).value();
  EXPECT_EQ(context.link_counts(cognitive).depth, 2u);
  EXPECT_EQ(context.pending_count(), 1u);
}

TEST(EventField, EndsEveryEpisodeThatItBegan) {
  Fixture fixture;
  for (size_t i = 0; i < 5; ++i) fixture.admit(i);
  ASSERT_TRUE(fixture.field.act(2, "quarantine"));
  ASSERT_TRUE(fixture.field.retire(2, "acted"));
  EXPECT_FALSE(fixture.field.waiting().contains(2));
  ASSERT_TRUE(fixture.field.retire_all("the run ended"));
  std::map<Uuid, int> ends;
  for (const auto& transition : fixture.transitions) ends[transition.bit] += transition.done;
  EXPECT_EQ(ends.size(), 20u);
  for (const auto& [bit, count] : ends) EXPECT_EQ(count, 1);
}

TEST(EventField, KeepsTheTextOfABitThatActs) {
  Fixture fixture;
  fixture.admit(0);
  const EventChain chain = fixture.field.waiting().at(0);
  ASSERT_TRUE(fixture.field.act(0, "deliver"));
  EXPECT_EQ(fixture.field.context().find(chain.sensory)->content, "text of 0");
}

TEST(EventField, NamesAnEventThatDoesNotWait) {
  Fixture fixture;
  EXPECT_EQ(fixture.field.act(9, "deliver").error().where, "position=9");
  EXPECT_EQ(fixture.field.retire(9, "acted").error().code, ErrorCode::kNotFound);
}

TEST(EventField, DropsRetiredBitsWithoutLosingTheWaitingOnes) {
  Fixture fixture;
  for (size_t i = 0; i < 400; ++i) fixture.admit(i);
  for (size_t i = 0; i < 399; ++i) ASSERT_TRUE(fixture.field.retire(i, "acted"));
  EXPECT_EQ(fixture.field.consolidate(), 4u * 399);
  EXPECT_EQ(fixture.field.waiting_bits().size(), 1u);
  EXPECT_TRUE(fixture.field.act(399, "deliver"));
}

TEST(EventField, MakesTheSameIdsForTheSameSeedAndTicks) {
  Fixture a, b;
  a.field.begin_tick(4);
  b.field.begin_tick(4);
  a.admit(0);
  b.admit(0);
  EXPECT_EQ(a.field.waiting().at(0).cognitive, b.field.waiting().at(0).cognitive);
}

}  // namespace
}  // namespace thunderline::thunderchief
