#include "thunderline/thunderbolt/training/step_index.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/trajectory_test_data.h"

namespace thunderline::thunderbolt {
namespace {

TEST(StepIndex, FindsWhatWasInserted) {
  StepIndex index;
  index.insert(test_id(1), 10, false);
  index.insert(test_id(2), 11, true);
  EXPECT_EQ(index.find(test_id(1))->sequence, 10u);
  EXPECT_FALSE(index.find(test_id(1))->closed);
  EXPECT_TRUE(index.find(test_id(2))->closed);
  EXPECT_FALSE(index.find(test_id(3)));
  EXPECT_EQ(index.open_steps(), 1u);
  index.close(test_id(1));
  index.close(test_id(1));
  EXPECT_EQ(index.open_steps(), 0u);
}

TEST(StepIndex, TakesAtMost64BytesAStep) {
  StepIndex index;
  for (uint64_t i = 1; i <= 100'000; ++i) {
    index.insert(test_id(i), i, false);
    ASSERT_TRUE(i < 1000 || index.size_bytes() <= 64 * i) << i;
  }
}

TEST(StepIndex, ForgetsOldSteps) {
  StepIndex index;
  for (uint64_t i = 1; i <= 1000; ++i) index.insert(test_id(i), i, i % 2 == 0);
  index.forget_before(501);
  EXPECT_EQ(index.size(), 500u);
  EXPECT_EQ(index.open_steps(), 250u);
  EXPECT_FALSE(index.find(test_id(500)));
  EXPECT_EQ(index.find(test_id(501))->sequence, 501u);
}

TEST(StepIndex, AgreesWithAMapUnderRandomChanges) {
  StepIndex index;
  std::map<uint64_t, uint64_t> expected;
  Random random(7);
  for (uint64_t sequence = 1; sequence <= 30'000; ++sequence) {
    const uint64_t number = 1 + random.below(700);  // Crowded: the table keeps 1,024 slots.
    if (expected.contains(number)) {
      index.erase(test_id(number));
      expected.erase(number);
    } else {
      index.insert(test_id(number), sequence, false);
      expected[number] = sequence;
    }
  }
  ASSERT_EQ(index.size(), expected.size());
  for (uint64_t number = 1; number <= 700; ++number) {
    const auto entry = index.find(test_id(number));
    ASSERT_EQ(entry.has_value(), expected.contains(number));
    EXPECT_EQ(entry ? entry->sequence : 0, entry ? expected[number] : 0);
  }
}

}  // namespace
}  // namespace thunderline::thunderbolt
