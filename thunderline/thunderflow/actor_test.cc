#include "thunderline/thunderflow/actor.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/single_step_executor.h"

namespace thunderline::thunderflow {
namespace {

using testing::SingleStepExecutor;
using Kind = ExitReason::Kind;

/// Writes down what happens to it; does what the message says.
class Scribe final : public Actor<std::string> {
 public:
  explicit Scribe(std::vector<std::string>& diary) : diary_(diary) {}

  Status on_start() override {
    diary_.push_back("start");
    return {};
  }
  Status on_message(std::string message) override {
    diary_.push_back(message);
    if (message == "fail") return fail(ErrorCode::kBadData, "told to fail");
    if (message == "throw") throw std::runtime_error("told to throw");
    if (message == "finish") finish();
    return {};
  }
  void on_stop(const ExitReason& reason) override {
    diary_.push_back(std::string("stop:") + kind_name(reason.kind));
  }

 private:
  std::vector<std::string>& diary_;
};

class BadStarter final : public Actor<std::string> {
 public:
  explicit BadStarter(std::vector<std::string>& diary) : diary_(diary) {}
  Status on_start() override { return fail(ErrorCode::kNotFound, "no table"); }
  Status on_message(std::string /*message*/) override {
    diary_.emplace_back("message");
    return {};
  }
  void on_stop(const ExitReason& /*reason*/) override { diary_.emplace_back("stop"); }

 private:
  std::vector<std::string>& diary_;
};

class ActorTest : public ::testing::Test {
 protected:
  template <typename A = Scribe>
  std::unique_ptr<ActorProcess<std::string>> make(size_t messages_per_turn = 1) {
    return std::make_unique<ActorProcess<std::string>>(
        std::make_unique<A>(diary_), mailbox_, ActorOptions{&executor_, messages_per_turn});
  }
  Process::ExitHandler note_exit() {
    return [this](const ExitReason& reason) { exits_.push_back(reason); };
  }
  using Diary = std::vector<std::string>;

  SingleStepExecutor executor_;
  Diary diary_;
  std::vector<ExitReason> exits_;
  std::shared_ptr<Mailbox<std::string>> mailbox_ = std::make_shared<Mailbox<std::string>>(8);
};

TEST_F(ActorTest, HandlesMessagesInOrderOnItsExecutor) {
  const auto process = make();
  ASSERT_TRUE(mailbox_->push("a"));
  ASSERT_TRUE(process->start(note_exit()));
  EXPECT_TRUE(diary_.empty());
  executor_.run_until_idle();
  ASSERT_TRUE(mailbox_->push("b"));
  ASSERT_TRUE(mailbox_->push("c"));
  executor_.run_until_idle();
  EXPECT_EQ(diary_, (Diary{"start", "a", "b", "c"}));
  EXPECT_TRUE(exits_.empty());
}

TEST_F(ActorTest, GivesOthersTheirTurnAfterItsShareOfMessages) {
  const auto process = make(2);
  for (const char* message : {"a", "b", "c"}) ASSERT_TRUE(mailbox_->push(message));
  ASSERT_TRUE(process->start({}));
  ASSERT_TRUE(executor_.step());
  EXPECT_EQ(diary_, (Diary{"start", "a", "b"}));
  ASSERT_TRUE(executor_.step());
  EXPECT_EQ(diary_, (Diary{"start", "a", "b", "c"}));
  EXPECT_FALSE(executor_.step());
}

TEST_F(ActorTest, AnErrorFromTheHandlerEndsItAsFailedAndLeavesTheQueue) {
  const auto process = make();
  for (const char* message : {"fail", "next"}) ASSERT_TRUE(mailbox_->push(message));
  ASSERT_TRUE(process->start(note_exit()));
  executor_.run_until_idle();
  EXPECT_EQ(diary_, (Diary{"start", "fail", "stop:failed"}));
  ASSERT_EQ(exits_.size(), 1u);
  EXPECT_EQ(exits_[0].kind, Kind::kFailed);
  EXPECT_EQ(exits_[0].error->message, "told to fail");
  EXPECT_EQ(process->join(), exits_[0]);
  EXPECT_FALSE(mailbox_->closed());
  EXPECT_EQ(mailbox_->drain(), (Diary{"next"}));
}

TEST_F(ActorTest, AnExceptionIsCaughtAndEndsItAsFailed) {
  const auto process = make();
  ASSERT_TRUE(mailbox_->push("throw"));
  ASSERT_TRUE(process->start(note_exit()));
  executor_.run_until_idle();
  ASSERT_EQ(exits_.size(), 1u);
  EXPECT_EQ(exits_[0].kind, Kind::kFailed);
  EXPECT_EQ(exits_[0].error->where, "told to throw");
}

TEST_F(ActorTest, AFailedStartEndsItWithoutMessagesAndWithoutOnStop) {
  const auto process = make<BadStarter>();
  ASSERT_TRUE(mailbox_->push("a"));
  ASSERT_TRUE(process->start(note_exit()));
  executor_.run_until_idle();
  EXPECT_TRUE(diary_.empty());
  ASSERT_EQ(exits_.size(), 1u);
  EXPECT_EQ(exits_[0].error->message, "no table");
  EXPECT_EQ(mailbox_->size(), 1u);
}

TEST_F(ActorTest, FinishEndsItAsNormal) {
  const auto process = make(8);
  for (const char* message : {"finish", "next"}) ASSERT_TRUE(mailbox_->push(message));
  ASSERT_TRUE(process->start({}));
  executor_.run_until_idle();
  EXPECT_EQ(diary_, (Diary{"start", "finish", "stop:normal"}));
  EXPECT_EQ(process->join().kind, Kind::kNormal);
}

TEST_F(ActorTest, AClosedMailboxIsHandledToItsEndAndThenItEndsAsNormal) {
  const auto process = make();
  for (const char* message : {"a", "b"}) ASSERT_TRUE(mailbox_->push(message));
  ASSERT_TRUE(process->start({}));
  mailbox_->close();
  EXPECT_EQ(process->join().kind, Kind::kNormal);
  EXPECT_EQ(diary_, (Diary{"start", "a", "b", "stop:normal"}));
}

TEST_F(ActorTest, RequestStopClosesTheMailboxAndLeavesWhatIsQueued) {
  const auto process = make();
  ASSERT_TRUE(process->start({}));
  for (const char* message : {"a", "b"}) ASSERT_TRUE(mailbox_->push(message));
  ASSERT_TRUE(executor_.step());
  process->request_stop();
  EXPECT_TRUE(mailbox_->closed());
  EXPECT_EQ(process->join().kind, Kind::kShutdown);
  EXPECT_EQ(diary_, (Diary{"start", "a", "stop:shutdown"}));
  EXPECT_EQ(mailbox_->drain(), (Diary{"b"}));
}

TEST_F(ActorTest, KillLeavesTheMailboxOpenForASuccessor) {
  const auto first = make();
  ASSERT_TRUE(first->start({}));
  executor_.run_until_idle();
  for (const char* message : {"a", "b"}) ASSERT_TRUE(mailbox_->push(message));
  first->kill();
  EXPECT_EQ(first->join().kind, Kind::kKilled);
  EXPECT_FALSE(mailbox_->closed());
  const auto second = make();
  ASSERT_TRUE(second->start({}));
  executor_.run_until_idle();
  EXPECT_EQ(diary_, (Diary{"start", "stop:killed", "start", "a", "b"}));
}

TEST_F(ActorTest, TheFirstOrderStands) {
  const auto process = make();
  ASSERT_TRUE(process->start({}));
  process->kill();
  process->request_stop();
  EXPECT_EQ(process->join().kind, Kind::kKilled);
}

TEST_F(ActorTest, IsStoppedByItsDestructor) {
  auto process = make();
  ASSERT_TRUE(process->start(note_exit()));
  executor_.run_until_idle();
  process.reset();
  EXPECT_EQ(diary_, (Diary{"start", "stop:shutdown"}));
  EXPECT_EQ(exits_.size(), 1u);
}

TEST_F(ActorTest, StartsOnlyOnce) {
  const auto process = make();
  EXPECT_EQ(process->join().kind, Kind::kNormal);
  ASSERT_TRUE(process->start({}));
  const Status again = process->start({});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kRefused);
}

TEST_F(ActorTest, AnExecutorThatRefusesItEndsItAsFailed) {
  const auto process = make();
  ASSERT_TRUE(process->start(note_exit()));
  executor_.run_until_idle();
  executor_.close();
  ASSERT_TRUE(mailbox_->push("a"));
  ASSERT_EQ(exits_.size(), 1u);
  EXPECT_EQ(exits_[0].error->code, ErrorCode::kUnavailable);
  EXPECT_EQ(diary_, (Diary{"start", "stop:failed"}));
  EXPECT_EQ(mailbox_->size(), 1u);
}

/// A handler that looks at the stop token, as a long one should.
class Watcher final : public Actor<std::function<void()>> {
 public:
  explicit Watcher(bool& stop_seen) : stop_seen_(stop_seen) {}
  Status on_message(std::function<void()> action) override {
    action();
    stop_seen_ = stop_token().stop_requested();
    return {};
  }

 private:
  bool& stop_seen_;
};

TEST(Actor, ARunningHandlerSeesTheRequestToStop) {
  SingleStepExecutor executor;
  bool stop_seen = false;
  auto mailbox = std::make_shared<Mailbox<std::function<void()>>>(2);
  ActorProcess<std::function<void()>> process(std::make_unique<Watcher>(stop_seen), mailbox,
                                              {.executor = &executor});
  ASSERT_TRUE(process.start({}));
  ASSERT_TRUE(mailbox->push([] {}));
  executor.run_until_idle();
  EXPECT_FALSE(stop_seen);
  ASSERT_TRUE(mailbox->push([&] { process.request_stop(); }));
  executor.run_until_idle();
  EXPECT_TRUE(stop_seen);
}

}  // namespace
}  // namespace thunderline::thunderflow
