// Rows of 40 features a second, on one core, from fields of chains of four.

#include <benchmark/benchmark.h>

#include <string>
#include <utility>
#include <vector>

#include "thunderline/thunderbit/protocol.h"
#include "thunderline/thunderbolt/training/feature_extractor.h"

namespace thunderline::thunderbolt {
namespace {

using namespace thunderbit;

Context field_of(size_t bits) {
  constexpr Category kChain[] = {Category::kSensory, Category::kPerceptual, Category::kCognitive,
                                 Category::kMotor};
  constexpr Relation kLinks[] = {Relation::kFeeds, Relation::kFeeds, Relation::kTriggers};
  const SharedText content = std::string(2000, 'x');
  UuidGenerator ids(1);
  Context context;
  BitRef last;
  for (size_t i = 0; i < bits; ++i) {
    SpawnAttrs attrs;
    attrs.id = ids.next(1);
    if (i % 4 == 0) attrs.content = content;
    attrs.channels.count = kMaxChannels;
    attrs.channels.values.fill(0.5f);
    auto spawned = Protocol::spawn(std::move(context), kChain[i % 4], std::move(attrs));
    context = std::move(spawned.value().context);
    if (i % 4 != 0) {
      context =
          Protocol::link(std::move(context), last, spawned->bit, kLinks[i % 4 - 1]).value();
    }
    last = spawned->bit;
  }
  return context;
}

/// Every `stride`-th bit of the field: 1 is all, 4 one kind of each chain (what a tick scores).
void BM_ExtractBatch(benchmark::State& state) {
  const Context context = field_of(static_cast<size_t>(state.range(0)));
  const auto extractor = FeatureExtractor::create(FeatureSchema::v1({}).value()).value();
  std::vector<BitRef> refs;
  const auto stride = static_cast<size_t>(state.range(1));
  for (size_t i = stride / 2; i < context.size(); i += stride) refs.push_back(context.ref_at(i));
  std::vector<float> rows(refs.size() * kFeatureCount);
  for (auto _ : state) {
    benchmark::DoNotOptimize(extractor.extract_batch(context, refs, rows));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(refs.size()));
}
BENCHMARK(BM_ExtractBatch)
    ->ArgNames({"bits", "stride"})
    ->ArgsProduct({{1'000, 100'000, 1'000'000}, {1, 4}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace thunderline::thunderbolt
