#include "thunderline/cerebros/train/kernels/elementwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "thunderline/base/random.h"
#include "thunderline/base/result.h"
#include "thunderline/cerebros/train/arena.h"
#include "thunderline/cerebros/train/kernels/flush_to_zero.h"

namespace thunderline::cerebros::train {
namespace {

using keras::Activation;

constexpr Activation kAll[] = {Activation::kLinear,  Activation::kRelu, Activation::kGelu,
                               Activation::kSilu, Activation::kSigmoid, Activation::kTanh};

/// `count` floats on 64 bytes.
class Buffer {
 public:
  explicit Buffer(int64_t count) {
    arena_.reserve(count);
    TL_CHECK(arena_.allocate());
  }
  float& operator[](int64_t i) { return *arena_.at(i); }
  float* data() { return arena_.at(0); }

 private:
  Arena arena_;
};

double exact(Activation activation, double x) {
  switch (activation) {
    case Activation::kLinear: return x;
    case Activation::kRelu: return x > 0 ? x : 0;
    case Activation::kGelu: return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
    case Activation::kSilu: return x / (1 + std::exp(-x));
    case Activation::kSigmoid: return 1 / (1 + std::exp(-x));
    case Activation::kTanh: return std::tanh(x);
  }
  return NAN;
}

TEST(Activate, AgreesWithTheFormulasEverywhere) {
  constexpr int64_t kCount = 4096;
  for (const Activation activation : kAll) {
    Buffer z(kCount), a(kCount), inference(kCount);
    std::vector<double> x(kCount);
    for (int64_t i = 0; i < kCount; ++i) {
      z[i] = static_cast<float>(-30 + 60.0 * static_cast<double>(i) / kCount + 1e-3);
      x[static_cast<size_t>(i)] = z[i];
    }
    activate(activation, z.data(), inference.data(), kCount);
    activate_with_slope(activation, z.data(), a.data(), kCount);
    for (int64_t i = 0; i < kCount; ++i) {
      const double at = x[static_cast<size_t>(i)];
      const double scale = std::max(1.0, std::abs(at));
      ASSERT_NEAR(a[i], exact(activation, at), 4e-7 * scale) << keras::activation_name(activation);
      ASSERT_EQ(a[i], inference[i]);
      const double slope =
          (exact(activation, at + 1e-6) - exact(activation, at - 1e-6)) / 2e-6;
      ASSERT_NEAR(z[i], slope, 2e-6) << keras::activation_name(activation) << " at " << at;
    }
  }
}

TEST(Activate, IsExactToAFewBitsNearZeroAndInTheTail) {
  Buffer z(kLanes), a(kLanes);
  z[0] = 1e-4f;
  z[1] = -1e-4f;
  activate(Activation::kTanh, z.data(), a.data(), kLanes);
  EXPECT_FLOAT_EQ(a[0], std::tanh(1e-4f));
  EXPECT_FLOAT_EQ(a[1], -std::tanh(1e-4f));
  z[0] = -6.0f;
  activate(Activation::kGelu, z.data(), a.data(), kLanes);
  EXPECT_NEAR(a[0] / exact(Activation::kGelu, -6.0), 1.0, 1e-5);
}

TEST(Activate, StaysFiniteAtExtremesAndPassesNanOn) {
  for (const Activation activation : kAll) {
    Buffer z(kLanes), a(kLanes);
    z[0] = 1e30f;
    z[1] = -1e30f;
    z[2] = NAN;
    activate_with_slope(activation, z.data(), a.data(), kLanes);
    EXPECT_TRUE(std::isfinite(a[0]) && std::isfinite(a[1])) << keras::activation_name(activation);
    EXPECT_TRUE(std::isfinite(z[0]) && std::isfinite(z[1])) << keras::activation_name(activation);
    EXPECT_TRUE(std::isnan(a[2])) << keras::activation_name(activation);
  }
}

TEST(Drop, KeepsTheRightShareScaledAndTreatsSlopesAlike) {
  constexpr int64_t kCount = 1 << 16;
  Buffer a(kCount), slope(kCount), other(kCount);
  for (int64_t i = 0; i < kCount; ++i) a[i] = slope[i] = other[i] = 1;
  drop(7, 0.3, a.data(), slope.data(), kCount);
  drop(8, 0.3, other.data(), nullptr, kCount);
  int64_t kept = 0, in_both = 0, pairs = 0;
  for (int64_t i = 0; i < kCount; ++i) {
    ASSERT_EQ(a[i], slope[i]);
    ASSERT_TRUE(a[i] == 0 || a[i] == static_cast<float>(1 / 0.7));
    kept += a[i] != 0;
    in_both += a[i] != 0 && other[i] != 0;
    pairs += i > 0 && a[i] != 0 && a[i - 1] != 0;
  }
  const double deviation = 5 / std::sqrt(static_cast<double>(kCount));
  EXPECT_NEAR(static_cast<double>(kept) / kCount, 0.7, deviation);
  EXPECT_NEAR(static_cast<double>(in_both) / kCount, 0.49, deviation);
  EXPECT_NEAR(static_cast<double>(pairs) / kCount, 0.49, deviation);
}

TEST(SumRows, AddsEachColumn) {
  constexpr int64_t kRows = 5, kColumns = 80;
  Buffer rows(kRows * kColumns), sums(kColumns);
  for (int64_t i = 0; i < kRows * kColumns; ++i) rows[i] = static_cast<float>(i);
  sum_rows(rows.data(), kColumns, kRows, kColumns, sums.data());
  for (int64_t j = 0; j < kColumns; ++j) {
    EXPECT_EQ(sums[j], static_cast<float>(kRows * j + kColumns * 10));
  }
}

TEST(Transpose, MovesEveryElementAndNoOther) {
  for (const auto& [n, m] : {std::pair<int64_t, int64_t>{7, 9}, {16, 4}, {1, 5}, {6, 1}}) {
    Buffer from(n * padded(m)), to(m * padded(n));
    for (int64_t i = 0; i < n * padded(m); ++i) from[i] = static_cast<float>(i + 1);
    transpose(from.data(), padded(m), n, m, to.data(), padded(n));
    for (int64_t j = 0; j < m; ++j) {
      for (int64_t i = 0; i < padded(n); ++i) {
        EXPECT_EQ(to[j * padded(n) + i], i < n ? from[i * padded(m) + j] : 0.0f);
      }
    }
  }
}

TEST(CrossEntropyOfLogits, IsExactWhereProbabilitiesRound) {
  Buffer z(kLanes), y(kLanes), values(kLanes), slopes(kLanes);
  const double logits[] = {-40, -3, -0.1, 0, 0.5, 4, 40};
  for (int i = 0; i < 7; ++i) {
    z[i] = static_cast<float>(logits[i]);
    y[i] = i % 2 == 0 ? 1.0f : 0.0f;
  }
  cross_entropy_of_logits(z.data(), y.data(), values.data(), slopes.data(), kLanes);
  for (int i = 0; i < 7; ++i) {
    const double x = z[i];
    const double value = std::max(x, 0.0) - x * y[i] + std::log1p(std::exp(-std::abs(x)));
    EXPECT_NEAR(values[i], value, 1e-6 * std::max(1.0, value));
    EXPECT_NEAR(slopes[i], 1 / (1 + std::exp(-x)) - y[i], 2e-7);
  }
}

TEST(CrossEntropyOfProbabilities, ClipsAsKerasDoes) {
  Buffer p(kLanes), y(kLanes), values(kLanes), slopes(kLanes);
  p[0] = 0.0f;  // below the clip
  y[0] = 1.0f;
  p[1] = 0.25f;
  y[1] = 1.0f;
  p[2] = 2.0f;  // above the clip
  y[2] = 0.0f;
  cross_entropy_of_probabilities(p.data(), y.data(), values.data(), slopes.data(), kLanes);
  EXPECT_NEAR(values[0], -std::log(1e-7), 1e-5);
  EXPECT_EQ(slopes[0], 0);
  EXPECT_NEAR(values[1], -std::log(0.25), 1e-6);
  EXPECT_NEAR(slopes[1], -4, 1e-5);
  EXPECT_NEAR(values[2], -std::log(1.0 - 0.9999999f), 1e-4);
  EXPECT_EQ(slopes[2], 0);
}

TEST(AllFinite, SeesOneBadNumberAnywhere) {
  std::vector<float> values(37, 1e30f);
  EXPECT_TRUE(all_finite(values.data(), 37));
  for (const float bad : {std::numeric_limits<float>::infinity(), NAN}) {
    for (size_t i = 0; i < values.size(); ++i) {
      std::vector<float> spoiled = values;
      spoiled[i] = bad;
      EXPECT_FALSE(all_finite(spoiled.data(), 37)) << i;
    }
  }
}

TEST(FlushToZero, ReachesAsFarAsItsScope) {
  volatile float small = 1e-38f;
  {
    const FlushToZero flush;
    EXPECT_EQ(small * 0.01f, 0.0f);
  }
  EXPECT_GT(small * 0.01f, 0.0f);
}

}  // namespace
}  // namespace thunderline::cerebros::train
