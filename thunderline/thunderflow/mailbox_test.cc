#include "thunderline/thunderflow/mailbox.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace thunderline::thunderflow {
namespace {

using std::chrono::nanoseconds;

TEST(Mailbox, GivesMessagesInTheOrderTheyCame) {
  Mailbox<int> mailbox(3);
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(mailbox.push(i));
  EXPECT_EQ(mailbox.size(), 3u);
  EXPECT_EQ(mailbox.try_pop(), 1);
  EXPECT_EQ(mailbox.pop(), 2);
  EXPECT_EQ(mailbox.pop(nanoseconds(0)), 3);
  EXPECT_EQ(mailbox.try_pop(), std::nullopt);
  EXPECT_EQ(mailbox.pop(nanoseconds(1)), std::nullopt);
}

TEST(Mailbox, RefusesWhatDoesNotFitAndLeavesItAsItWas) {
  Mailbox<std::string> mailbox(1);
  ASSERT_TRUE(mailbox.push("first"));
  std::string second = "second";
  const Status pushed = mailbox.push(std::move(second));
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(second, "second");  // NOLINT(bugprone-use-after-move): an error moves nothing.
  const Status waited = mailbox.push_wait(std::move(second), nanoseconds(1));
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(second, "second");
  EXPECT_EQ(mailbox.try_pop(), "first");
  EXPECT_TRUE(mailbox.push_wait(std::move(second), nanoseconds(0)));
  EXPECT_EQ(mailbox.try_pop(), "second");
}

TEST(Mailbox, HoldsAtLeastOneMessage) {
  Mailbox<int> mailbox(0);
  EXPECT_EQ(mailbox.capacity(), 1u);
  EXPECT_TRUE(mailbox.push(1));
}

TEST(Mailbox, TakesMessagesThatCannotBeCopied) {
  Mailbox<std::unique_ptr<int>> mailbox(1);
  ASSERT_TRUE(mailbox.push(std::make_unique<int>(7)));
  EXPECT_EQ(**mailbox.pop(), 7);
}

TEST(Mailbox, GivesWhatIsQueuedAfterTheCloseAndTakesNothingMore) {
  Mailbox<int> mailbox(4);
  ASSERT_TRUE(mailbox.push(1));
  ASSERT_TRUE(mailbox.push(2));
  ASSERT_TRUE(mailbox.push(3));
  mailbox.close();
  mailbox.close();
  EXPECT_TRUE(mailbox.closed());
  const Status pushed = mailbox.push(4);
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(mailbox.push_wait(4, std::chrono::hours(1)));
  EXPECT_EQ(mailbox.pop(), 1);
  EXPECT_EQ(mailbox.drain(), (std::vector<int>{2, 3}));
  EXPECT_EQ(mailbox.pop(), std::nullopt);
  EXPECT_EQ(mailbox.pop(std::chrono::hours(1)), std::nullopt);
}

TEST(Mailbox, TellsItsListenerOfEveryArrivalAndOfTheClose) {
  Mailbox<int> mailbox(1);
  int calls = 0;
  mailbox.set_listener([&] {
    ++calls;
    mailbox.size();  // Would deadlock if it were called under the lock.
  });
  ASSERT_TRUE(mailbox.push(1));
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(mailbox.push(2));
  EXPECT_EQ(calls, 1);
  mailbox.close();
  mailbox.close();
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace thunderline::thunderflow
