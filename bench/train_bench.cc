// The training engine: matrix products in GFLOP/s and whole steps in microseconds, on one core.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "thunderline/base/random.h"
#include "thunderline/cerebros/keras/builders/scoring_mlp.h"
#include "thunderline/cerebros/train/arena.h"
#include "thunderline/cerebros/train/fit.h"
#include "thunderline/cerebros/train/kernels/flush_to_zero.h"
#include "thunderline/cerebros/train/kernels/gemm.h"
#include "thunderline/cerebros/train/optimizer.h"
#include "thunderline/cerebros/train/plan.h"

namespace thunderline::cerebros::train {
namespace {

using keras::Activation;

std::vector<float> normals(int64_t count) {
  Random random(1);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

/// Arguments: rows, columns, depth, whether A is transposed.
void gemm_rate(benchmark::State& state) {
  const int64_t rows = state.range(0), columns = state.range(1), depth = state.range(2);
  const bool transposed = state.range(3) != 0;
  Arena arena;
  const int64_t a = arena.reserve(padded(rows) * padded(depth));
  const int64_t b = arena.reserve(depth * padded(columns));
  const int64_t c = arena.reserve(rows * padded(columns));
  TL_CHECK(arena.allocate());
  const std::vector<float> values = normals(c);
  std::copy(values.begin(), values.end(), arena.at(0));
  Product product;
  product.a = arena.at(a);
  product.a_row_stride = transposed ? 1 : padded(depth);
  product.a_step = transposed ? padded(rows) : 1;
  product.b = arena.at(b);
  product.b_stride = padded(columns);
  product.c = arena.at(c);
  product.c_stride = padded(columns);
  product.rows = rows;
  product.columns = padded(columns);
  product.depth = depth;
  for (auto _ : state) {
    gemm(product, Epilogue::kAddBias);
    benchmark::ClobberMemory();
  }
  state.counters["GFLOP/s"] = benchmark::Counter(
      2e-9 * static_cast<double>(rows * columns * depth) * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate);
}
BENCHMARK(gemm_rate)
    ->ArgNames({"m", "n", "k", "transposed"})
    ->ArgsProduct({{64}, {64, 128, 256}, {40, 64, 256}, {0, 1}})
    ->Args({64, 1, 64, 0})
    ->Args({1024, 256, 256, 0});

/// Arguments: hidden width, hidden layers, batch, activation, dropout in percent; 40 inputs.
void training_step(benchmark::State& state) {
  const FlushToZero flush;
  keras::ScoringMlpOptions options;
  options.hidden_dim = state.range(0);
  options.num_layers = static_cast<int>(state.range(1));
  options.activation = static_cast<Activation>(state.range(3));
  options.dropout = static_cast<double>(state.range(4)) / 100;
  const keras::Model model = keras::build_scoring_mlp(options).value();
  const int64_t batch = state.range(2);
  Plan plan = Plan::compile(model, batch, Plan::Purpose::kTraining).value();
  const std::vector<float> x = normals(batch * 40);
  int64_t step = 0;
  for (auto _ : state) {
    for (int64_t i = 0; i < batch; ++i) {
      std::copy_n(x.begin() + i * 40, 40, plan.input_row(i));
      *plan.target_row(i) = x[static_cast<size_t>(i)] > 0 ? 1.0f : 0.0f;
      plan.weight(i) = 1;
    }
    benchmark::DoNotOptimize(plan.forward_backward(batch, static_cast<uint64_t>(step)));
    plan.update(adam_step(model.compile->optimizer, 1e-3, ++step));
  }
  state.SetLabel(keras::activation_name(options.activation));
}
constexpr int64_t kRelu = static_cast<int64_t>(Activation::kRelu);
constexpr int64_t kGelu = static_cast<int64_t>(Activation::kGelu);
constexpr int64_t kSilu = static_cast<int64_t>(Activation::kSilu);
BENCHMARK(training_step)
    ->ArgNames({"hidden", "layers", "batch", "activation", "dropout"})
    ->Unit(benchmark::kMicrosecond)
    ->ArgsProduct({{64}, {2}, {64}, {kRelu, kGelu, kSilu}, {0, 10}})
    ->Args({32, 1, 64, kRelu, 10})
    ->Args({128, 2, 32, kRelu, 0})
    ->Args({128, 2, 64, kGelu, 10})
    ->Args({256, 4, 32, kRelu, 0})
    ->Args({256, 4, 64, kGelu, 10})
    ->Args({256, 4, 256, kRelu, 0});

/// A trial of the loop: 3,500 rows of 40, a fifth to validate on, 40 epochs, batch 64.
void whole_trial(benchmark::State& state) {
  constexpr int64_t kRows = 3500;
  const std::vector<float> x = normals(kRows * 40);
  std::vector<float> y;
  for (int64_t i = 0; i < kRows; ++i) y.push_back(x[static_cast<size_t>(i * 40)] > 0 ? 1.0f : 0.0f);
  keras::ScoringMlpOptions model;
  model.hidden_dim = state.range(0);
  model.num_layers = static_cast<int>(state.range(1));
  model.activation = Activation::kGelu;
  FitOptions options;
  options.epochs = 40;
  options.batch_size = 64;
  options.validation_split = 0.2;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        fit(keras::build_scoring_mlp(model).value(), {x, y, {}, kRows}, options));
  }
}
BENCHMARK(whole_trial)
    ->ArgNames({"hidden", "layers"})
    ->Unit(benchmark::kMillisecond)
    ->Args({64, 2})
    ->Args({256, 4});

}  // namespace
}  // namespace thunderline::cerebros::train
