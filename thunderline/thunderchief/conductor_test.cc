#include "thunderline/thunderchief/conductor.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <new>

#include "tests/support/fake_clock.h"
#include "thunderline/base/json_util.h"

namespace thunderline::thunderchief {
namespace {

/// Does what its script says, then waits.
class ScriptedChief final : public Chief {
 public:
  ScriptedChief(std::string name, std::vector<int> script)
      : name_(std::move(name)), script_(std::move(script)) {}

  std::string_view name() const override { return name_; }
  std::span<const std::string_view> actions() const override { return kActions; }
  Status begin_tick(int64_t) override {
    next_ = 0;
    return {};
  }
  std::vector<float> observe_state() const override { return {static_cast<float>(next_)}; }
  int choose_action(std::span<const float>) override {
    return next_ < script_.size() ? script_[next_] : 2;
  }
  ChiefOutcome apply_action(int action) override {
    ++next_;
    if (action == 0) return ChiefOutcome::success("worked");
    if (action == 1) return ChiefOutcome::failed({ErrorCode::kInternal, "broke", "", ""});
    return ChiefOutcome::noop();
  }

 private:
  static constexpr std::array<std::string_view, 3> kActions = {"work", "break", "wait"};
  std::string name_;
  std::vector<int> script_;
  size_t next_ = 0;
};

struct Logged {
  std::vector<thunderbolt::ChiefStep> steps;
  Conductor::StepSink sink() {
    return [this](const thunderbolt::ChiefStep& step) {
      steps.push_back(step);
      return Status{};
    };
  }
};

TEST(Conductor, LetsEachChiefStepUntilItWaitsAndLogsEveryStep) {
  Logged logged;
  Conductor conductor({}, logged.sink());
  ASSERT_TRUE(conductor.register_chief(
      std::make_unique<ScriptedChief>("a", std::vector<int>{0, 0})));
  ASSERT_TRUE(conductor.register_chief(std::make_unique<ScriptedChief>("b", std::vector<int>{})));
  conductor.tick(7);
  ASSERT_EQ(logged.steps.size(), 4u);
  EXPECT_EQ(logged.steps[0].source, "a");
  EXPECT_EQ(logged.steps[0].tick, 7);
  EXPECT_EQ(logged.steps[0].reward, 1.0);
  EXPECT_EQ(logged.steps[0].next_state, std::vector<float>{1});
  EXPECT_EQ(logged.steps[2].action, 2);
  EXPECT_EQ(logged.steps[3].source, "b");
  EXPECT_EQ(conductor.get_states()[0].reward, 2.0);
}

TEST(Conductor, ReportsAChiefThatFailsAndGoesOnWithTheOthers) {
  Logged logged;
  Conductor conductor({}, logged.sink());
  ASSERT_TRUE(conductor.register_chief(
      std::make_unique<ScriptedChief>("broken", std::vector<int>{1, 0})));
  ASSERT_TRUE(conductor.register_chief(
      std::make_unique<ScriptedChief>("sound", std::vector<int>{0})));
  conductor.tick(0);
  const auto states = conductor.get_states();
  EXPECT_EQ(states[0].errors, 1u);
  EXPECT_EQ(states[0].last_error->message, "broke");
  EXPECT_EQ(states[0].steps, 1u) << "its tick ended with the failure";
  EXPECT_EQ(states[1].reward, 1.0);
}

TEST(Conductor, ReportsAnActionThatTheChiefDoesNotHave) {
  Logged logged;
  Conductor conductor({}, logged.sink());
  ASSERT_TRUE(conductor.register_chief(
      std::make_unique<ScriptedChief>("a", std::vector<int>{9})));
  conductor.tick(0);
  EXPECT_EQ(conductor.get_states()[0].errors, 1u);
  EXPECT_TRUE(logged.steps.empty());
}

TEST(Conductor, BoundsTheStepsOfATick) {
  Logged logged;
  Conductor conductor({5}, logged.sink());
  ASSERT_TRUE(conductor.register_chief(
      std::make_unique<ScriptedChief>("busy", std::vector<int>(100, 0))));
  conductor.tick(0);
  EXPECT_EQ(logged.steps.size(), 5u);
}

TEST(Conductor, DoesNothingWhilePausedAndRefusesANameTwice) {
  Logged logged;
  Conductor conductor({}, logged.sink());
  ASSERT_TRUE(conductor.register_chief(std::make_unique<ScriptedChief>("a", std::vector<int>{})));
  EXPECT_EQ(conductor.register_chief(std::make_unique<ScriptedChief>("a", std::vector<int>{}))
                .error().code, ErrorCode::kRefused);
  conductor.pause();
  conductor.tick(0);
  EXPECT_TRUE(logged.steps.empty());
  conductor.resume();
  conductor.tick(1);
  EXPECT_EQ(logged.steps.size(), 1u);
}

TEST(Conductor, RunsUntilTheTickSaysThatItIsOver) {
  Logged logged;
  Conductor conductor({}, logged.sink());
  int ticks = 0;
  std::stop_source stop;
  EXPECT_TRUE(conductor.run(0, [&]() -> Result<bool> { return ++ticks < 5; }, stop.get_token()));
  EXPECT_EQ(ticks, 5);
  stop.request_stop();
  EXPECT_EQ(conductor.run(0, [&]() -> Result<bool> { return true; }, stop.get_token())
                .error().code, ErrorCode::kInterrupted);
}

/// Gives whatever a test wants a chief to give.
class OddChief final : public Chief {
 public:
  std::vector<float> state = {0.5f};
  std::function<void()> on_apply = [] {};
  int turns = 0;
  int steps_wanted = 0;

  std::string_view name() const override { return "odd"; }
  std::span<const std::string_view> actions() const override { return kActions; }
  Status begin_tick(int64_t) override {
    ++turns;
    left_ = steps_wanted;
    return {};
  }
  std::vector<float> observe_state() const override { return state; }
  int choose_action(std::span<const float>) override { return left_ > 0 ? 0 : 1; }
  ChiefOutcome apply_action(int) override {
    --left_;
    on_apply();
    return ChiefOutcome::success();
  }

 private:
  static constexpr std::array<std::string_view, 2> kActions = {"work", "wait"};
  int left_ = 0;
};

/// A conductor with an OddChief, which the test may still reach.
struct OddConductor {
  explicit OddConductor(ChiefTurn turn = {}, Conductor::Options options = {})
      : conductor(options, logged.sink()) {
    auto made = std::make_unique<OddChief>();
    chief = made.get();
    EXPECT_TRUE(conductor.register_chief(std::move(made), turn));
  }
  ChiefState state() const { return conductor.get_states().front(); }

  Logged logged;
  Conductor conductor;
  OddChief* chief = nullptr;
};

TEST(Conductor, GivesAChiefItsTurnAtItsCadence) {
  ChiefTurn turn;
  turn.every_ticks = 3;
  OddConductor odd(turn);
  for (int64_t tick = 0; tick < 9; ++tick) odd.conductor.tick(tick);
  EXPECT_EQ(odd.chief->turns, 3);
}

TEST(Conductor, BacksOffTwiceAsLongAfterEachFailureAndForgetsThemWhenItIsWell) {
  OddConductor odd;
  odd.chief->state = {NAN};
  std::vector<int64_t> turns;
  int before = 0;
  for (int64_t tick = 0; tick < 16; ++tick) {
    if (tick == 12) odd.chief->state = {0.5f};
    odd.conductor.tick(tick);
    if (odd.chief->turns > before) turns.push_back(tick);
    before = odd.chief->turns;
  }
  EXPECT_EQ(turns, (std::vector<int64_t>{0, 2, 5, 10}));
  EXPECT_EQ(odd.state().failures_in_a_row, 4);
  EXPECT_EQ(odd.state().turns_skipped, 12u);
  odd.conductor.tick(odd.state().skips_until_tick);
  EXPECT_EQ(odd.state().failures_in_a_row, 0);
  EXPECT_EQ(odd.state().errors, 4u);
}

TEST(Conductor, ReportsAStateThatIsNoNumberOrChangesItsWidth) {
  OddConductor odd;
  odd.chief->state = {0.5f, INFINITY};
  odd.conductor.tick(0);
  EXPECT_NE(odd.state().last_error->message.find("number 1"), std::string::npos);
  OddConductor other;
  other.chief->steps_wanted = 1;
  other.chief->on_apply = [&] { other.chief->state.push_back(0.0f); };
  other.conductor.tick(0);
  EXPECT_NE(other.state().last_error->message.find("2 numbers instead of 1"), std::string::npos);
  EXPECT_TRUE(other.logged.steps.empty());
}

TEST(Conductor, ReportsAChiefThatIsOverItsBudgetOfWork) {
  ChiefTurn turn;
  turn.budget_steps = 2;
  OddConductor odd(turn);
  odd.chief->steps_wanted = 1;
  odd.conductor.tick(0);
  EXPECT_FALSE(odd.state().last_error) << "one step of work, and one to wait";
  odd.chief->steps_wanted = 3;
  odd.conductor.tick(1);
  EXPECT_EQ(odd.state().last_error->code, ErrorCode::kResourceLimit);
  EXPECT_EQ(odd.logged.steps.size(), 4u);
}

TEST(Conductor, ReportsAChiefThatIsOverItsBudgetOfTime) {
  testing::FakeClock clock;
  ChiefTurn turn;
  turn.budget_time = std::chrono::milliseconds(5);
  Conductor::Options options;
  options.clock = &clock;
  OddConductor odd(turn, options);
  odd.chief->steps_wanted = 10;
  odd.chief->on_apply = [&] { clock.advance(std::chrono::milliseconds(2)); };
  odd.conductor.tick(0);
  EXPECT_EQ(odd.state().last_error->code, ErrorCode::kResourceLimit);
  EXPECT_EQ(odd.state().steps, 3u) << "6 ms are over 5 ms";
}

TEST(Conductor, AChiefThatThrowsHarmsNobody) {
  OddConductor odd;
  ASSERT_TRUE(odd.conductor.register_chief(
      std::make_unique<ScriptedChief>("sound", std::vector<int>{0})));
  odd.chief->steps_wanted = 1;
  odd.chief->on_apply = [] { throw std::bad_alloc(); };
  odd.conductor.tick(0);
  EXPECT_EQ(odd.state().errors, 1u);
  EXPECT_EQ(odd.conductor.get_states()[1].reward, 1.0);
}

TEST(Conductor, RefusesTurnsThatMeanNothing) {
  Conductor conductor({}, Logged().sink());
  const auto refused = [&](ChiefTurn turn) {
    return conductor.register_chief(std::make_unique<OddChief>(), turn).error().code;
  };
  ChiefTurn turn;
  turn.every_ticks = 0;
  EXPECT_EQ(refused(turn), ErrorCode::kInvalidArgument);
  turn = {};
  turn.budget_time = std::chrono::seconds(1);
  EXPECT_EQ(refused(turn), ErrorCode::kInvalidArgument) << "without a clock";
}

TEST(Conductor, StepsThroughTicksWhileItIsPaused) {
  OddConductor odd;
  EXPECT_EQ(odd.conductor.step().error().code, ErrorCode::kRefused);
  odd.conductor.pause();
  ASSERT_TRUE(odd.conductor.step());
  ASSERT_TRUE(odd.conductor.step());
  for (int64_t tick = 0; tick < 5; ++tick) odd.conductor.tick(tick);
  EXPECT_EQ(odd.chief->turns, 2);
  odd.conductor.resume();
  odd.conductor.tick(5);
  EXPECT_EQ(odd.chief->turns, 3);
}

TEST(Conductor, RunsOneTickForEachStepWhileItIsPaused) {
  OddConductor odd;
  odd.conductor.pause();
  ASSERT_TRUE(odd.conductor.step());
  std::stop_source stop;
  int64_t tick = 0;
  const auto one_tick = [&]() -> Result<bool> {
    odd.conductor.tick(tick++);
    if (tick < 3) {
      EXPECT_TRUE(odd.conductor.step());
    } else {
      stop.request_stop();
    }
    return true;
  };
  EXPECT_EQ(odd.conductor.run(0, one_tick, stop.get_token()).error().code,
            ErrorCode::kInterrupted);
  EXPECT_EQ(odd.chief->turns, 3);
}

TEST(Conductor, PublishesItsStatesAndActionTablesAsJson) {
  OddConductor odd;
  odd.chief->steps_wanted = 1;
  odd.conductor.tick(0);
  const Json tables = parse_json(odd.conductor.action_tables_json(), "").value();
  EXPECT_EQ(tables["odd"], (Json{"work", "wait"}));
  odd.chief->state = {NAN};
  odd.conductor.tick(1);
  const Json states = parse_json(to_json(odd.conductor.get_states()), "").value();
  EXPECT_EQ(states[0]["name"], "odd");
  EXPECT_EQ(states[0]["steps"], 2);
  EXPECT_EQ(states[0]["last_state"], Json{0.5});
  EXPECT_EQ(states[0]["last_error"]["code"], "internal");
}

}  // namespace
}  // namespace thunderline::thunderchief
