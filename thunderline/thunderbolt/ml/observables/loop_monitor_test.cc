#include "thunderline/thunderbolt/ml/observables/loop_monitor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <string>

namespace thunderline::thunderbolt {
namespace {

LoopMonitor make(LoopMonitor::Options options = {}) {
  auto monitor = LoopMonitor::create(options);
  EXPECT_TRUE(monitor) << to_string(monitor.error());
  return *std::move(monitor);
}

/// A tick of independent noise, with scores of every size.
LoopTick noisy_tick(Random& random, std::vector<float>& scores) {
  scores.resize(4);
  for (float& score : scores) score = static_cast<float>(random.unit());
  LoopTick tick;
  tick.scores = scores;
  tick.mean_score = random.normal();
  tick.reward = random.normal();
  tick.waiting = random.normal();
  tick.energy = random.normal();
  return tick;
}

using Shape = std::function<void(int, LoopTick&)>;

/// Feeds `ticks` noisy ticks that `shape` may change, and counts the alerts after the first bands.
struct Count {
  int ticks = 0;
  int locked = 0;
  int degenerate = 0;
  int chaotic = 0;
};
Count feed(LoopMonitor& monitor, int ticks, Random& random, const Shape& shape) {
  Count count;
  std::vector<float> scores;
  for (int i = 0; i < ticks; ++i) {
    LoopTick tick = noisy_tick(random, scores);
    shape(i, tick);
    const auto reading = monitor.add(tick);
    EXPECT_TRUE(reading);
    if (!reading->plv_band || !reading->lambda_band) continue;
    ++count.ticks;
    count.locked += reading->alerts.locked;
    count.degenerate += reading->alerts.degenerate;
    count.chaotic += reading->alerts.chaotic;
  }
  return count;
}

TEST(LoopMonitor, SaysNothingBeforeThereIsEnoughData) {
  LoopMonitor monitor = make();
  Random random(1);
  std::vector<float> scores;
  for (uint64_t tick = 1; tick <= 256; ++tick) {
    const auto reading = monitor.add(noisy_tick(random, scores));
    ASSERT_TRUE(reading);
    EXPECT_EQ(reading->tick, tick);
    EXPECT_EQ(reading->observables.plv.has_value(), tick >= 32);
    EXPECT_EQ(reading->observables.lambda.has_value(), tick >= 128);
    EXPECT_EQ(reading->plv_band.has_value(), tick >= 32);
    EXPECT_EQ(reading->pair_band.has_value(), tick >= 32);
    EXPECT_EQ(reading->lambda_band.has_value(), tick >= 128);
    EXPECT_EQ(reading->observables.entropy.has_value(), tick >= 32);  // Four scores a tick.
    EXPECT_EQ(reading->observables.sigma.has_value(), tick >= 128);
  }
}

TEST(LoopMonitor, NoiseLooksChaoticButRaisesNoAlert) {
  LoopMonitor monitor = make();
  Random random(2);
  const Count count = feed(monitor, 1'200, random, [](int, LoopTick&) {});
  EXPECT_GT(*monitor.latest().observables.lambda, 0.1);
  EXPECT_LT(*monitor.latest().observables.plv, 0.3);
  EXPECT_EQ(count.locked, 0);
  EXPECT_EQ(count.degenerate, 0);
  EXPECT_EQ(count.chaotic, 0);
}

TEST(LoopMonitor, SkewedNoiseRaisesNoAlertEither) {
  // Means of a few scores near 0 or 1: against Gaussian surrogates their shape would pass for chaos.
  LoopMonitor monitor = make();
  Random random(12);
  const Count count = feed(monitor, 1'200, random, [&](int, LoopTick& tick) {
    tick.mean_score = std::pow(random.unit(), 6.0);
  });
  EXPECT_EQ(count.chaotic, 0);
}

TEST(LoopMonitor, ALoopIsSeriesThatMoveAsOne) {
  LoopMonitor monitor = make();
  Random random(3);
  const Count count = feed(monitor, 400, random, [](int, LoopTick& tick) {
    const double common = tick.mean_score;
    tick.reward = 2.0 * common + 0.05 * tick.reward;
    tick.waiting = common + 0.05 * tick.waiting;
    tick.energy = -common + 0.05 * tick.energy;
  });
  EXPECT_GT(*monitor.latest().observables.plv, 0.9);
  EXPECT_EQ(count.locked, count.ticks);
  ASSERT_EQ(monitor.standing().size(), 1u);
  EXPECT_EQ(monitor.standing()[0].kind, LoopAlertKind::kLocked);
  EXPECT_EQ(monitor.standing()[0].tick, 39u);
  EXPECT_GT(monitor.standing()[0].value, monitor.standing()[0].band->high);
}

TEST(LoopMonitor, OnePairWithTheScoreIsALoopTooButNotOneWithout) {
  LoopMonitor with = make();
  LoopMonitor without = make();
  Random random_a(13), random_b(13);
  const Count locked = feed(with, 160, random_a, [](int, LoopTick& tick) {
    tick.mean_score = tick.waiting;
  });
  const Count free = feed(without, 160, random_b, [](int, LoopTick& tick) {
    tick.energy = -tick.waiting;
  });
  EXPECT_GT(locked.locked, 0);
  ASSERT_EQ(with.standing().size(), 1u);
  EXPECT_EQ(with.standing()[0].what, "plv score-waiting");
  EXPECT_NEAR(*with.latest().pairs[1], 1.0, 1e-9);
  EXPECT_EQ(free.locked, 0);
  EXPECT_NEAR(*without.latest().pairs[5], 1.0, 1e-9);
}

TEST(LoopMonitor, AnAlertIsRaisedOnceAndEndsWithItsCause) {
  LoopMonitor monitor = make();
  Random random(14);
  const std::vector<float> same(4, 0.55f);
  std::vector<float> scores;
  int raised = 0;
  for (int i = 0; i < 400; ++i) {
    LoopTick tick = noisy_tick(random, scores);
    if (i < 200) tick.scores = same;
    raised += static_cast<int>(monitor.add(tick)->raised.size());
    if (i == 199) {
      ASSERT_EQ(monitor.standing().size(), 1u);
      EXPECT_EQ(monitor.standing()[0].what, "entropy");
      EXPECT_EQ(monitor.standing()[0].tick, 32u);
    }
  }
  EXPECT_TRUE(monitor.standing().empty());
  EXPECT_EQ(raised, 2) << "the collapse, and by sigma the return to a spread";
}

TEST(LoopMonitor, ForgetsAScorerThatIsReplaced) {
  LoopMonitor monitor = make();
  Random random(15);
  const std::vector<float> same(4, 0.55f);
  feed(monitor, 100, random, [&](int, LoopTick& tick) { tick.scores = same; });
  ASSERT_FALSE(monitor.standing().empty());
  monitor.restart();
  EXPECT_TRUE(monitor.standing().empty());
  EXPECT_EQ(monitor.latest().tick, 100u);
  feed(monitor, 31, random, [](int, LoopTick&) {});
  EXPECT_EQ(monitor.latest().tick, 131u);
  EXPECT_EQ(monitor.latest().observables.plv, std::nullopt);
  feed(monitor, 1, random, [](int, LoopTick&) {});
  EXPECT_TRUE(monitor.latest().observables.plv);
}

TEST(LoopMonitor, SumsUpARun) {
  LoopMonitor monitor = make();
  Random random(16);
  EXPECT_EQ(monitor.summary().plv.mean(), std::nullopt);
  feed(monitor, 300, random, [](int, LoopTick&) {});
  const LoopSummary& summary = monitor.summary();
  EXPECT_EQ(summary.plv.ticks, 300u - 31u);
  EXPECT_EQ(summary.sigma.ticks, 300u - 127u);
  EXPECT_EQ(summary.lambda.ticks, 300u - 127u);
  EXPECT_EQ(summary.sigma.healthy_share(), 1.0);
  EXPECT_EQ(summary.lambda.healthy_share(), 0.0);
  EXPECT_EQ(summary.plv.newest, monitor.latest().observables.plv);
  EXPECT_LT(*summary.plv.mean(), 0.3);
}

TEST(LoopMonitor, SeriesThatShareOnlyOnePureFrequencyAreNoLoop) {
  LoopMonitor monitor = make();
  Random random(4);
  const Count count = feed(monitor, 400, random, [](int i, LoopTick& tick) {
    const double angle = 2.0 * std::numbers::pi * 8.0 * i / 256.0;
    tick.mean_score = std::sin(angle);
    tick.reward = std::sin(angle + 1.0);
    tick.waiting = std::cos(angle);
    tick.energy = std::sin(angle + 2.0);
  });
  EXPECT_GT(*monitor.latest().observables.plv, 0.9);
  EXPECT_GT(monitor.latest().plv_band->low, 0.9) << "chance would do it too";
  EXPECT_EQ(count.locked, 0);
}

TEST(LoopMonitor, ChaosIsGrowthThatSurrogatesDoNotShow) {
  LoopMonitor monitor = make();
  Random random(5);
  double x = 0.3;
  const Count count = feed(monitor, 400, random, [&](int, LoopTick& tick) {
    x = 4.0 * x * (1.0 - x);
    tick.mean_score = x;
  });
  EXPECT_GT(*monitor.latest().observables.lambda, 0.1);
  EXPECT_EQ(count.chaotic, count.ticks - 47);
  EXPECT_EQ(count.locked, 0);
}

TEST(LoopMonitor, ScoresThatCollapseAreDegenerate) {
  LoopMonitor monitor = make();
  Random random(6);
  const std::vector<float> same(4, 0.55f);
  const Count before = feed(monitor, 300, random, [](int, LoopTick&) {});
  EXPECT_EQ(before.degenerate, 0);
  feed(monitor, 64, random, [&](int, LoopTick& tick) { tick.scores = same; });
  EXPECT_TRUE(monitor.latest().alerts.degenerate) << "by sigma";
  feed(monitor, 64, random, [&](int, LoopTick& tick) { tick.scores = same; });
  EXPECT_EQ(monitor.latest().observables.sigma, std::nullopt);
  EXPECT_TRUE(monitor.latest().alerts.degenerate) << "by entropy";
  feed(monitor, 128, random, [](int, LoopTick&) {});
  EXPECT_FALSE(monitor.latest().alerts.degenerate);
}

TEST(LoopMonitor, LeavesConstantSeriesOut) {
  LoopMonitor monitor = make();
  Random random(7);
  feed(monitor, 256, random, [](int, LoopTick& tick) { tick.energy = 1.0; });
  EXPECT_TRUE(monitor.latest().observables.plv);
  feed(monitor, 256, random, [](int, LoopTick& tick) {
    tick.energy = tick.waiting = tick.mean_score = 1.0;
  });
  EXPECT_EQ(monitor.latest().observables.plv, std::nullopt);
  EXPECT_EQ(monitor.latest().observables.lambda, std::nullopt);
  EXPECT_FALSE(monitor.latest().alerts.any());
}

TEST(LoopMonitor, RenewsTheBandsEvery32Ticks) {
  LoopMonitor monitor = make();
  Random random(8);
  feed(monitor, 256, random, [](int, LoopTick&) {});  // The window grows for the last time.
  double high = monitor.latest().plv_band->high;
  for (int tick = 1; tick <= 96; ++tick) {
    feed(monitor, 1, random, [](int, LoopTick&) {});
    EXPECT_EQ(monitor.latest().plv_band->high != high, tick % 32 == 0) << tick;
    high = monitor.latest().plv_band->high;
  }
}

TEST(LoopMonitor, GivesTheSameReadingsForTheSameSeed) {
  LoopMonitor first = make();
  LoopMonitor second = make();
  Random random_a(9), random_b(9);
  feed(first, 300, random_a, [](int, LoopTick&) {});
  feed(second, 300, random_b, [](int, LoopTick&) {});
  EXPECT_EQ(first.latest().observables.plv, second.latest().observables.plv);
  EXPECT_EQ(first.latest().lambda_band->high, second.latest().lambda_band->high);
}

TEST(LoopMonitor, KeepsABoundedHistory) {
  LoopMonitor::Options options;
  options.history = 10;
  LoopMonitor monitor = make(options);
  Random random(10);
  feed(monitor, 25, random, [](int, LoopTick&) {});
  ASSERT_EQ(monitor.history().size(), 10u);
  EXPECT_EQ(monitor.history().front().tick, 16u);
  EXPECT_EQ(monitor.history().back().tick, 25u);
}

TEST(LoopMonitor, RefusesATickThatIsNotNumbersAndKeepsItsState) {
  LoopMonitor monitor = make();
  LoopTick tick;
  tick.reward = std::numeric_limits<double>::quiet_NaN();
  const auto nan = monitor.add(tick);
  ASSERT_FALSE(nan);
  EXPECT_EQ(nan.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(nan.error().where, "reward");
  const std::vector<float> scores = {0.5f, 1.5f};
  LoopTick high;
  high.scores = scores;
  EXPECT_EQ(monitor.add(high).error().where, "scores[1]");
  EXPECT_EQ(monitor.latest().tick, 0u);
  EXPECT_TRUE(monitor.history().empty());
}

TEST(LoopMonitor, RefusesOptionsOutOfRange) {
  const auto where = [](auto change) {
    LoopMonitor::Options options;
    change(options);
    const auto monitor = LoopMonitor::create(options);
    return monitor ? std::string("fine") : monitor.error().where;
  };
  EXPECT_EQ(where([](auto&) {}), "fine");
  EXPECT_EQ(where([](auto& o) { o.window = 63; }), "window");
  EXPECT_EQ(where([](auto& o) { o.least_window = 15; }), "least_window");
  EXPECT_EQ(where([](auto& o) { o.least_lambda_window = 257; }), "least_lambda_window");
  EXPECT_EQ(where([](auto& o) { o.locked_ticks = 0; }), "locked_ticks");
  EXPECT_EQ(where([](auto& o) { o.chaotic_ticks = 0; }), "chaotic_ticks");
  EXPECT_EQ(where([](auto& o) { o.score_window = 9; }), "score_window");
  EXPECT_EQ(where([](auto& o) { o.surrogates = 18; }), "surrogates");
  EXPECT_EQ(where([](auto& o) { o.refresh_ticks = 0; }), "refresh_ticks");
  EXPECT_EQ(where([](auto& o) { o.history = 0; }), "history");
  LoopMonitor::Options options;
  options.rosenstein.fit_end = 300;
  EXPECT_EQ(LoopMonitor::create(options).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace thunderline::thunderbolt
