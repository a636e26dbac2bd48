// The verbs over fields of 1k, 100k and 1M bits, and what a bit costs in memory.

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <utility>
#include <vector>

#include "thunderline/thunderbit/protocol.h"

namespace thunderline::thunderbit {
namespace {

SpawnAttrs attrs_of(const Uuid& id) {
  static const SharedText owner = "bench", kind = "mail";
  SpawnAttrs attrs;
  attrs.id = id;
  attrs.owner = owner;
  attrs.kind = kind;
  attrs.channels.count = kMaxChannels;
  return attrs;
}

/// Chains of four, as a mail makes them: sensory, perceptual, cognitive, motor.
Context field_of(size_t bits) {
  constexpr Category kChain[] = {Category::kSensory, Category::kPerceptual, Category::kCognitive,
                                 Category::kMotor};
  constexpr Relation kLinks[] = {Relation::kFeeds, Relation::kFeeds, Relation::kTriggers};
  UuidGenerator ids(1);
  Context context;
  BitRef last;
  for (size_t i = 0; i < bits; ++i) {
    auto spawned = Protocol::spawn(std::move(context), kChain[i % 4], attrs_of(ids.next(1)));
    context = std::move(spawned.value().context);
    if (i % 4 != 0) {
      context =
          Protocol::link(std::move(context), last, spawned->bit, kLinks[i % 4 - 1]).value();
    }
    last = spawned->bit;
  }
  return context;
}

/// Fields are built once a size.
const Context& shared_field(int64_t bits) {
  static std::vector<std::pair<int64_t, Context>> fields;
  for (const auto& [size, field] : fields) {
    if (size == bits) return field;
  }
  return fields.emplace_back(bits, field_of(static_cast<size_t>(bits))).second;
}

std::vector<ScoreUpdate> scores_for(const Context& context) {
  const Score score = Score::of(0.5f, 1, "deliver", "v1");
  std::vector<ScoreUpdate> updates;
  for (size_t i = 0; i < context.size(); ++i) updates.push_back({context.ref_at(i), score});
  return updates;
}

/// A field whose bits nobody shares, so that no benchmark pays for their first copy.
Context own_field(int64_t bits) {
  const Context& shared = shared_field(bits);
  return Protocol::mutate_scores(shared, scores_for(shared)).value();
}

/// Rises through the slots with a stride that no cache line foresees.
size_t next_slot(size_t slot, size_t size) { return (slot + 7919) % size; }

void BM_Spawn(benchmark::State& state) {
  UuidGenerator ids(2);
  for (auto _ : state) {
    state.PauseTiming();
    Context context;
    std::vector<Uuid> fresh;
    for (int64_t i = 0; i < state.range(0); ++i) fresh.push_back(ids.next(1));
    state.ResumeTiming();
    for (const Uuid& id : fresh) {
      context =
          std::move(Protocol::spawn(std::move(context), Category::kSensory, attrs_of(id))->context);
    }
    state.PauseTiming();
    context = Context();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void BM_StepById(benchmark::State& state) {
  Context context = own_field(state.range(0));
  StepEvent event;
  event.name = "event";
  size_t slot = 0;
  for (auto _ : state) {
    slot = next_slot(slot, context.size());
    const Uuid id = context.bits().at(slot).id;
    context = std::move(Protocol::step(std::move(context), id, event)->context);
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_Mutate(benchmark::State& state) {
  Context context = own_field(state.range(0));
  BitChanges changes;
  changes.energy = 0.5f;
  size_t slot = 0;
  for (auto _ : state) {
    slot = next_slot(slot, context.size());
    const BitRef ref = context.ref_at(slot);
    context = std::move(Protocol::mutate(std::move(context), ref, changes)->context);
  }
  state.SetItemsProcessed(state.iterations());
}

/// A tick: every bit scored, nobody holding the context before.
void BM_MutateScoresInPlace(benchmark::State& state) {
  Context context = own_field(state.range(0));
  const std::vector<ScoreUpdate> updates = scores_for(context);
  for (auto _ : state) {
    context = std::move(*Protocol::mutate_scores(std::move(context), updates));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

/// The same while a viewer holds the context before, so that every chunk is copied.
void BM_MutateScoresBesideASnapshot(benchmark::State& state) {
  Context context = own_field(state.range(0));
  const std::vector<ScoreUpdate> updates = scores_for(context);
  for (auto _ : state) {
    const Context snapshot = context;
    context = std::move(*Protocol::mutate_scores(std::move(context), updates));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void BM_Query(benchmark::State& state) {
  const Context& context = shared_field(state.range(0));
  size_t slot = 0;
  for (auto _ : state) {
    slot = next_slot(slot, context.size());
    benchmark::DoNotOptimize(Protocol::query(context, context.bits().at(slot).id, "energy"));
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_Copy(benchmark::State& state) {
  const Context& context = shared_field(state.range(0));
  for (auto _ : state) {
    Context copy = context;
    benchmark::DoNotOptimize(copy);
  }
}

void BM_IterateBits(benchmark::State& state) {
  const Context& context = shared_field(state.range(0));
  for (auto _ : state) {
    double energy = 0;
    for (const Bit& bit : context.bits()) energy += bit.energy;
    benchmark::DoNotOptimize(energy);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

/// Heap bytes of a field of chains of four, links and indices included.
void BM_Memory(benchmark::State& state) {
  const auto heap_bytes = [] {
    const struct mallinfo2 info = mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd);
  };
  for (auto _ : state) {
    const double before = heap_bytes();
    const Context context = field_of(static_cast<size_t>(state.range(0)));
    const double used = heap_bytes() - before;
    state.counters["MiB"] = used / (1 << 20);
    state.counters["bytes_per_bit"] = used / static_cast<double>(state.range(0));
  }
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->Arg(1'000)->Arg(100'000)->Arg(1'000'000);
}

BENCHMARK(BM_Memory)->Arg(1'000'000)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Spawn)->Apply(sizes)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_StepById)->Apply(sizes);
BENCHMARK(BM_Mutate)->Apply(sizes);
BENCHMARK(BM_MutateScoresInPlace)->Apply(sizes)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_MutateScoresBesideASnapshot)->Apply(sizes)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Query)->Apply(sizes);
BENCHMARK(BM_Copy)->Apply(sizes);
BENCHMARK(BM_IterateBits)->Apply(sizes);

}  // namespace
}  // namespace thunderline::thunderbit
