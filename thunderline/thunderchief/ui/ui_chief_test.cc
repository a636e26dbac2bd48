#include "thunderline/thunderchief/ui/ui_chief.h"

#include <gtest/gtest.h>

#include "tests/support/simulated_viewers.h"
#include "thunderline/thunderchief/conductor.h"

namespace thunderline::thunderchief {
namespace {

using namespace std::chrono_literals;
using testing::FakeClock;
using testing::quantile;
using testing::SimulatedViewers;

const std::vector<std::string> kComponents = {"bits", "loss", "trials", "agents"};

SimulatedViewers::Line line(double per_second) {
  return {per_second, {"bits", "loss"}, "bits", "trials"};
}

/// Four components that change 20 times a second each, and a conductor that ticks 10 times a second.
class Pages {
 public:
  explicit Pages(bool with_chief) {
    if (!with_chief) return;
    EXPECT_TRUE(conductor_.register_chief(std::make_unique<UIChief>(UIChief::Options{}, viewers)));
  }

  void run(std::chrono::nanoseconds time) {
    for (std::chrono::nanoseconds passed{0}; passed < time; passed += 50ms) {
      for (const std::string& component : kComponents) viewers.publish(component);
      viewers.run_for(50ms);
      if (++beats_ % 2 == 0) conductor_.tick(beats_ / 2);
    }
  }

  void tick(int64_t at) { conductor_.tick(at); }

  /// Names of the actions that were taken, but for waiting.
  std::set<std::string> actions;

  FakeClock clock;
  SimulatedViewers viewers{clock};

 private:
  Status note(const thunderbolt::ChiefStep& step) {
    static constexpr const char* kNames[] = {"throttle_updates", "flush_stale",
                                             "prioritize_component", "prune_offscreen",
                                             "prefetch_data", "wait"};
    for (const float value : step.state) EXPECT_TRUE(value >= 0.0f && value <= 1.0f) << value;
    if (step.action != 5) actions.insert(kNames[step.action]);
    return {};
  }

  int64_t beats_ = 0;
  Conductor conductor_{{}, [this](const thunderbolt::ChiefStep& step) { return note(step); }};
};

TEST(UIChief, KeepsSlowViewersFreshWhoWouldLagBySeconds) {
  double latency[2];
  double focus[2];
  for (const bool with_chief : {false, true}) {
    Pages pages(with_chief);
    const uint64_t slow = pages.viewers.connect(line(4));
    pages.run(120s);
    const auto& delivered = pages.viewers.delivered(slow);
    ASSERT_GT(delivered.latency_ms.size(), 100u);
    latency[with_chief] = quantile(delivered.latency_ms, 0.95);
    focus[with_chief] = quantile(delivered.focus_latency_ms, 0.95);
  }
  EXPECT_GT(latency[0], 2'500) << "a full queue is 3.2 s of updates";
  EXPECT_LT(latency[1], 500);
  EXPECT_LT(focus[1], 400);
}

TEST(UIChief, LeavesAFastViewerAloneWhateverTheSlowOnesNeed) {
  Pages pages(true);
  const uint64_t fast = pages.viewers.connect(line(1000));
  for (int i = 0; i < 20; ++i) pages.viewers.connect(line(3));
  pages.run(20s);
  for (const Viewer& viewer : pages.viewers.viewers()) {
    if (viewer.id != fast) continue;
    EXPECT_EQ(viewer.interval.count(), 0);
    EXPECT_FALSE(viewer.pruned);
  }
  EXPECT_GE(pages.viewers.delivered(fast).latency_ms.size(), 790u) << "every update on its screen";
}

TEST(UIChief, TakesEveryActionUnderPressureAndEndsThemWhenItIsOver) {
  Pages pages(true);
  const uint64_t slow = pages.viewers.connect(line(4));
  pages.run(20s);
  const Viewer pressed = pages.viewers.viewers().front();
  EXPECT_GT(pressed.interval.count(), 0);
  EXPECT_TRUE(pressed.pruned);
  EXPECT_EQ(pressed.prioritized, "bits");
  EXPECT_EQ(pages.actions, (std::set<std::string>{"throttle_updates", "flush_stale",
                                                  "prioritize_component", "prune_offscreen"}));
  // The line is quiet now: the updates stop.
  for (int64_t tick = 1000; tick < 1100; ++tick) {
    pages.viewers.run_for(100ms);
    pages.tick(tick);
  }
  const Viewer calm = pages.viewers.viewers().front();
  EXPECT_EQ(calm.interval.count(), 0);
  EXPECT_FALSE(calm.pruned);
  EXPECT_TRUE(pages.viewers.prefetched(slow).contains("trials"));
}

TEST(UIChief, FollowsTheFocusOfALateViewer) {
  Pages pages(true);
  const uint64_t slow = pages.viewers.connect(line(2));
  pages.run(5s);
  EXPECT_EQ(pages.viewers.viewers().front().prioritized, "bits");
  pages.viewers.look_at(slow, "agents");
  pages.run(5s);
  EXPECT_EQ(pages.viewers.viewers().front().prioritized, "agents");
}

TEST(UIChief, SendsAheadWhatAnIdleViewerWillOpenOnce) {
  Pages pages(true);
  const uint64_t idle = pages.viewers.connect({1000, {"bits"}, "bits", "history"});
  pages.run(3s);
  EXPECT_EQ(pages.viewers.prefetched(idle), std::set<std::string>{"history"});
  EXPECT_EQ(pages.actions, std::set<std::string>{"prefetch_data"});
}

TEST(UIChief, WaitsWhenNobodyLooks) {
  Pages pages(true);
  pages.run(2s);
  EXPECT_TRUE(pages.actions.empty());
}

}  // namespace
}  // namespace thunderline::thunderchief
