// What the loop monitor costs a tick: at most a millisecond on average is wanted.

#include <benchmark/benchmark.h>

#include <vector>

#include "thunderline/thunderbolt/ml/observables/loop_monitor.h"

namespace thunderline::thunderbolt {
namespace {

void monitor_tick(benchmark::State& state) {
  LoopMonitor monitor = *LoopMonitor::create({});
  Random random(1);
  std::vector<float> scores(static_cast<size_t>(state.range(0)));
  const auto add = [&] {
    for (float& score : scores) score = static_cast<float>(random.unit());
    LoopTick tick;
    tick.scores = scores;
    tick.mean_score = random.normal();
    tick.reward = random.normal();
    tick.waiting = random.normal();
    tick.energy = random.normal();
    benchmark::DoNotOptimize(monitor.add(tick));
  };
  for (int i = 0; i < 255; ++i) add();
  for (auto _ : state) add();
}
// A multiple of 32 ticks, so that every refresh of the bands is paid for.
BENCHMARK(monitor_tick)->Arg(64)->Arg(1024)->Iterations(960)->Unit(benchmark::kMicrosecond);

void rosenstein_window(benchmark::State& state) {
  Random random(1);
  std::vector<double> series(256);
  for (double& value : series) value = random.normal();
  for (auto _ : state) benchmark::DoNotOptimize(rosenstein(series, {}));
}
BENCHMARK(rosenstein_window)->Unit(benchmark::kMicrosecond);

void plv_surrogate(benchmark::State& state) {
  Random random(1);
  const Fft plan(256);
  std::vector<double> series(256);
  for (double& value : series) value = random.normal();
  const AnalyticWindow window = *AnalyticWindow::create(plan, series);
  for (auto _ : state) benchmark::DoNotOptimize(unit_phasors(window.surrogate(random)));
}
BENCHMARK(plv_surrogate)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace thunderline::thunderbolt
