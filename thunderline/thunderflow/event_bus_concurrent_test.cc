#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "thunderline/thunderflow/event_bus.h"

namespace thunderline::thunderflow {
namespace {

using std::chrono::hours;

const Topic<int> kNumbers{"numbers"};
constexpr int kPublishers = 3;
constexpr int kEvents = 1'000;

std::vector<std::thread> start_publishers(EventBus& bus) {
  std::vector<std::thread> publishers;
  for (int p = 0; p < kPublishers; ++p) {
    publishers.emplace_back([&bus, p] {
      for (int i = 0; i < kEvents; ++i) EXPECT_TRUE(bus.publish(kNumbers, p * kEvents + i));
    });
  }
  return publishers;
}

std::vector<uint64_t> read_all(Subscription<int>& subscription, std::vector<int>& values) {
  std::vector<uint64_t> sequences;
  while (const auto event = subscription.pop(hours(1))) {
    sequences.push_back(event->sequence);
    values.push_back(**event);
  }
  return sequences;
}

TEST(EventBusConcurrency, AllSubscribersSeeOneOrder) {
  const SystemClock clock;
  EventBus bus(clock);
  std::vector<std::vector<int>> values(3);
  std::vector<std::thread> readers;
  for (std::vector<int>& mine : values) {
    auto subscription = bus.subscribe(kNumbers, {.capacity = kPublishers * kEvents});
    ASSERT_TRUE(subscription);
    readers.emplace_back([subscription = *std::move(subscription), &mine]() mutable {
      const std::vector<uint64_t> sequences = read_all(subscription, mine);
      for (size_t i = 0; i < sequences.size(); ++i) EXPECT_EQ(sequences[i], i + 1);
    });
  }
  for (std::thread& publisher : start_publishers(bus)) publisher.join();
  bus.close();
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(values[0].size(), static_cast<size_t>(kPublishers * kEvents));
  EXPECT_EQ(values[0], values[1]);
  EXPECT_EQ(values[0], values[2]);
}

TEST(EventBusConcurrency, AResumedSubscriptionHasNoGapAndNoRepeat) {
  const SystemClock clock;
  EventBus bus({.replay_capacity = kPublishers * kEvents}, clock);
  std::vector<std::thread> publishers = start_publishers(bus);
  uint64_t last = 0;
  const uint64_t end = kPublishers * kEvents;
  while (last < end) {
    auto subscription = bus.subscribe(
        kNumbers, {.capacity = kPublishers * kEvents, .after_sequence = last});
    ASSERT_TRUE(subscription);
    EXPECT_TRUE(subscription->replay_was_complete());
    for (int i = 0; i < 50 && last < end; ++i) {  // Then it "loses its connection".
      const auto event = subscription->pop(hours(1));
      ASSERT_TRUE(event);
      ASSERT_EQ(event->sequence, last + 1);
      last = event->sequence;
    }
  }
  for (std::thread& publisher : publishers) publisher.join();
}

TEST(EventBusConcurrency, ARejectingSubscriberLosesNothingWhenPublishersTryAgain) {
  const SystemClock clock;
  EventBus bus(clock);
  auto subscription =
      bus.subscribe(kNumbers, {.capacity = 4, .overflow = Overflow::kReject});
  ASSERT_TRUE(subscription);
  std::thread publisher([&] {
    for (int i = 0; i < kEvents; ++i) {
      while (!bus.publish(kNumbers, i)) std::this_thread::yield();
    }
  });
  for (int i = 0; i < kEvents; ++i) {
    const auto event = subscription->pop(hours(1));
    ASSERT_TRUE(event);
    ASSERT_EQ(**event, i);
  }
  publisher.join();
}

TEST(EventBusConcurrency, SubscribersComeAndGoWhileOthersPublish) {
  const SystemClock clock;
  EventBus bus(clock);
  std::atomic<bool> done{false};
  std::atomic<int> announced{0};
  std::vector<std::thread> visitors;
  for (int v = 0; v < 2; ++v) {
    visitors.emplace_back([&] {
      while (!done) {
        SubscribeOptions options{.capacity = 2};
        options.on_ready = [&announced] { ++announced; };
        auto subscription = bus.subscribe(kNumbers, options);
        ASSERT_TRUE(subscription);
        subscription->try_pop();
      }
    });
  }
  for (std::thread& publisher : start_publishers(bus)) publisher.join();
  done = true;
  for (std::thread& visitor : visitors) visitor.join();
  EXPECT_EQ(bus.topics()[0].subscribers, 0u);
  EXPECT_EQ(bus.topics()[0].published, static_cast<uint64_t>(kPublishers * kEvents));
  EXPECT_GT(announced, 0);
}

}  // namespace
}  // namespace thunderline::thunderflow
