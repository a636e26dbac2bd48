#include "thunderline/thunderbit/persistent_map.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <vector>

#include "thunderline/base/random.h"

namespace thunderline::thunderbit {
namespace {

struct Spread {
  size_t operator()(int key) const { return derive_seed(static_cast<uint64_t>(key), 0); }
};
struct AllAlike {
  size_t operator()(int) const { return 42; }
};
using Map = PersistentMap<int, int, Spread>;

TEST(PersistentMap, FindsEveryKeyAmongMany) {
  Map map;
  for (int i = 0; i < 20'000; ++i) map.set(i, -i);
  EXPECT_EQ(map.size(), 20'000u);
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_NE(map.find(i), nullptr);
    ASSERT_EQ(*map.find(i), -i);
  }
  EXPECT_EQ(map.find(20'000), nullptr);
}

TEST(PersistentMap, KeepsKeysOfEqualHashApart) {
  PersistentMap<int, int, AllAlike> map;
  for (int i = 0; i < 100; ++i) map.set(i, i);
  EXPECT_EQ(map.size(), 100u);
  EXPECT_EQ(*map.find(99), 99);
  EXPECT_EQ(map.find(100), nullptr);
}

TEST(PersistentMap, BehavesAsAMapUnderAnyChanges) {
  EXPECT_TRUE(rc::check([](const std::vector<std::pair<int, int>>& changes) {
    Map map;
    std::map<int, int> model;
    std::vector<std::pair<Map, std::map<int, int>>> snapshots;
    for (const auto& [key, value] : changes) {
      map.set(key, value);
      model[key] = value;
      snapshots.emplace_back(map, model);
    }
    for (const auto& [snapshot, expected] : snapshots) {
      RC_ASSERT(snapshot.size() == expected.size());
      for (const auto& [key, value] : model) {
        const int* found = snapshot.find(key);
        const auto wanted = expected.find(key);
        RC_ASSERT((found == nullptr) == (wanted == expected.end()));
        if (found != nullptr) RC_ASSERT(*found == wanted->second);
      }
    }
  }));
}

}  // namespace
}  // namespace thunderline::thunderbit
