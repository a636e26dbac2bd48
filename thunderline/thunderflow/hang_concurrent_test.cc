// Agents whose thread does not come back.

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <vector>

#include "tests/support/fake_clock.h"
#include "thunderline/thunderflow/redelivery.h"
#include "thunderline/thunderflow/supervisor.h"

namespace thunderline::thunderflow {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakeClock;

/// Hangs in its first life until it is let go.
class HangTest : public ::testing::Test {
 protected:
  void start(std::function<void(const std::string&)> on_stuck) {
    ChildSpec spec = actor_child<int>(
        "agent", RestartPolicy::kPermanent, mailbox_,
        [this]() -> Result<std::unique_ptr<Actor<int>>> {
          return std::make_unique<RedeliveringActor<int>>(
              memory_,
              [this](const int& message, const Lease& lease, const std::stop_token&) {
                return handle(message, lease);
              },
              clock_);
        });
    spec.lifeline = &memory_->lifeline;
    Supervisor::Options options;
    options.own_thread = false;
    options.on_stuck = std::move(on_stuck);
    auto made = Supervisor::create({std::move(spec)}, options, clock_);
    ASSERT_TRUE(made);
    supervisor_ = *std::move(made);
    ASSERT_TRUE(supervisor_->start());
    ASSERT_TRUE(mailbox_->push(1));
    ASSERT_TRUE(mailbox_->push(2));
    hanging_.wait();
  }

  Status handle(int message, const Lease& lease) {
    const bool hangs = !hung_.exchange(true);
    if (hangs) {
      hanging_.count_down();
      let_go_.wait();
    }
    const bool said = lease.commit([&] { results_.fetch_add(message); });
    if (hangs) late_result_said_.set_value(said);
    if (!hangs) handled_.count_down();
    return {};
  }

  void be_silent(milliseconds time) {
    clock_.advance(time);
    supervisor_->poll();
  }

  FakeClock clock_;
  std::shared_ptr<Mailbox<int>> mailbox_ = std::make_shared<Mailbox<int>>(16);
  std::shared_ptr<AgentMemory<int>> memory_ = std::make_shared<AgentMemory<int>>();
  std::atomic<bool> hung_{false};
  std::latch hanging_{1};
  std::latch let_go_{1};
  std::latch handled_{2};
  std::atomic<int> results_{0};
  std::promise<bool> late_result_said_;
  std::unique_ptr<Supervisor> supervisor_;
};

TEST_F(HangTest, AHungAgentIsReplacedAndItsLateResultDropped) {
  start([](const std::string&) { FAIL() << "it comes back in time"; });
  be_silent(milliseconds(1999));
  EXPECT_EQ(supervisor_->children()[0].state, ChildState::kRunning);
  be_silent(milliseconds(1));
  EXPECT_EQ(supervisor_->children()[0].state, ChildState::kBackingOff);
  EXPECT_NE(supervisor_->children()[0].last_exit->error->message.find("no sign of life"),
            std::string::npos);
  be_silent(milliseconds(50));
  handled_.wait();  // The new life did the hung message and the one behind it.
  let_go_.count_down();
  EXPECT_FALSE(late_result_said_.get_future().get());
  supervisor_->stop();
  EXPECT_EQ(results_, 3);
}

TEST_F(HangTest, AThreadThatDoesNotEndWithinTenSecondsIsReportedOnce) {
  std::vector<std::string> stuck;
  start([&](const std::string& child) { stuck.push_back(child); });
  be_silent(seconds(2));
  be_silent(milliseconds(9'999));
  EXPECT_TRUE(stuck.empty());
  be_silent(milliseconds(1));
  be_silent(seconds(5));
  EXPECT_EQ(stuck, (std::vector<std::string>{"agent"}));
  let_go_.count_down();
  supervisor_->stop();
}

}  // namespace
}  // namespace thunderline::thunderflow
