#include "thunderline/thunderflow/event_bus.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/fake_clock.h"

namespace thunderline::thunderflow {
namespace {

using std::chrono::nanoseconds;
using testing::FakeClock;

const Topic<int> kNumbers{"numbers"};
const Topic<std::string> kWords{"words"};

template <typename T>
std::vector<T> values_of(const std::vector<Event<T>>& events) {
  std::vector<T> values;
  for (const Event<T>& event : events) values.push_back(*event);
  return values;
}

template <typename T>
std::vector<T> take_all(Subscription<T>& subscription) {
  std::vector<Event<T>> events;
  while (auto event = subscription.try_pop()) events.push_back(*event);
  return values_of(events);
}

class EventBusTest : public ::testing::Test {
 protected:
  template <typename T>
  Subscription<T> subscribe(const Topic<T>& topic, SubscribeOptions options = {}) {
    Result<Subscription<T>> made = bus_.subscribe(topic, std::move(options));
    EXPECT_TRUE(made);
    return *std::move(made);
  }
  void publish(int first, int last) {
    for (int i = first; i <= last; ++i) ASSERT_TRUE(bus_.publish(kNumbers, i));
  }

  FakeClock clock_;
  EventBus bus_{{.replay_capacity = 4}, clock_};
};

TEST_F(EventBusTest, GivesEverySubscriberEveryEventInOrder) {
  auto first = subscribe(kNumbers);
  auto second = subscribe(kNumbers);
  publish(1, 3);
  EXPECT_EQ(take_all(first), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(take_all(second), (std::vector<int>{1, 2, 3}));
}

TEST_F(EventBusTest, KeepsTopicsApartAndNumbersEventsAcrossThem) {
  auto numbers = subscribe(kNumbers);
  auto words = subscribe(kWords);
  clock_.advance(std::chrono::milliseconds(5));
  EXPECT_EQ(*bus_.publish(kNumbers, 1), 1u);
  EXPECT_EQ(*bus_.publish(kWords, "one"), 2u);
  EXPECT_EQ(*bus_.publish(kNumbers, 2), 3u);
  EXPECT_EQ(bus_.last_sequence(), 3u);
  EXPECT_EQ(numbers.size(), 2u);
  const auto word = words.pop(nanoseconds(0));
  ASSERT_TRUE(word);
  EXPECT_EQ(word->sequence, 2u);
  EXPECT_EQ(word->unix_ms, clock_.unix_ms());
  EXPECT_EQ((*word)->size(), 3u);
}

TEST_F(EventBusTest, ATopicNameCarriesOneType) {
  ASSERT_TRUE(bus_.publish(kNumbers, 1));
  const Topic<double> wrong{"numbers"};
  const auto published = bus_.publish(wrong, 1.0);
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(published.error().message, "the topic carries int, not double");
  EXPECT_EQ(published.error().where, "numbers");
  EXPECT_FALSE(bus_.subscribe(wrong));
  EXPECT_FALSE(bus_.replay(wrong, 0));
  EXPECT_EQ(bus_.publish(Topic<int>{""}, 1).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(EventBusTest, DropsTheOldestAndCountsThem) {
  auto subscription = subscribe(kNumbers, {.capacity = 2, .overflow = Overflow::kDropOldest});
  publish(1, 5);
  EXPECT_EQ(subscription.dropped(), 3u);
  EXPECT_EQ(take_all(subscription), (std::vector<int>{4, 5}));
}

TEST_F(EventBusTest, DropsTheNewestAndCountsThem) {
  auto subscription = subscribe(kNumbers, {.capacity = 2, .overflow = Overflow::kDropNewest});
  publish(1, 5);
  EXPECT_EQ(subscription.dropped(), 3u);
  EXPECT_EQ(take_all(subscription), (std::vector<int>{1, 2}));
}

TEST_F(EventBusTest, RejectsAPublishWithoutAnyChangeWhileARejectingSubscriberIsFull) {
  auto other = subscribe(kNumbers);
  auto strict = subscribe(kNumbers, {.capacity = 1, .overflow = Overflow::kReject});
  publish(1, 1);
  const auto rejected = bus_.publish(kNumbers, 2);
  ASSERT_FALSE(rejected);
  EXPECT_EQ(rejected.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(bus_.last_sequence(), 1u);
  EXPECT_EQ(bus_.replay(kNumbers, 0)->events.size(), 1u);
  EXPECT_EQ(take_all(other), (std::vector<int>{1}));
  EXPECT_EQ(bus_.topics()[0].rejected, 1u);
  EXPECT_EQ(take_all(strict), (std::vector<int>{1}));
  publish(3, 3);
  EXPECT_EQ(take_all(strict), (std::vector<int>{3}));
  EXPECT_EQ(strict.dropped(), 0u);
  publish(4, 4);
  strict.close();
  publish(5, 5);  // A closed subscriber rejects nothing.
}

TEST_F(EventBusTest, ReplaysWhatTheRingHasAndSaysWhetherThatIsAll) {
  EXPECT_TRUE(bus_.replay(kNumbers, 0)->complete);
  publish(1, 4);
  EXPECT_TRUE(bus_.replay(kNumbers, 0)->complete);
  publish(5, 6);  // The ring of four has lost 1 and 2.
  const auto all = bus_.replay(kNumbers, 0);
  EXPECT_FALSE(all->complete);
  EXPECT_EQ(values_of(all->events), (std::vector<int>{3, 4, 5, 6}));
  EXPECT_FALSE(bus_.replay(kNumbers, 1)->complete);
  const auto just_enough = bus_.replay(kNumbers, 2);
  EXPECT_TRUE(just_enough->complete);
  EXPECT_EQ(just_enough->events.size(), 4u);
  const auto nothing = bus_.replay(kNumbers, 6);
  EXPECT_TRUE(nothing->complete);
  EXPECT_TRUE(nothing->events.empty());
}

TEST_F(EventBusTest, ANumberFromAnotherRunIsNotTakenForThisOnes) {
  publish(1, 2);
  EXPECT_FALSE(bus_.replay(kNumbers, 5'000)->complete);
}

TEST_F(EventBusTest, ReplaysByTheNumbersOfTheBusAlsoWhenOtherTopicsTookSome) {
  ASSERT_TRUE(bus_.publish(kWords, "one"));
  publish(2, 2);
  ASSERT_TRUE(bus_.publish(kWords, "three"));
  const auto replay = bus_.replay(kWords, 2);
  EXPECT_TRUE(replay->complete);
  EXPECT_EQ(values_of(replay->events), (std::vector<std::string>{"three"}));
  EXPECT_TRUE(bus_.replay(kNumbers, 3)->complete);
}

TEST_F(EventBusTest, ASubscriptionMayStartInThePast) {
  publish(1, 3);
  auto resumed = subscribe(kNumbers, {.after_sequence = 1});
  publish(4, 4);
  EXPECT_TRUE(resumed.replay_was_complete());
  EXPECT_EQ(take_all(resumed), (std::vector<int>{2, 3, 4}));
  publish(5, 7);
  auto late = subscribe(kNumbers, {.after_sequence = 1});
  EXPECT_FALSE(late.replay_was_complete());
  EXPECT_EQ(take_all(late), (std::vector<int>{4, 5, 6, 7}));
}

TEST_F(EventBusTest, TellsWhoDoesNotWaitThatEventsAreReadyOutsideItsLocks) {
  int calls = 0;
  SubscribeOptions options;
  options.on_ready = [&] {
    ++calls;
    bus_.topics();  // Would deadlock under the bus's or the topic's lock.
    EXPECT_TRUE(bus_.replay(kNumbers, 0));
  };
  auto subscription = subscribe(kNumbers, options);
  publish(1, 2);
  EXPECT_EQ(calls, 2);
  subscription.close();
  subscription.close();
  EXPECT_EQ(calls, 3);
  publish(3, 3);
  EXPECT_EQ(calls, 3);
}

TEST_F(EventBusTest, AClosedSubscriptionGivesWhatItHasAndGetsNothingMore) {
  auto subscription = subscribe(kNumbers);
  publish(1, 1);
  subscription.close();
  publish(2, 2);
  EXPECT_TRUE(subscription.closed());
  EXPECT_EQ(take_all(subscription), (std::vector<int>{1}));
  EXPECT_FALSE(subscription.pop(std::chrono::hours(1)));
  EXPECT_EQ(bus_.topics()[0].subscribers, 0u);
}

TEST_F(EventBusTest, ASubscriptionMovesAndLeavesTheBusAtItsEnd) {
  auto first = subscribe(kNumbers);
  auto second = std::move(first);
  publish(1, 1);
  EXPECT_EQ(take_all(second), (std::vector<int>{1}));
  second = subscribe(kNumbers);
  EXPECT_EQ(bus_.topics()[0].subscribers, 1u);
  { const auto gone = std::move(second); }
  EXPECT_EQ(bus_.topics()[0].subscribers, 0u);
}

TEST(EventBus, ClosingEndsEverySubscriptionAndRefusesEvents) {
  const FakeClock clock;
  std::optional<Subscription<int>> subscription;
  {
    EventBus bus(clock);
    subscription.emplace(*bus.subscribe(kNumbers));
    ASSERT_TRUE(bus.publish(kNumbers, 1));
    bus.close();
    EXPECT_EQ(bus.publish(kNumbers, 2).error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(bus.subscribe(kNumbers).error().code, ErrorCode::kUnavailable);
  }
  EXPECT_TRUE(subscription->closed());
  EXPECT_EQ(take_all(*subscription), (std::vector<int>{1}));
}

TEST(EventBus, ReportsItsTopics) {
  const FakeClock clock;
  EventBus bus(clock);
  const auto subscription = bus.subscribe(kWords);
  ASSERT_TRUE(bus.publish(kNumbers, 1));
  ASSERT_TRUE(bus.publish(kNumbers, 2));
  const std::vector<TopicInfo> topics = bus.topics();
  ASSERT_EQ(topics.size(), 2u);
  EXPECT_EQ(topics[0].name, "numbers");
  EXPECT_EQ(topics[0].published, 2u);
  EXPECT_EQ(topics[0].last_sequence, 2u);
  EXPECT_EQ(topics[1].name, "words");
  EXPECT_EQ(topics[1].subscribers, 1u);
}

}  // namespace
}  // namespace thunderline::thunderflow
