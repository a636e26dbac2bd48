#include "thunderline/thunderchief/conductor.h"

#include <gtest/gtest.h>

#include <array>

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

}  // namespace
}  // namespace thunderline::thunderchief
