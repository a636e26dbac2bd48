#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "thunderline/thunderflow/metrics.h"

namespace thunderline::thunderflow {
namespace {

TEST(MetricsConcurrency, LosesNoIncrementWhileOthersRender) {
  constexpr int kThreads = 4;
  constexpr int kTimes = 2'000;
  MetricsRegistry registry({.max_series = 3});
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const auto counter = *registry.counter("c_total", "C.");
      const auto gauge = *registry.gauge("g", "G.");
      const auto histogram = *registry.histogram("h", "H.", {0.5});
      for (int i = 0; i < kTimes; ++i) {
        counter->increment();
        gauge->add(1);
        histogram->observe(i % 2);
        if (i % 500 == 0) {
          (*registry.counter("labelled_total", "L.", {{"t", std::to_string(t * i)}}))->increment();
          EXPECT_TRUE(registry.render().ends_with("\n"));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ((*registry.counter("c_total", "C."))->value(), uint64_t{kThreads} * kTimes);
  EXPECT_EQ((*registry.gauge("g", "G."))->value(), kThreads * kTimes);
  EXPECT_EQ((*registry.histogram("h", "H.", {0.5}))->counts(),
            (std::vector<uint64_t>{kThreads * kTimes / 2, kThreads * kTimes / 2}));
  EXPECT_EQ((*registry.histogram("h", "H.", {0.5}))->sum(), kThreads * kTimes / 2.0);
}

}  // namespace
}  // namespace thunderline::thunderflow
