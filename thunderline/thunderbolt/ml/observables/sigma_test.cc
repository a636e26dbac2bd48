#include "thunderline/thunderbolt/ml/observables/sigma.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <limits>

#include "thunderline/base/random.h"

namespace thunderline::thunderbolt {
namespace {

/// Adds `count` scores spread evenly over the first `bins` bins.
void add_even(SigmaWindow& window, int count, int bins) {
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE(window.add((static_cast<float>(i % bins) + 0.5f) / 10.0f));
  }
}

TEST(Entropy, HasItsClosedForms) {
  EXPECT_DOUBLE_EQ(entropy(std::vector<uint32_t>{7, 0, 0}), 0.0);
  EXPECT_DOUBLE_EQ(entropy(std::vector<uint32_t>{5, 5, 5, 5}), std::log(4.0));
  EXPECT_DOUBLE_EQ(entropy(std::vector<uint32_t>{3, 1}),
                   0.75 * std::log(4.0 / 3.0) + 0.25 * std::log(4.0));
  EXPECT_DOUBLE_EQ(entropy(std::vector<uint32_t>{0, 0}), 0.0);
  EXPECT_DOUBLE_EQ(kLargestScoreEntropy, std::log(10.0));
}

TEST(SigmaWindow, WaitsForTwoWindowsAndItsEntropyForHalfOfOne) {
  SigmaWindow window(20);
  add_even(window, 9, 5);
  EXPECT_EQ(window.entropy_now(), std::nullopt);
  add_even(window, 1, 5);
  EXPECT_TRUE(window.entropy_now());
  add_even(window, 29, 10);
  EXPECT_EQ(window.sigma(), std::nullopt);
  add_even(window, 1, 10);
  EXPECT_TRUE(window.sigma());
}

TEST(SigmaWindow, IsTheRatioOfTheEntropies) {
  SigmaWindow window(20);
  add_even(window, 20, 10);
  EXPECT_NEAR(*window.entropy_now(), std::log(10.0), 1e-12);
  add_even(window, 20, 10);
  EXPECT_NEAR(*window.sigma(), 1.0, 1e-12);
  add_even(window, 20, 2);
  EXPECT_NEAR(*window.sigma(), std::log(2.0) / std::log(10.0), 1e-12);
  add_even(window, 20, 4);
  EXPECT_NEAR(*window.sigma(), 2.0, 1e-12);
  add_even(window, 20, 1);
  EXPECT_NEAR(*window.sigma(), 0.0, 1e-12);
  add_even(window, 20, 10);
  EXPECT_EQ(window.sigma(), std::nullopt) << "no ratio to an entropy of 0";
}

TEST(SigmaWindow, CountsTheNewestScoresHoweverManyCame) {
  Random random(4);
  SigmaWindow window(16);
  std::deque<uint32_t> bins;
  for (int i = 0; i < 500; ++i) {
    const auto score = static_cast<float>(random.unit() * random.unit());
    ASSERT_TRUE(window.add(score));
    bins.push_back(std::min(static_cast<uint32_t>(score * 10), 9u));
    if (bins.size() > 32) bins.pop_front();
    if (bins.size() < 32) continue;
    std::vector<uint32_t> before(10), now(10);
    for (size_t k = 0; k < 32; ++k) ++(k < 16 ? before : now)[bins[k]];
    ASSERT_NEAR(*window.sigma(), entropy(now) / entropy(before), 1e-12) << i;
  }
}

TEST(SigmaWindow, RefusesScoresOutsideTheirRange) {
  SigmaWindow window(1);
  EXPECT_TRUE(window.add(0.0f));
  EXPECT_TRUE(window.add(1.0f));
  EXPECT_EQ(window.add(-0.01f).error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(window.add(1.01f));
  EXPECT_FALSE(window.add(std::numeric_limits<float>::quiet_NaN()));
}

TEST(LayerPropagationRatio, IsTheGeometricMeanGrowthPerUnit) {
  const std::vector<float> first = {1, -1};
  const std::vector<float> second = {2, 2, -2, 2};
  const std::vector<float> third = {8};
  const std::vector<std::span<const float>> layers = {first, second, third};
  EXPECT_NEAR(*layer_propagation_ratio(layers), std::sqrt(2.0 * 4.0), 1e-12);
}

TEST(LayerPropagationRatio, RefusesLayersWithoutSize) {
  const std::vector<float> some = {1};
  const std::vector<float> none = {0, 0};
  const std::vector<float> bad = {std::numeric_limits<float>::infinity()};
  const std::vector<float> empty;
  using Layers = std::vector<std::span<const float>>;
  EXPECT_FALSE(layer_propagation_ratio(Layers{some}));
  EXPECT_EQ(layer_propagation_ratio(Layers{some, none}).error().where, "layer 1");
  EXPECT_FALSE(layer_propagation_ratio(Layers{bad, some}));
  EXPECT_FALSE(layer_propagation_ratio(Layers{some, empty}));
}

}  // namespace
}  // namespace thunderline::thunderbolt
