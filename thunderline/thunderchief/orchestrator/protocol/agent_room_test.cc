// The machines in their actors: killed at random messages, hanging, poisoned.

#include "thunderline/thunderchief/orchestrator/protocol/agent_room.h"

#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <set>

#include "tests/support/fake_clock.h"
#include "tests/support/single_step_executor.h"
#include "thunderline/base/random.h"

namespace thunderline::thunderchief::protocol {
namespace {

using namespace std::chrono_literals;
using thunderflow::ChildInfo;
using thunderflow::ChildState;

/// A clock that ends whoever asks it for the time of day next, once it is armed: an agent asks at
/// each message.
class TrapClock final : public Clock {
 public:
  std::chrono::nanoseconds now() const override { return clock_.now(); }
  int64_t unix_ms() const override {
    if (armed.exchange(false)) throw std::runtime_error("killed within the message");
    return clock_.unix_ms();
  }
  void advance(std::chrono::nanoseconds by) { clock_.advance(by); }

  mutable std::atomic<bool> armed{false};

 private:
  testing::FakeClock clock_;
};

/// A store whose writer dies right after a commit, once it is armed.
class TrapStore final : public RequestStore {
 public:
  Result<Snapshot> load() override { return rows.load(); }
  Status commit(const Changes& changes) override {
    TL_RETURN_IF_ERROR(rows.commit(changes));
    if (armed.exchange(false)) return fail(ErrorCode::kUnavailable, "killed after the commit");
    return {};
  }

  MemoryRequestStore rows;
  std::atomic<bool> armed{false};
};

/// A room on one thread, whose owner decides what runs when.
class KilledRoom : public ::testing::Test {
 protected:
  void start(std::function<void(const AskRecord&)> on_ended = {}) {
    AgentRoom::Options options;
    options.trainer_cores = 2;
    options.supervisor.own_thread = false;
    options.actors = &executor_;
    options.jobs = &executor_;
    options.own_ticks = false;
    AgentRoom::Deeds deeds;
    deeds.work = [](Role role, const JobContext& context) {
      context.beat();
      return JobResult{true, role == Role::kEvaluation, "the figures"};
    };
    deeds.activate = [](const LiveRecord&) { return Status{}; };
    deeds.on_ended = std::move(on_ended);
    room_ = AgentRoom::start(store_, clock_, std::move(deeds), options).value();
  }
  void ask(RequestKind kind = RequestKind::kTrain) {
    AskRecord ask;
    ask.id = ++asked_;
    ask.kind = kind;
    ask.model = "m" + std::to_string(random_.below(3));
    ask.deadline_ms = clock_.unix_ms() + 1'000'000'000;
    ASSERT_TRUE(room_->ask(ask));
  }

  /// Lets time go by: ticks, restarts, messages.
  void pass(std::chrono::milliseconds time) {
    for (auto gone = 0ms; gone < time; gone += 100ms) {
      room_->tick();
      executor_.run_until_idle();
      clock_.advance(100ms);
      room_->supervisor().poll();
    }
    executor_.run_until_idle();
  }

  uint64_t restarts() const {
    uint64_t sum = 0;
    for (const ChildInfo& child : room_->supervisor().children()) sum += child.restarts;
    return sum;
  }
  bool all_run() const {
    for (const ChildInfo& child : room_->supervisor().children()) {
      if (child.state != ChildState::kRunning) return false;
    }
    return true;
  }

  Random random_{7};
  TrapClock clock_;
  TrapStore store_;
  testing::SingleStepExecutor executor_;
  std::unique_ptr<AgentRoom> room_;
  uint64_t asked_ = 0;
};

TEST_F(KilledRoom, AThousandKillsAtRandomMessagesLoseNoMessage) {
  start();
  for (uint64_t kills = 0; kills < 1000;) {
    if (random_.below(2) == 0)
      ask(random_.below(4) == 0 ? RequestKind::kRollback : RequestKind::kTrain);
    room_->tick();
    for (uint64_t steps = random_.below(40); steps > 0; --steps) executor_.step();
    const uint64_t how = random_.below(3);
    if (how == 0) clock_.armed = true;
    if (how == 1) store_.armed = true;
    if (how == 2) {
      const auto role = static_cast<Role>(random_.below(kRoles));
      ASSERT_TRUE(room_->supervisor().kill(role_name(role)));
    }
    const uint64_t before = restarts();
    room_->tick();
    executor_.run_until_idle();
    room_->supervisor().poll();
    store_.armed = false;  // Nobody wrote.
    clock_.advance(100ms);
    room_->supervisor().poll();
    ASSERT_TRUE(all_run()) << "the first backoff is 100 ms at most";
    ASSERT_LE(restarts(), before + 1);
    kills += restarts() - before;
    pass(5000ms);  // Beyond the window in which the supervisor counts restarts.
    ASSERT_TRUE(room_->supervisor().status());
  }
  pass(10'000ms);
  const Snapshot stored = store_.load().value();
  ASSERT_GT(asked_, 300u);
  std::map<Phase, int> ends;
  for (uint64_t id = 1; id <= asked_; ++id) {
    ASSERT_TRUE(stored.asks.contains(id)) << "request " << id << " was lost";
    EXPECT_TRUE(is_end(stored.asks.at(id).end)) << id;
    ASSERT_TRUE(stored.requests.contains(id)) << id;
    EXPECT_EQ(stored.requests.at(id).phase, stored.asks.at(id).end) << id;
    ++ends[stored.asks.at(id).end];
  }
  EXPECT_EQ(ends[Phase::kFailed], 0) << "a kill is no failure of a request";
  EXPECT_GT(ends[Phase::kDone], 100);
  EXPECT_TRUE(room_->dead_letters().empty());
}

TEST_F(KilledRoom, AMessageThatEndsThreeLivesIsPutAsideAndTheRequestStillEnds) {
  int calls = 0;
  start([&](const AskRecord&) {
    if (++calls <= 3) throw std::runtime_error("poison");
  });
  ask();
  pass(10'000ms);
  EXPECT_EQ(calls, 4);
  const auto letters = room_->dead_letters();
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].tries, 3);
  EXPECT_EQ(std::get<Signal>(letters[0].message).kind, SignalKind::kEnded);
  EXPECT_EQ(store_.load()->asks.at(1).end, Phase::kDone);
  EXPECT_TRUE(room_->supervisor().status());
}

TEST_F(KilledRoom, AFourthFailureWithinFiveSecondsEndsTheRoom) {
  start([](const AskRecord&) { throw std::runtime_error("poison"); });
  ask();
  pass(10'000ms);
  ASSERT_FALSE(room_->supervisor().status());
  EXPECT_NE(to_string(room_->supervisor().status().error()).find("planner"), std::string::npos);
}

TEST(AgentRoom, AHungJobIsFencedItsLateResultDroppedAndItsWorkDoneAgain) {
  testing::FakeClock clock;
  MemoryRequestStore store;
  std::latch hangs(1), let_go(1);
  std::atomic<int> trainings{0};
  std::promise<bool> late;
  std::promise<AskRecord> ended;
  AgentRoom::Options options;
  options.supervisor.own_thread = false;
  options.own_ticks = false;
  AgentRoom::Deeds deeds;
  deeds.work = [&](Role role, const JobContext& context) {
    if (role == Role::kTrainer && trainings++ == 0) {
      hangs.count_down();
      let_go.wait();
      late.set_value(context.commit([] {}));
      return JobResult{false, false, "late"};
    }
    return JobResult{true, true, "the figures"};
  };
  deeds.activate = [](const LiveRecord&) { return Status{}; };
  deeds.on_ended = [&, told = false](const AskRecord& ask) mutable {
    if (!std::exchange(told, true)) ended.set_value(ask);
  };
  auto room = AgentRoom::start(store, clock, deeds, options).value();
  AskRecord ask;
  ask.id = 1;
  ask.model = "m";
  ask.deadline_ms = clock.unix_ms() + 1'000'000;
  ASSERT_TRUE(room->ask(ask));
  hangs.wait();
  auto end = ended.get_future();
  for (int i = 0; i < 20'000 && end.wait_for(1ms) != std::future_status::ready; ++i) {
    // Ticks come and are handled: they do not hide that the job is silent.
    room->tick();
    clock.advance(50ms);
    room->supervisor().poll();
    if (trainings == 2) break;
  }
  EXPECT_EQ(room->supervisor().children()[2].restarts, 1u);
  let_go.count_down();
  EXPECT_FALSE(late.get_future().get());
  while (end.wait_for(1ms) != std::future_status::ready) {
    room->tick();
    clock.advance(50ms);
    room->supervisor().poll();
  }
  EXPECT_EQ(end.get().end, Phase::kDone);
  EXPECT_EQ(trainings, 2);
}

}  // namespace
}  // namespace thunderline::thunderchief::protocol
