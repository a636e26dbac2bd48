// The same bits from run to run, in parallel threads, and on AVX2 as on AVX-512.

#include <gtest/gtest.h>
#include <hwy/detect_targets.h>
#include <hwy/targets.h>

#include <cstring>
#include <thread>
#include <vector>

#include "thunderline/base/random.h"
#include "thunderline/cerebros/keras/builders/scoring_mlp.h"
#include "thunderline/cerebros/train/fit.h"

namespace thunderline::cerebros::train {
namespace {

using keras::Activation;
using keras::Loss;

/// Trains a network with dropout, odd widths and a short last batch.
FitResult train(Activation activation, Loss loss) {
  constexpr int64_t kRows = 150;
  constexpr int64_t kInputs = 21;
  Random random(4);
  std::vector<float> x, y;
  for (int64_t i = 0; i < kRows * kInputs; ++i) x.push_back(static_cast<float>(random.normal()));
  for (int64_t i = 0; i < kRows; ++i) y.push_back(x[static_cast<size_t>(i * kInputs)] > 0 ? 1 : 0);
  keras::ScoringMlpOptions model;
  model.inputs = kInputs;
  model.hidden_dim = 37;
  model.dropout = 0.2;
  model.activation = activation;
  model.loss = loss;
  model.head = loss == Loss::kBinaryCrossentropy ? Activation::kSigmoid : Activation::kLinear;
  FitOptions options;
  options.epochs = 4;
  options.validation_split = 0.2;
  options.seed = 8;
  return fit(keras::build_scoring_mlp(model).value(), {x, y, {}, kRows}, options).value();
}

/// Equality of all weights, moments and history values, bit by bit.
bool same_bits(const FitResult& a, const FitResult& b) {
  const auto left = a.model.weights();
  const auto right = b.model.weights();
  for (size_t i = 0; i < left.size(); ++i) {
    if (std::memcmp(left[i]->data.data(), right[i]->data.data(),
                    left[i]->data.size() * sizeof(float)) != 0) {
      return false;
    }
  }
  return a.model == b.model && a.history.values == b.history.values;
}

/// Lets Highway choose from `targets` alone while it lives.
class OnlyTargets {
 public:
  explicit OnlyTargets(int64_t targets) { set(targets); }
  ~OnlyTargets() { set(0); }
  OnlyTargets(const OnlyTargets&) = delete;
  OnlyTargets& operator=(const OnlyTargets&) = delete;

 private:
  static void set(int64_t targets) {
    hwy::SetSupportedTargetsForTest(targets);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

TEST(Determinism, TwoRunsGiveTheSameBits) {
  EXPECT_TRUE(same_bits(train(Activation::kGelu, Loss::kBinaryCrossentropy),
                        train(Activation::kGelu, Loss::kBinaryCrossentropy)));
  EXPECT_FALSE(same_bits(train(Activation::kGelu, Loss::kBinaryCrossentropy),
                         train(Activation::kSilu, Loss::kBinaryCrossentropy)));
}

TEST(Determinism, ParallelTrialsGiveTheBitsOfOneAlone) {
  const FitResult alone = train(Activation::kRelu, Loss::kBinaryCrossentropy);
  std::vector<FitResult> results(4);
  std::vector<std::thread> threads;
  for (FitResult& result : results) {
    threads.emplace_back([&result] {
      result = train(Activation::kRelu, Loss::kBinaryCrossentropy);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const FitResult& result : results) EXPECT_TRUE(same_bits(result, alone));
}

TEST(Determinism, Avx2AndAvx512GiveTheSameBits) {
  const int64_t wide = hwy::SupportedTargets() & (HWY_AVX3 | HWY_AVX2);
  if (wide != (HWY_AVX3 | HWY_AVX2)) GTEST_SKIP() << "this processor has no AVX-512";
  for (const Activation activation :
       {Activation::kLinear, Activation::kRelu, Activation::kGelu, Activation::kSilu,
        Activation::kSigmoid, Activation::kTanh}) {
    for (const Loss loss : {Loss::kBinaryCrossentropy, Loss::kMeanSquaredError}) {
      const FitResult on_avx512 = [&] {
        const OnlyTargets only(HWY_AVX3);
        return train(activation, loss);
      }();
      const OnlyTargets only(HWY_AVX2);
      EXPECT_TRUE(same_bits(on_avx512, train(activation, loss)))
          << keras::activation_name(activation);
    }
  }
}

TEST(Determinism, TheTestsSwitchOfTargetsTakesEffect) {
  // SSE4 has no fused multiply-add, so its bits differ: else the test above would prove nothing.
  constexpr int64_t kBoth = HWY_AVX2 | HWY_SSE4;
  if ((hwy::SupportedTargets() & kBoth) != kBoth) GTEST_SKIP() << "this processor has no AVX2";
  const FitResult on_sse4 = [] {
    const OnlyTargets only(HWY_SSE4);
    return train(Activation::kRelu, Loss::kMeanSquaredError);
  }();
  const OnlyTargets only(HWY_AVX2);
  EXPECT_FALSE(same_bits(on_sse4, train(Activation::kRelu, Loss::kMeanSquaredError)));
}

}  // namespace
}  // namespace thunderline::cerebros::train
