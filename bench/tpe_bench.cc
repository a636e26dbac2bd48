// One suggestion of the scoring model's five hyperparameters, in memory, with n trials told.

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>

#include "thunderline/cerebros/tpe/storage/memory_storage.h"
#include "thunderline/cerebros/tpe/study.h"

namespace {

using thunderline::cerebros::tpe::find_param;
using thunderline::cerebros::tpe::make_sampler;
using thunderline::cerebros::tpe::MemoryStorage;
using thunderline::cerebros::tpe::Params;
using thunderline::cerebros::tpe::SearchSpace;
using thunderline::cerebros::tpe::Study;
using thunderline::cerebros::tpe::Trial;
using thunderline::cerebros::tpe::TrialState;

constexpr const char* kSpace = R"([
  {"name": "learning_rate", "type": "float", "low": 1e-5, "high": 1e-2, "log": true},
  {"name": "hidden_dim", "type": "int", "low": 32, "high": 256, "step": 32},
  {"name": "num_layers", "type": "int", "low": 1, "high": 4},
  {"name": "dropout", "type": "float", "low": 0.0, "high": 0.5},
  {"name": "activation", "type": "categorical", "choices": ["relu", "gelu", "swish"]}
])";

double objective(const Params& params) {
  const double rate = std::log10(std::get<double>(*find_param(params, "learning_rate")));
  const double dropout = std::get<double>(*find_param(params, "dropout"));
  return std::pow(rate + 3, 2) + std::pow(dropout - 0.2, 2);
}

/// A study with `trials` complete, random trials.
std::unique_ptr<Study> study_of(const std::string& sampler, int64_t trials,
                                const SearchSpace& space) {
  auto storage = std::make_shared<MemoryStorage>();
  const auto filler = Study::create({.name = "bench",
                                     .sampler = make_sampler("random").value(),
                                     .storage = storage})
                          .value();
  for (int64_t i = 0; i < trials; ++i) {
    Trial trial = filler->ask().value();
    const Params params = trial.suggest_all(space).value();
    if (!filler->tell(trial.number(), objective(params))) std::abort();
  }
  return Study::create({.name = "bench",
                        .sampler = make_sampler(sampler).value(),
                        .storage = storage,
                        .load_if_exists = true})
      .value();
}

void ask_and_suggest(benchmark::State& state, const std::string& sampler) {
  const SearchSpace space = SearchSpace::parse(kSpace, "bench").value();
  const auto study = study_of(sampler, state.range(0), space);
  for (auto _ : state) {
    Trial trial = study->ask().value();
    benchmark::DoNotOptimize(trial.suggest_all(space).value());
    // Failed trials are ignored, so n stays what it is.
    if (!study->tell(trial.number(), TrialState::kFail)) std::abort();
  }
}

BENCHMARK_CAPTURE(ask_and_suggest, tpe, "tpe")->Arg(100)->Arg(1000)->Iterations(300);
BENCHMARK_CAPTURE(ask_and_suggest, tpe_univariate, "tpe-univariate")
    ->Arg(100)
    ->Arg(1000)
    ->Iterations(100);
BENCHMARK_CAPTURE(ask_and_suggest, random, "random")->Arg(100)->Iterations(300);

}  // namespace
