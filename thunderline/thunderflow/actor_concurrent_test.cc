#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "thunderline/thunderflow/actor.h"

namespace thunderline::thunderflow {
namespace {

using std::chrono::hours;

/// Adds without a lock: a race here is the actor's.
class Adder final : public Actor<int> {
 public:
  explicit Adder(long& sum) : sum_(sum) {}
  Status on_message(int number) override {
    sum_ += number;
    return {};
  }

 private:
  long& sum_;
};

long add_in_parallel(Executor* executor) {
  constexpr int kProducers = 3;
  constexpr int kMessages = 3'000;
  long sum = 0;
  auto mailbox = std::make_shared<Mailbox<int>>(32);
  ActorProcess<int> process(std::make_unique<Adder>(sum), mailbox, {.executor = executor});
  EXPECT_TRUE(process.start({}));
  std::vector<std::thread> producers;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&] {
      for (int i = 0; i < kMessages; ++i) EXPECT_TRUE(mailbox->push_wait(1, hours(1)));
    });
  }
  for (std::thread& producer : producers) producer.join();
  mailbox->close();
  EXPECT_EQ(process.join().kind, ExitReason::Kind::kNormal);
  EXPECT_EQ(sum, kProducers * kMessages);
  return sum;
}

TEST(ActorConcurrency, HandlesEveryMessageOneAtATimeOnItsOwnThread) { add_in_parallel(nullptr); }

TEST(ActorConcurrency, HandlesEveryMessageOneAtATimeOnAPool) {
  ThreadExecutor pool({.threads = 3});
  add_in_parallel(&pool);
}

TEST(ActorConcurrency, StopsWhileOthersStillSend) {
  for (int round = 0; round < 20; ++round) {
    long sum = 0;
    auto mailbox = std::make_shared<Mailbox<int>>(4);
    auto process = std::make_unique<ActorProcess<int>>(std::make_unique<Adder>(sum), mailbox);
    long sent = 0;
    ASSERT_TRUE(process->start({}));
    std::latch sending(1);
    std::thread producer([&] {
      while (mailbox->push_wait(1, hours(1))) {
        if (++sent == 5) sending.count_down();
      }
    });
    sending.wait();
    process->request_stop();
    EXPECT_EQ(process->join().kind, ExitReason::Kind::kShutdown);
    producer.join();
    EXPECT_EQ(sum + static_cast<long>(mailbox->size()), sent);
  }
}

TEST(ActorConcurrency, ThePoolMayStopBeforeItsActors) {
  long sum = 0;
  auto mailbox = std::make_shared<Mailbox<int>>(4);
  ThreadExecutor pool;
  ActorProcess<int> process(std::make_unique<Adder>(sum), mailbox, {.executor = &pool});
  ASSERT_TRUE(process.start({}));
  pool.stop();
  process.request_stop();
  process.join();
  EXPECT_EQ(sum, 0);
}

}  // namespace
}  // namespace thunderline::thunderflow
