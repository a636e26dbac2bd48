#include "thunderline/thunderbit/chunked_vector.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <memory>
#include <vector>

namespace thunderline::thunderbit {
namespace {

using Vector = ChunkedVector<int, 2>;

Vector counting(int n) {
  Vector vector;
  for (int i = 0; i < n; ++i) vector.push_back(i);
  return vector;
}

TEST(ChunkedVector, HoldsWhatWasPushedOverSeveralLevels) {
  const int n = 4 * 32 * 32 + 5;
  const Vector vector = counting(n);
  ASSERT_EQ(vector.size(), static_cast<size_t>(n));
  int expected = 0;
  for (const int value : vector) ASSERT_EQ(value, expected++);
  EXPECT_EQ(expected, n);
  EXPECT_EQ(vector.at(n - 1), n - 1);
}

TEST(ChunkedVector, WritesToACopyLeaveTheOriginal) {
  const Vector original = counting(1000);
  Vector copy = original;
  copy.write(17) = -1;
  copy.push_back(1000);
  EXPECT_EQ(original.at(17), 17);
  EXPECT_EQ(original.size(), 1000u);
  EXPECT_EQ(copy.at(17), -1);
  EXPECT_EQ(copy.at(999), 999);
  EXPECT_FALSE(copy == original);
}

TEST(ChunkedVector, WritesInPlaceWhatItAloneOwns) {
  Vector vector = counting(100);
  const int* before = &vector.at(50);
  vector.write(50) = 7;
  EXPECT_EQ(&vector.at(50), before);
  const Vector snapshot = vector;
  vector.write(50) = 8;
  EXPECT_NE(&vector.at(50), before);
  EXPECT_EQ(&snapshot.at(50), before);
  EXPECT_EQ(&snapshot.at(99), &vector.at(99)) << "a leaf that was not written stays shared";
}

TEST(ChunkedVector, FreesEveryElementOnce) {
  const auto watched = std::make_shared<int>(1);
  {
    ChunkedVector<std::shared_ptr<int>, 1> vector;
    for (int i = 0; i < 100; ++i) vector.push_back(watched);
    auto copy = vector;
    copy.write(3) = nullptr;
    EXPECT_EQ(watched.use_count(), 1 + 100 + 1) << "one leaf of two was copied, one of it cleared";
  }
  EXPECT_EQ(watched.use_count(), 1);
}

TEST(ChunkedVector, BehavesAsAVectorUnderAnyChanges) {
  EXPECT_TRUE(rc::check([](const std::vector<std::pair<unsigned, int>>& changes) {
    Vector vector;
    std::vector<int> model;
    std::vector<std::pair<Vector, std::vector<int>>> snapshots;
    for (const auto& [where, value] : changes) {
      if (where % 3 == 0 || model.empty()) {
        vector.push_back(value);
        model.push_back(value);
      } else {
        vector.write(where % model.size()) = value;
        model[where % model.size()] = value;
      }
      if (where % 5 == 0) snapshots.emplace_back(vector, model);
    }
    for (const auto& [snapshot, expected] : snapshots) {
      RC_ASSERT(std::vector<int>(snapshot.begin(), snapshot.end()) == expected);
    }
    Vector::Reader reader(vector);
    for (size_t i = 0; i < model.size(); ++i) RC_ASSERT(reader.at(i) == model[i]);
  }));
}

}  // namespace
}  // namespace thunderline::thunderbit
