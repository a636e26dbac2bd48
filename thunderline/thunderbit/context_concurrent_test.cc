#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/thunderbits.h"

namespace thunderline::thunderbit {
namespace {

using testing::Field;

/// Energy of active bits, by hand.
double energy_of(const Context& context) {
  double energy = 0;
  for (const Bit& bit : context.bits()) {
    if (bit.status == BitStatus::kActive) energy += bit.energy;
  }
  return energy;
}

TEST(Context, IsReadByOtherThreadsWhileVerbsMakeNewOnes) {
  Field field;
  std::mutex mutex;
  Context published;  // guarded by mutex
  std::atomic<bool> done = false;
  std::atomic<int> inconsistent = 0;
  const auto read = [&] {
    while (!done) {
      Context snapshot;
      {
        const std::lock_guard lock(mutex);
        snapshot = published;
      }
      if (std::abs(energy_of(snapshot) - snapshot.total_energy()) > 1e-9) ++inconsistent;
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back(read);
  SpawnAttrs attrs;
  attrs.status = BitStatus::kActive;
  attrs.energy = 0.5f;
  attrs.owner = "shared by all";
  for (int i = 0; i < 300; ++i) {
    const BitRef bit = field.spawn(Category::kSensory, attrs);
    if (i % 3 == 0) field.retire(bit);
    if (i % 5 == 0) {
      const ScoreUpdate update{field.context.ref_at(0), Score::of(0.5f, 1, "wait", "v1")};
      auto scored = Protocol::mutate_scores(std::move(field.context), std::span(&update, 1));
      if (scored) field.context = std::move(*scored);
    }
    const std::lock_guard lock(mutex);
    published = field.context;
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(inconsistent, 0);
  EXPECT_EQ(published.active_count(), 200u);
}

TEST(Context, VersionsOfOneContextAreChangedByDifferentThreads) {
  Field field;
  for (int i = 0; i < 200; ++i) field.spawn(Category::kCognitive);
  std::vector<std::thread> threads;
  std::vector<Context> results(4);
  for (size_t t = 0; t < results.size(); ++t) {
    threads.emplace_back([t, &results, own = field.context]() mutable {
      BitChanges changes;
      changes.energy = static_cast<float>(t) / 8;
      for (size_t i = 0; i < own.size(); ++i) {
        own = Protocol::mutate(std::move(own), own.ref_at(i), changes).value().context;
      }
      results[t] = std::move(own);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t t = 0; t < results.size(); ++t) {
    for (const Bit& bit : results[t].bits()) {
      ASSERT_FLOAT_EQ(bit.energy, static_cast<float>(t) / 8);
    }
  }
  for (const Bit& bit : field.context.bits()) ASSERT_FLOAT_EQ(bit.energy, 1);
}

}  // namespace
}  // namespace thunderline::thunderbit
