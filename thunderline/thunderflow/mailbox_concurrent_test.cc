#include <gtest/gtest.h>

#include <map>
#include <thread>
#include <vector>

#include "thunderline/thunderflow/mailbox.h"

namespace thunderline::thunderflow {
namespace {

using std::chrono::hours;

struct Numbered {
  int producer = 0;
  int number = 0;
};

TEST(MailboxConcurrency, LosesNothingAndKeepsEachProducersOrder) {
  constexpr int kProducers = 4;
  constexpr int kMessages = 2'000;
  Mailbox<Numbered> mailbox(16);
  std::vector<std::thread> producers;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&, p] {
      for (int i = 0; i < kMessages; ++i) EXPECT_TRUE(mailbox.push_wait({p, i}, hours(1)));
    });
  }
  std::map<int, int> next;
  for (int i = 0; i < kProducers * kMessages; ++i) {
    const std::optional<Numbered> message = mailbox.pop();
    ASSERT_TRUE(message);
    EXPECT_EQ(message->number, next[message->producer]++);
  }
  for (std::thread& producer : producers) producer.join();
  EXPECT_EQ(mailbox.size(), 0u);
}

TEST(MailboxConcurrency, SharesMessagesAmongConsumersWithoutRepeats) {
  constexpr int kMessages = 5'000;
  Mailbox<int> mailbox(8);
  std::vector<std::vector<int>> taken(3);
  std::vector<std::thread> consumers;
  for (std::vector<int>& mine : taken) {
    consumers.emplace_back([&mailbox, &mine] {
      while (const std::optional<int> message = mailbox.pop()) mine.push_back(*message);
    });
  }
  for (int i = 0; i < kMessages; ++i) ASSERT_TRUE(mailbox.push_wait(i, hours(1)));
  mailbox.close();
  for (std::thread& consumer : consumers) consumer.join();
  std::vector<int> seen(kMessages, 0);
  for (const std::vector<int>& mine : taken) {
    for (const int message : mine) ++seen[static_cast<size_t>(message)];
  }
  EXPECT_EQ(seen, std::vector<int>(kMessages, 1));
}

TEST(MailboxConcurrency, CloseWakesWhoWaitsForAMessageAndWhoWaitsForRoom) {
  Mailbox<int> empty(1);
  Mailbox<int> full(1);
  ASSERT_TRUE(full.push(1));
  std::thread reader([&] { EXPECT_EQ(empty.pop(), std::nullopt); });
  std::thread timed_reader([&] { EXPECT_EQ(empty.pop(hours(1)), std::nullopt); });
  std::thread writer([&] {
    const Status pushed = full.push_wait(2, hours(1));
    ASSERT_FALSE(pushed);
    EXPECT_EQ(pushed.error().code, ErrorCode::kUnavailable);
  });
  empty.close();
  full.close();
  reader.join();
  timed_reader.join();
  writer.join();
}

}  // namespace
}  // namespace thunderline::thunderflow
