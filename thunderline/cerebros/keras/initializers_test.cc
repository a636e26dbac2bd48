#include "thunderline/cerebros/keras/initializers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace thunderline::cerebros::keras {
namespace {

using Initializer = Tensor (*)(std::vector<int64_t>, Random&);

struct Expected {
  const char* name;
  Initializer initializer;
  std::vector<int64_t> shape;
  double deviation;
  double bound;
};

// Standard deviations and bounds that Keras 3.15.1 gives for these shapes.
const Expected kExpected[] = {
    {"glorot_uniform", glorot_uniform, {64, 128}, 0.10206207261596577, 0.1767766952966369},
    {"glorot_uniform", glorot_uniform, {7, 300}, 0.08071343122712618, 0.13979976373859893},
    {"glorot_uniform", glorot_uniform, {5, 8, 24}, 0.1118033988749895, 0.19364916731037085},
    {"glorot_uniform", glorot_uniform, {256}, 0.0625, 0.10825317547305482},
    {"glorot_normal", glorot_normal, {64, 128}, 0.10206207261596575, 0.23205796996864317},
    {"he_uniform", he_uniform, {64, 128}, 0.17677669529663687, 0.30618621784789724},
    {"he_normal", he_normal, {64, 128}, 0.17677669529663687, 0.40193619328}};

TEST(Initializers, HaveKerassMomentsAndBounds) {
  for (const Expected& expected : kExpected) {
    Random random(3);
    double sum = 0, squares = 0, largest = 0, count = 0;
    while (count < 200'000) {
      for (const float value : expected.initializer(expected.shape, random).data) {
        sum += value;
        squares += static_cast<double>(value) * value;
        largest = std::max<double>(largest, std::abs(value));
        ++count;
      }
    }
    EXPECT_NEAR(sum / count, 0, 0.01 * expected.deviation) << expected.name;
    EXPECT_NEAR(std::sqrt(squares / count), expected.deviation, 0.01 * expected.deviation)
        << expected.name;
    EXPECT_LE(largest, expected.bound * (1 + 1e-6)) << expected.name;
    EXPECT_GE(largest, expected.bound * 0.99) << expected.name;
  }
}

TEST(Zeros, AreZerosOfTheShape) {
  EXPECT_EQ(zeros({2, 3}), (Tensor{{2, 3}, std::vector<float>(6)}));
}

}  // namespace
}  // namespace thunderline::cerebros::keras
