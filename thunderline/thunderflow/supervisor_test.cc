#include "thunderline/thunderflow/supervisor.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/support/single_step_executor.h"

namespace thunderline::thunderflow {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakeClock;
using testing::SingleStepExecutor;
using Diary = std::vector<std::string>;

/// Writes "NAME:what" for all that happens to it; fails on "fail", finishes on "finish".
class Worker final : public Actor<std::string> {
 public:
  Worker(std::string name, Diary& diary) : name_(std::move(name)), diary_(diary) {}

  Status on_start() override {
    diary_.push_back(name_ + ":start");
    return {};
  }
  Status on_message(std::string message) override {
    diary_.push_back(name_ + ":" + message);
    if (message == "fail") return fail(ErrorCode::kBadData, "told to fail");
    if (message == "finish") finish();
    return {};
  }
  void on_stop(const ExitReason& reason) override {
    diary_.push_back(name_ + ":" + kind_name(reason.kind));
  }

 private:
  std::string name_;
  Diary& diary_;
};

class SupervisorTest : public ::testing::Test {
 protected:
  ChildSpec child(const std::string& name, RestartPolicy restart = RestartPolicy::kPermanent) {
    auto mailbox = std::make_shared<Mailbox<std::string>>(8);
    mailboxes_[name] = mailbox;
    return actor_child<std::string>(
        name, restart, mailbox,
        [this, name]() -> Result<std::unique_ptr<Actor<std::string>>> {
          if (factory_fails_) return fail(ErrorCode::kUnavailable, "no database");
          return std::make_unique<Worker>(name, diary_);
        },
        {.executor = &executor_});
  }

  static Supervisor::Options by_poll() {
    Supervisor::Options options;
    options.own_thread = false;
    return options;
  }

  void start(std::vector<ChildSpec> children, Supervisor::Options options = by_poll()) {
    auto made = Supervisor::create(std::move(children), std::move(options), clock_);
    ASSERT_TRUE(made) << to_string(made.error());
    supervisor_ = std::move(*made);
    ASSERT_TRUE(supervisor_->start());
    executor_.run_until_idle();
  }

  void send(const std::string& name, const std::string& message) {
    ASSERT_TRUE(mailboxes_[name]->push(message));
    executor_.run_until_idle();
    supervisor_->poll();
  }

  void pass(milliseconds time) {
    clock_.advance(time);
    supervisor_->poll();
    executor_.run_until_idle();
  }

  ChildInfo info(size_t index) const { return supervisor_->children().at(index); }

  FakeClock clock_;
  SingleStepExecutor executor_;
  Diary diary_;
  std::map<std::string, std::shared_ptr<Mailbox<std::string>>> mailboxes_;
  bool factory_fails_ = false;
  std::unique_ptr<Supervisor> supervisor_;
};

TEST_F(SupervisorTest, StartsChildrenInOrderAndStopsThemInReverse) {
  start({child("a"), child("b"), child("c")});
  EXPECT_EQ(diary_, (Diary{"a:start", "b:start", "c:start"}));
  diary_.clear();
  supervisor_->stop();
  EXPECT_EQ(diary_, (Diary{"c:shutdown", "b:shutdown", "a:shutdown"}));
  EXPECT_EQ(info(0).state, ChildState::kEnded);
  EXPECT_EQ(info(0).last_exit->kind, ExitReason::Kind::kShutdown);
  EXPECT_TRUE(mailboxes_["a"]->closed());
}

TEST_F(SupervisorTest, RestartsAFailedChildAloneAfterTheBackoff) {
  start({child("a"), child("b")});
  diary_.clear();
  send("a", "fail");
  EXPECT_EQ(info(0).state, ChildState::kBackingOff);
  EXPECT_EQ(info(0).last_exit->error->message, "told to fail");
  pass(milliseconds(49));
  EXPECT_EQ(info(0).state, ChildState::kBackingOff);
  pass(milliseconds(1));
  EXPECT_EQ(info(0).state, ChildState::kRunning);
  EXPECT_EQ(info(0).restarts, 1u);
  EXPECT_EQ(info(1).restarts, 0u);
  EXPECT_EQ(diary_, (Diary{"a:fail", "a:failed", "a:start"}));
}

TEST_F(SupervisorTest, ARestartedChildGoesOnWithItsQueuedWork) {
  start({child("a")});
  diary_.clear();
  ASSERT_TRUE(mailboxes_["a"]->push("fail"));
  ASSERT_TRUE(mailboxes_["a"]->push("one"));
  executor_.run_until_idle();
  supervisor_->poll();
  ASSERT_TRUE(mailboxes_["a"]->push("two"));  // While nobody runs.
  pass(milliseconds(50));
  EXPECT_EQ(diary_, (Diary{"a:fail", "a:failed", "a:start", "a:one", "a:two"}));
}

TEST_F(SupervisorTest, TheBackoffDoublesWhileFailuresFollowEachOther) {
  Supervisor::Options options = by_poll();
  options.max_restarts = 10;
  options.max_backoff = milliseconds(150);
  start({child("a")}, options);
  for (const int backoff_ms : {50, 100, 150, 150}) {
    send("a", "fail");
    pass(milliseconds(backoff_ms - 1));
    EXPECT_EQ(info(0).state, ChildState::kBackingOff) << backoff_ms;
    pass(milliseconds(1));
    EXPECT_EQ(info(0).state, ChildState::kRunning) << backoff_ms;
  }
  pass(seconds(6));
  send("a", "fail");
  pass(milliseconds(50));
  EXPECT_EQ(info(0).state, ChildState::kRunning) << "a quiet window starts anew";
}

TEST_F(SupervisorTest, APermanentChildIsRestartedWhateverItsReason) {
  start({child("a")});
  send("a", "finish");
  pass(milliseconds(50));
  EXPECT_EQ(info(0).restarts, 1u);
  EXPECT_EQ(info(0).last_exit->kind, ExitReason::Kind::kNormal);
}

TEST_F(SupervisorTest, ATransientChildIsRestartedOnlyAfterTrouble) {
  start({child("a", RestartPolicy::kTransient)});
  ASSERT_TRUE(supervisor_->kill("a"));
  executor_.run_until_idle();
  supervisor_->poll();
  EXPECT_EQ(info(0).last_exit->kind, ExitReason::Kind::kKilled);
  pass(milliseconds(50));
  EXPECT_EQ(info(0).state, ChildState::kRunning);
  send("a", "finish");
  pass(seconds(1));
  EXPECT_EQ(info(0).state, ChildState::kEnded);
  EXPECT_EQ(info(0).restarts, 1u);
}

TEST_F(SupervisorTest, ATemporaryChildIsNeverRestarted) {
  start({child("a", RestartPolicy::kTemporary)});
  send("a", "fail");
  pass(seconds(1));
  EXPECT_EQ(info(0).state, ChildState::kEnded);
  EXPECT_TRUE(supervisor_->status());
}

TEST_F(SupervisorTest, EscalatesTheFourthFailureWithinTheWindowAndStopsAll) {
  std::vector<Error> escalations;
  Supervisor::Options options = by_poll();
  options.on_escalation = [&](const Error& error) { escalations.push_back(error); };
  start({child("a"), child("b")}, options);
  for (int i = 0; i < 3; ++i) {
    send("a", "fail");
    pass(milliseconds(200));
    ASSERT_EQ(info(0).state, ChildState::kRunning);
  }
  EXPECT_TRUE(supervisor_->status());
  send("a", "fail");
  EXPECT_EQ(info(0).state, ChildState::kGivenUp);
  EXPECT_EQ(info(1).state, ChildState::kEnded);
  EXPECT_EQ(diary_.back(), "b:shutdown");
  ASSERT_EQ(escalations.size(), 1u);
  EXPECT_EQ(escalations[0].where, "a");
  EXPECT_NE(escalations[0].message.find("told to fail"), std::string::npos);
  ASSERT_FALSE(supervisor_->status());
  EXPECT_EQ(supervisor_->status().error(), escalations[0]);
}

TEST_F(SupervisorTest, MayGiveUpOneChildAndKeepTheOthers) {
  Supervisor::Options options = by_poll();
  options.max_restarts = 0;
  options.on_limit = Supervisor::OnLimit::kStopChild;
  start({child("a"), child("b")}, options);
  send("a", "fail");
  EXPECT_EQ(info(0).state, ChildState::kGivenUp);
  EXPECT_EQ(info(1).state, ChildState::kRunning);
  EXPECT_FALSE(supervisor_->status());
}

TEST_F(SupervisorTest, FailuresFurtherApartThanTheWindowDoNotEscalate) {
  start({child("a")});
  for (int i = 0; i < 10; ++i) {
    send("a", "fail");
    pass(milliseconds(50));
    pass(milliseconds(1'700));
  }
  EXPECT_EQ(info(0).restarts, 10u);
  EXPECT_TRUE(supervisor_->status());
}

TEST_F(SupervisorTest, AFactoryThatFailsAtARestartCountsAsAnotherFailure) {
  start({child("a")});
  send("a", "fail");
  factory_fails_ = true;
  pass(milliseconds(50));
  EXPECT_EQ(info(0).state, ChildState::kBackingOff);
  EXPECT_NE(info(0).last_exit->error->message.find("no database"), std::string::npos);
  factory_fails_ = false;
  pass(milliseconds(100));
  EXPECT_EQ(info(0).state, ChildState::kRunning);
  EXPECT_EQ(info(0).restarts, 2u);
}

TEST_F(SupervisorTest, AChildThatCannotBeMadeAtTheStartStopsThoseBeforeIt) {
  ChildSpec bad{"bad", RestartPolicy::kPermanent,
                [] { return fail(ErrorCode::kNotFound, "no model"); }};
  auto made = Supervisor::create({child("a"), std::move(bad)}, by_poll(), clock_);
  ASSERT_TRUE(made);
  const Status started = (*made)->start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kNotFound);
  EXPECT_NE(started.error().message.find("\"bad\""), std::string::npos);
  EXPECT_EQ((*made)->children()[0].state, ChildState::kEnded);
}

TEST_F(SupervisorTest, StoppingCancelsARestartThatWaits) {
  start({child("a")});
  send("a", "fail");
  supervisor_->stop();
  pass(seconds(1));
  EXPECT_EQ(info(0).state, ChildState::kEnded);
  EXPECT_EQ(info(0).restarts, 0u);
}

TEST_F(SupervisorTest, ReportsEveryChangeOfAChild) {
  Diary changes;
  Supervisor::Options options = by_poll();
  options.on_change = [&](const ChildInfo& info) {
    changes.push_back(info.name + ":" + state_name(info.state));
  };
  start({child("a")}, options);
  send("a", "fail");
  pass(milliseconds(50));
  supervisor_->stop();
  EXPECT_EQ(changes, (Diary{"a:running", "a:backing_off", "a:running", "a:ended"}));
}

TEST_F(SupervisorTest, RefusesWhatMakesNoSense) {
  const auto code = [&](std::vector<ChildSpec> children, Supervisor::Options options) {
    auto made = Supervisor::create(std::move(children), std::move(options), clock_);
    return made ? ErrorCode::kInternal : made.error().code;
  };
  EXPECT_EQ(code({child("a"), child("a")}, by_poll()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({child("")}, by_poll()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({ChildSpec{"a", RestartPolicy::kPermanent, {}}}, by_poll()),
            ErrorCode::kInvalidArgument);
  Supervisor::Options options = by_poll();
  options.first_backoff = milliseconds(0);
  EXPECT_EQ(code({child("a")}, options), ErrorCode::kInvalidArgument);
  options = by_poll();
  options.backoff_factor = 0.5;
  EXPECT_EQ(code({child("a")}, options), ErrorCode::kInvalidArgument);
  options = by_poll();
  options.max_backoff = milliseconds(1);
  EXPECT_EQ(code({child("a")}, options), ErrorCode::kInvalidArgument);

  start({child("a")});
  EXPECT_EQ(supervisor_->kill("nobody").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(supervisor_->start().error().code, ErrorCode::kRefused);
  send("a", "fail");
  EXPECT_EQ(supervisor_->kill("a").error().code, ErrorCode::kRefused);
}

}  // namespace
}  // namespace thunderline::thunderflow
