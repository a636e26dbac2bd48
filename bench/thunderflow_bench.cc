// What it costs to move a message, an event and a count.

#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "thunderline/thunderflow/actor.h"
#include "thunderline/thunderflow/event_bus.h"
#include "thunderline/thunderflow/metrics.h"

namespace thunderline::thunderflow {
namespace {

void mailbox_push_pop(benchmark::State& state) {
  Mailbox<int> mailbox(16);
  for (auto _ : state) {
    benchmark::DoNotOptimize(mailbox.push(1));
    benchmark::DoNotOptimize(mailbox.try_pop());
  }
}
BENCHMARK(mailbox_push_pop);

void bus_publish(benchmark::State& state) {
  const Topic<int> topic{"numbers"};
  const SystemClock clock;
  EventBus bus(clock);
  std::vector<Subscription<int>> subscriptions;
  for (int i = 0; i < state.range(0); ++i) subscriptions.push_back(*bus.subscribe(topic));
  for (auto _ : state) benchmark::DoNotOptimize(bus.publish(topic, 1));
}
BENCHMARK(bus_publish)->Arg(0)->Arg(1)->Arg(10)->Arg(100);

class Sink final : public Actor<int> {
 public:
  Status on_message(int number) override {
    benchmark::DoNotOptimize(number);
    return {};
  }
};

void actor_throughput(benchmark::State& state) {
  auto mailbox = std::make_shared<Mailbox<int>>(1024);
  ActorProcess<int> process(std::make_unique<Sink>(), mailbox);
  if (!process.start({})) state.SkipWithError("the actor did not start");
  for (auto _ : state) benchmark::DoNotOptimize(mailbox->push_wait(1, std::chrono::hours(1)));
  mailbox->close();
  process.join();
}
BENCHMARK(actor_throughput)->UseRealTime();

void counter_increment(benchmark::State& state) {
  static MetricsRegistry registry;
  const auto counter = *registry.counter("c_total", "C.");
  for (auto _ : state) counter->increment();
}
BENCHMARK(counter_increment)->Threads(1)->Threads(2)->UseRealTime();

}  // namespace
}  // namespace thunderline::thunderflow
