// Random message orders, losses, duplicates, crashes and restarts of the orchestrator's machines,
// against what they promise. A schedule is decided by its seed alone.
//   THUNDERLINE_SCHEDULES=n  how many on the memory store
//   THUNDERLINE_SEED=s       runs the one schedule of that seed, as a failure printed it

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/temp_folder.h"
#include "tests/support/protocol_world.h"

namespace thunderline::thunderchief::protocol {
namespace {

constexpr uint64_t kFirstSeed = 1;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kSchedules = 2'000;
#elif defined(THUNDERLINE_ALL_SCHEDULES)
constexpr uint64_t kSchedules = 100'000;
#else
constexpr uint64_t kSchedules = 5'000;
#endif

uint64_t number_of(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string run_one(uint64_t seed, RequestStore& store, ProtocolCounts& counts) {
  ProtocolWorld world(seed, store);
  world.run();
  counts.add(world.counts());
  return world.fault();
}

TEST(ProtocolModel, KeepsItsPromisesUnderRandomSchedulesOnTheMemoryStore) {
  const uint64_t only = number_of("THUNDERLINE_SEED", 0);
  const uint64_t first = only == 0 ? kFirstSeed : only;
  const uint64_t count = only == 0 ? number_of("THUNDERLINE_SCHEDULES", kSchedules) : 1;
  ProtocolCounts counts;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    MemoryRequestStore store;
    ASSERT_EQ(run_one(seed, store, counts), "") << "run again with THUNDERLINE_SEED=" << seed;
  }
  std::printf("%s\n", counts.to_string().c_str());
  if (count < 100) return;
  // The schedules are worth something only if they go everywhere.
  EXPECT_GT(counts.crashes, 0u);
  EXPECT_GT(counts.lost, 0u);
  EXPECT_GT(counts.duplicated, 0u);
  EXPECT_GT(counts.rollbacks_done, 0u);
  for (const Phase end : {Phase::kDone, Phase::kRefused, Phase::kFailed, Phase::kCancelled}) {
    EXPECT_GT(counts.ends[end], 0u) << phase_name(end);
  }
}

TEST(ProtocolModel, KeepsItsPromisesOnSqlite) {
  const testing::TempFolder folder;
  ProtocolCounts counts;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    auto store = SqliteRequestStore::open(folder.path() + "/" + std::to_string(seed) + ".db");
    ASSERT_TRUE(store) << to_string(store.error());
    ASSERT_EQ(run_one(seed, **store, counts), "") << "seed " << seed;
  }
  EXPECT_GT(counts.ends[Phase::kDone], 0u);
}

TEST(ProtocolModel, ASeedDecidesTheWholeSchedule) {
  MemoryRequestStore first, second;
  ProtocolCounts one, two;
  ASSERT_EQ(run_one(7, first, one), "");
  ASSERT_EQ(run_one(7, second, two), "");
  EXPECT_EQ(one.to_string(), two.to_string());
  EXPECT_EQ(first.load().value(), second.load().value());
}

}  // namespace
}  // namespace thunderline::thunderchief::protocol
