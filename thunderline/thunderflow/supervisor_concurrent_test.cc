#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "thunderline/thunderflow/supervisor.h"

namespace thunderline::thunderflow {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;

/// Counts messages; fails on every tenth.
class Flaky final : public Actor<int> {
 public:
  Flaky(std::atomic<int>& handled, std::latch& done) : handled_(handled), done_(done) {}
  Status on_message(int number) override {
    ++handled_;
    done_.count_down();
    if (number % 10 == 9) return fail(ErrorCode::kBadData, "every tenth");
    return {};
  }

 private:
  std::atomic<int>& handled_;
  std::latch& done_;
};

TEST(SupervisorConcurrency, RestartsChildrenByItselfAndLosesNoQueuedMessage) {
  constexpr int kMessages = 200;
  const SystemClock clock;
  std::atomic<int> handled{0};
  std::latch done(2 * kMessages);
  std::vector<ChildSpec> specs;
  std::vector<std::shared_ptr<Mailbox<int>>> mailboxes;
  for (const char* name : {"a", "b"}) {
    mailboxes.push_back(std::make_shared<Mailbox<int>>(4));
    specs.push_back(actor_child<int>(name, RestartPolicy::kPermanent, mailboxes.back(),
                                     [&]() -> Result<std::unique_ptr<Actor<int>>> {
                                       return std::make_unique<Flaky>(handled, done);
                                     }));
  }
  Supervisor::Options options;
  options.first_backoff = microseconds(100);
  options.max_backoff = microseconds(200);
  options.max_restarts = 1'000;
  auto supervisor = Supervisor::create(std::move(specs), options, clock);
  ASSERT_TRUE(supervisor);
  ASSERT_TRUE((*supervisor)->start());
  std::vector<std::thread> producers;
  for (const auto& mailbox : mailboxes) {
    producers.emplace_back([&mailbox] {
      for (int i = 0; i < kMessages; ++i) EXPECT_TRUE(mailbox->push_wait(i, hours(1)));
    });
  }
  for (std::thread& producer : producers) producer.join();
  done.wait();
  EXPECT_EQ((*supervisor)->children().size(), 2u);
  (*supervisor)->stop();
  EXPECT_EQ(handled, 2 * kMessages);
  EXPECT_GE((*supervisor)->children()[0].restarts, 19u);
  EXPECT_TRUE((*supervisor)->status());
}

TEST(SupervisorConcurrency, EscalatesOnItsOwnThreadWhileOthersLook) {
  const SystemClock clock;
  std::atomic<int> handled{0};
  std::latch done(100);
  auto mailbox = std::make_shared<Mailbox<int>>(100);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(mailbox->push(9));
  std::latch escalated(1);
  Supervisor::Options options;
  options.first_backoff = microseconds(100);
  options.on_escalation = [&](const Error&) { escalated.count_down(); };
  auto supervisor = Supervisor::create(
      {actor_child<int>("a", RestartPolicy::kTransient, mailbox,
                        [&]() -> Result<std::unique_ptr<Actor<int>>> {
                          return std::make_unique<Flaky>(handled, done);
                        })},
      options, clock);
  ASSERT_TRUE(supervisor);
  ASSERT_TRUE((*supervisor)->start());
  std::thread looker([&] {
    while (!escalated.try_wait()) {
      EXPECT_EQ((*supervisor)->children().size(), 1u);
      std::this_thread::yield();
    }
  });
  escalated.wait();
  looker.join();
  EXPECT_EQ(handled, 4);
  EXPECT_FALSE((*supervisor)->status());
  EXPECT_EQ(mailbox->size(), 96u);
}

}  // namespace
}  // namespace thunderline::thunderflow
