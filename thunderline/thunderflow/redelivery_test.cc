// Agents that end within a message: nothing acknowledged is lost, and what nobody can handle is put
// aside.

#include "thunderline/thunderflow/redelivery.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/support/single_step_executor.h"
#include "thunderline/base/random.h"
#include "thunderline/thunderflow/supervisor.h"

namespace thunderline::thunderflow {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using testing::FakeClock;
using testing::SingleStepExecutor;

class RedeliveryTest : public ::testing::Test {
 protected:
  void start(RedeliveringActor<int>::Handler handler) {
    ChildSpec spec = actor_child<int>(
        "agent", RestartPolicy::kPermanent, mailbox_,
        [this, handler]() -> Result<std::unique_ptr<Actor<int>>> {
          return std::make_unique<RedeliveringActor<int>>(memory_, handler, clock_);
        },
        {.executor = &executor_, .messages_per_turn = 1});
    spec.lifeline = &memory_->lifeline;
    Supervisor::Options options;
    options.own_thread = false;
    options.on_escalation = [this](const Error& error) { escalations_.push_back(error); };
    auto made = Supervisor::create({std::move(spec)}, options, clock_);
    ASSERT_TRUE(made);
    supervisor_ = *std::move(made);
    ASSERT_TRUE(supervisor_->start());
  }

  void run() {
    executor_.run_until_idle();
    supervisor_->poll();
  }
  void pass(nanoseconds time) {
    clock_.advance(time);
    supervisor_->poll();
    run();
  }
  ChildInfo info() const { return supervisor_->children()[0]; }

  FakeClock clock_;
  SingleStepExecutor executor_;
  std::shared_ptr<Mailbox<int>> mailbox_ = std::make_shared<Mailbox<int>>(16);
  std::shared_ptr<AgentMemory<int>> memory_ = std::make_shared<AgentMemory<int>>();
  std::vector<Error> escalations_;
  std::unique_ptr<Supervisor> supervisor_;
};

TEST_F(RedeliveryTest, AThousandKillsLoseNoAcknowledgedMessage) {
  constexpr int kKills = 1'000;
  Random random(20261124);
  std::map<int, int> written;  // The store: what was acknowledged, and how often it was handled.
  bool kill_next = false;
  bool kill_after = false;
  start([&](const int& message, const Lease& lease, const std::stop_token&) -> Status {
    if (std::exchange(kill_next, false)) return fail(ErrorCode::kInternal, "killed before");
    lease.commit([&] { ++written[message]; });
    if (std::exchange(kill_after, false)) return fail(ErrorCode::kInternal, "killed after");
    return {};
  });
  int sent = 0;
  for (int kills = 0; kills < kKills; ++kills) {
    const int burst = 1 + static_cast<int>(random.below(8));
    const auto kill_at = static_cast<int>(random.below(static_cast<uint64_t>(burst)));
    for (int i = 0; i < burst; ++i) {
      if (i == kill_at) (random.below(2) == 0 ? kill_next : kill_after) = true;
      written.emplace(sent, 0);
      ASSERT_TRUE(mailbox_->push(sent++));
      if (random.below(2) == 0 || i == kill_at) executor_.run_until_idle();
    }
    run();
    ASSERT_EQ(info().state, ChildState::kBackingOff) << "kill " << kills;
    pass(milliseconds(100));
    ASSERT_EQ(info().state, ChildState::kRunning) << "restarted within 100 ms of the clock";
    pass(seconds(6));  // Below the intensity limit.
  }
  EXPECT_EQ(info().restarts, static_cast<uint64_t>(kKills));
  EXPECT_EQ(written.size(), static_cast<size_t>(sent));
  for (const auto& [message, times] : written) ASSERT_GE(times, 1) << "lost " << message;
  EXPECT_TRUE(memory_->redelivery.dead_letters().empty());
  EXPECT_TRUE(escalations_.empty());
}

TEST_F(RedeliveryTest, AMessageThatEndsThreeLivesIsPutAsideAndTheNextIsHandled) {
  std::vector<int> handled;
  start([&](const int& message, const Lease&, const std::stop_token&) -> Status {
    if (message == 13) return fail(ErrorCode::kBadData, "poison");
    handled.push_back(message);
    return {};
  });
  for (const int message : {1, 13, 2}) ASSERT_TRUE(mailbox_->push(message));
  run();
  for (int life = 0; life < 3; ++life) pass(milliseconds(500));
  EXPECT_EQ(handled, (std::vector<int>{1, 2}));
  const auto dead = memory_->redelivery.dead_letters();
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(dead[0].message, 13);
  EXPECT_EQ(dead[0].tries, 3);
  EXPECT_EQ(dead[0].why.message, "poison");
  EXPECT_EQ(info().restarts, 3u);
  EXPECT_TRUE(escalations_.empty());
}

TEST_F(RedeliveryTest, AFourthEndWithinFiveSecondsEscalates) {
  start([](const int&, const Lease&, const std::stop_token&) -> Status {
    return fail(ErrorCode::kBadData, "always");
  });
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(mailbox_->push(i));
  run();
  for (int life = 0; life < 3; ++life) pass(milliseconds(500));
  EXPECT_EQ(info().state, ChildState::kGivenUp);
  ASSERT_EQ(escalations_.size(), 1u);
  EXPECT_EQ(escalations_[0].where, "agent");
}

TEST_F(RedeliveryTest, ThreeEndsInMoreThanFiveSecondsDoNotEscalate) {
  start([](const int&, const Lease&, const std::stop_token&) -> Status {
    return fail(ErrorCode::kBadData, "always");
  });
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(mailbox_->push(i));
  run();
  for (int life = 0; life < 8; ++life) pass(seconds(3));
  EXPECT_TRUE(escalations_.empty());
  EXPECT_GT(info().restarts, 4u);
}

TEST(Lifeline, AnOldLifeCannotSpeakOrBeat) {
  Lifeline lifeline;
  const uint64_t old = lifeline.begin_life();
  lifeline.beat(old, seconds(1));
  EXPECT_FALSE(lifeline.fence_if_silent(seconds(2), seconds(2)));
  EXPECT_TRUE(lifeline.fence_if_silent(seconds(3), seconds(2)));
  EXPECT_FALSE(lifeline.if_current(old, [] { FAIL(); }));
  lifeline.beat(old, seconds(3));
  EXPECT_EQ(lifeline.silent_for(seconds(9)), nanoseconds(0)) << "nobody works";
}

TEST(Lifeline, OneThatRestsOwesNoSignOfLife) {
  Lifeline lifeline;
  const uint64_t life = lifeline.begin_life();
  lifeline.beat(life, seconds(1));
  lifeline.rest(life);
  EXPECT_FALSE(lifeline.fence_if_silent(seconds(100), seconds(2)));
}

}  // namespace
}  // namespace thunderline::thunderflow
