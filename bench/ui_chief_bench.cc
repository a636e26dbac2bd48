// What UIChief is worth: how old the updates on the screens of 200 slow viewers are when they come,
// with the chief (1) and without (0), in simulated time; and what a tick of the chief costs.

#include <benchmark/benchmark.h>

#include "tests/support/simulated_viewers.h"
#include "thunderline/thunderchief/conductor.h"
#include "thunderline/thunderchief/ui/ui_chief.h"

namespace thunderline::thunderchief {
namespace {

using namespace std::chrono_literals;

constexpr int kViewers = 200;

void slow_viewers(benchmark::State& state) {
  std::vector<double> latency;
  for (auto _ : state) {
    testing::FakeClock clock;
    testing::SimulatedViewers viewers(clock);
    std::vector<uint64_t> ids;
    for (int i = 0; i < kViewers; ++i) {
      ids.push_back(viewers.connect({2.0 + i % 9, {"bits", "loss"}, "bits", "trials"}));
    }
    Conductor conductor({}, [](const thunderbolt::ChiefStep&) { return Status{}; });
    if (state.range(0) != 0) {
      (void)conductor.register_chief(std::make_unique<UIChief>(UIChief::Options{}, viewers));
    }
    for (int64_t tick = 0; tick < 600; ++tick) {
      for (int half = 0; half < 2; ++half) {
        for (const char* component : {"bits", "loss", "trials", "agents"}) {
          viewers.publish(component);
        }
        viewers.run_for(50ms);
      }
      conductor.tick(tick);
    }
    latency.clear();
    for (const uint64_t id : ids) {
      const auto& seen = viewers.delivered(id).latency_ms;
      latency.insert(latency.end(), seen.begin(), seen.end());
    }
  }
  state.counters["p50_ms"] = testing::quantile(latency, 0.50);
  state.counters["p99_ms"] = testing::quantile(latency, 0.99);
}
BENCHMARK(slow_viewers)->Arg(0)->Arg(1)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace thunderline::thunderchief
