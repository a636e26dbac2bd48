// Whole studies against Optuna 5 with the same seed: every trial's parameters to 1e-9.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/support/tpe_golden.h"
#include "thunderline/cerebros/tpe/study.h"

namespace thunderline::cerebros::tpe {
namespace {

namespace golden = testing::tpe_golden;

/// The closed-form objective of the reference runs.
double objective(const Params& params) {
  const auto text = [&](const char* name) {
    return std::get<std::string>(*find_param(params, name));
  };
  const auto real = [&](const char* name) { return std::get<double>(*find_param(params, name)); };
  const auto whole = [&](const char* name) {
    return static_cast<double>(std::get<int64_t>(*find_param(params, name)));
  };
  const std::string activation = text("activation");
  const double shift = activation == "relu" ? 0.0 : activation == "gelu" ? -0.1 : 0.15;
  const double base = activation == "relu" ? 0.90 : activation == "gelu" ? 0.93 : 0.91;
  const double m = -2.9 - 0.2 * (whole("num_layers") - 1) + shift;
  const double d = 0.05 + 0.25 * whole("hidden_dim") / 256;
  return base - 0.12 * std::pow(std::log10(real("learning_rate")) - m, 2) -
         0.06 * std::pow(std::log2(whole("hidden_dim") / 128), 2) -
         0.04 * std::pow(whole("num_layers") - 3, 2) - 2 * std::pow(real("dropout") - d, 2);
}

SearchSpace reference_space() {
  const OrderedJson histories = golden::load("histories.json");
  std::vector<Parameter> parameters;
  for (const auto& [name, d] : golden::space(histories.at("space"))) {
    parameters.push_back({name, *d});
  }
  return SearchSpace::create(std::move(parameters)).value();
}

/// `rounds` of: ask for `batch` trials, let each suggest everything, tell them in number order.
std::vector<TrialPtr> run_study(const char* sampler, int rounds, int batch) {
  const SearchSpace space = reference_space();
  auto study = Study::create({.name = "replay",
                              .direction = Direction::kMaximize,
                              .sampler = make_sampler(sampler).value(),
                              .seed = 42})
                   .value();
  for (int round = 0; round < rounds; ++round) {
    std::vector<Trial> trials;
    for (int i = 0; i < batch; ++i) trials.push_back(study->ask().value());
    std::vector<double> values;
    for (Trial& trial : trials) values.push_back(objective(trial.suggest_all(space).value()));
    for (int i = 0; i < batch; ++i) {
      EXPECT_TRUE(study->tell(trials[static_cast<size_t>(i)].number(),
                              values[static_cast<size_t>(i)]));
    }
  }
  return study->trials().value();
}

bool is_same(const ParamValue& mine, const ParamValue& reference) {
  const auto* real = std::get_if<double>(&mine);
  if (real == nullptr) return mine == reference;
  const double expected = std::get<double>(reference);
  return std::abs(*real - expected) <= 1e-9 * std::abs(expected);
}

void expect_replay(const char* name, const std::vector<TrialPtr>& mine) {
  const OrderedJson reference = golden::load("replay_v5_seed42_stable.json").at("replays").at(name);
  ASSERT_EQ(mine.size(), reference.size());
  for (size_t i = 0; i < mine.size(); ++i) {
    for (const auto& [param, value] : reference[i].at("params").items()) {
      ASSERT_TRUE(is_same(mine[i]->find(param)->value, golden::value(value)))
          << name << ", trial " << i << ", " << param << ": "
          << to_string(mine[i]->find(param)->value) << " instead of " << value;
    }
  }
}

TEST(StudyReplay, MultivariateTpeGivesOptunasTrials) {
  expect_replay("multivariate", run_study("tpe", 60, 1));
}

TEST(StudyReplay, MultivariateTpeGivesOptunasTrialsInRoundsOfFour) {
  expect_replay("multivariate_batch4", run_study("tpe", 10, 4));
}

TEST(StudyReplay, UnivariateTpeGivesOptunasTrials) {
  expect_replay("univariate", run_study("tpe-univariate", 60, 1));
}

TEST(StudyReplay, UnivariateTpeGivesOptunasTrialsInRoundsOfFour) {
  expect_replay("univariate_batch4", run_study("tpe-univariate", 10, 4));
}

}  // namespace
}  // namespace thunderline::cerebros::tpe
