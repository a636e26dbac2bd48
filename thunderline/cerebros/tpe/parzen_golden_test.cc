// The estimators, their densities and their draws against what Optuna 5 computed (with a stable
// sort of ties) on recorded histories. Tolerance: 1e-9, relative above 1.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/tpe_golden.h"
#include "thunderline/cerebros/tpe/parzen_estimator.h"
#include "thunderline/cerebros/tpe/tpe_sampler.h"
#include "thunderline/cerebros/tpe/trial_split.h"

namespace thunderline::cerebros::tpe {
namespace {

namespace golden = testing::tpe_golden;

constexpr double kTolerance = 1e-9;

/// Largest deviation, so that a failure is one line and not a thousand.
double deviation(const std::vector<double>& mine, const std::vector<double>& reference) {
  if (mine.size() != reference.size()) return HUGE_VAL;
  double worst = 0;
  for (size_t i = 0; i < mine.size(); ++i) {
    if (mine[i] == reference[i]) continue;
    const double gap =
        std::abs(mine[i] - reference[i]) / std::max(1.0, std::abs(reference[i]));
    worst = std::isnan(gap) ? HUGE_VAL : std::max(worst, gap);
  }
  return worst;
}

std::vector<double> numbers(const OrderedJson& list) {
  std::vector<double> result;
  for (const OrderedJson& entry : list) result.push_back(golden::number(entry));
  return result;
}

struct History {
  golden::Space space;
  std::vector<TrialPtr> trials;
  OrderedJson candidates;
};

History load_history(const std::string& name, const OrderedJson& running) {
  const OrderedJson main = golden::load("histories.json");
  const OrderedJson extra = golden::load("histories_extra.json");
  const bool in_main = main.at("histories").contains(name);
  const OrderedJson& source = in_main ? main : extra;
  History history;
  history.space = golden::space(in_main ? main.at("space") : extra.at("space").at(name));
  history.candidates = in_main ? main.at("candidates") : extra.at("candidates").at(name);
  for (const OrderedJson& t : source.at("histories").at(name)) {
    history.trials.push_back(golden::trial(t, history.space));
  }
  if (running.is_string()) {
    for (const OrderedJson& t : source.at("running").at(running.get<std::string>())) {
      history.trials.push_back(golden::trial(t, history.space));
    }
  }
  return history;
}

TrialSplit split_history(const History& history) {
  std::vector<const FrozenTrial*> visible;
  size_t finished = 0;
  for (const TrialPtr& trial : history.trials) {
    if (trial->state == TrialState::kFail) continue;
    visible.push_back(trial.get());
    if (trial->state != TrialState::kRunning) ++finished;
  }
  return split_trials(visible, good_count(finished), Direction::kMaximize);
}

std::vector<int> trial_numbers(const std::vector<const FrozenTrial*>& trials) {
  std::vector<int> result;
  for (const FrozenTrial* trial : trials) result.push_back(trial->number);
  return result;
}

void expect_kernels(const ParzenEstimator& mine, const OrderedJson& reference,
                    const std::vector<std::string>& names) {
  EXPECT_LE(deviation(mine.weights(), numbers(reference.at("weights"))), kTolerance);
  for (size_t i = 0; i < names.size(); ++i) {
    SCOPED_TRACE(names[i]);
    const OrderedJson& params = reference.at("params").at(names[i]);
    if (const auto* categories =
            std::get_if<ParzenEstimator::CategoricalKernels>(&mine.dimensions()[i])) {
      std::vector<double> flat;
      for (const OrderedJson& row : params.at("probs")) {
        for (double p : numbers(row)) flat.push_back(p);
      }
      EXPECT_LE(deviation(categories->probabilities, flat), kTolerance);
      continue;
    }
    const auto& kernels = std::get<ParzenEstimator::NumericKernels>(mine.dimensions()[i]);
    EXPECT_LE(deviation(kernels.mu, numbers(params.at("mu"))), kTolerance);
    EXPECT_LE(deviation(kernels.sigma, numbers(params.at("sigma"))), kTolerance);
  }
}

void expect_draw(const ParzenEstimator& good, const ParzenEstimator& rest, const OrderedJson& draw,
                 const std::vector<std::string>& names) {
  MersenneTwister random(draw.at("numpy_randomstate_seed").get<uint32_t>());
  const std::vector<double> points = good.sample(random, 24);
  for (size_t i = 0; i < names.size(); ++i) {
    std::vector<double> column;
    for (size_t k = i; k < points.size(); k += names.size()) column.push_back(points[k]);
    EXPECT_LE(deviation(column, numbers(draw.at("samples").at(names[i]))), kTolerance) << names[i];
  }
  const std::vector<double> log_l = good.log_density(points), log_g = rest.log_density(points);
  EXPECT_LE(deviation(log_l, numbers(draw.at("log_l"))), kTolerance);
  EXPECT_LE(deviation(log_g, numbers(draw.at("log_g"))), kTolerance);
  std::vector<double> scores;
  for (size_t i = 0; i < log_l.size(); ++i) scores.push_back(log_l[i] - log_g[i]);
  const auto best = std::max_element(scores.begin(), scores.end()) - scores.begin();
  EXPECT_EQ(best, draw.at("argmax").get<ptrdiff_t>());
}

void expect_estimator(const History& history, const OrderedJson& reference, bool multivariate) {
  const auto names = reference.at("order").get<std::vector<std::string>>();
  std::vector<const Distribution*> distributions;
  for (const std::string& name : names) {
    distributions.push_back(golden::find(history.space, name).get());
  }
  const TrialSplit split = split_history(history);
  const auto estimator = [&](const std::vector<const FrozenTrial*>& trials) {
    return ParzenEstimator(distributions,
                           collect_observations(trials, names, distributions, multivariate));
  };
  const ParzenEstimator good = estimator(split.below), rest = estimator(split.above);
  expect_kernels(good, reference.at("l"), names);
  expect_kernels(rest, reference.at("g"), names);

  std::vector<double> points;
  for (const OrderedJson& candidate : history.candidates) {
    for (size_t i = 0; i < names.size(); ++i) {
      points.push_back(*to_internal(*distributions[i], golden::value(candidate.at(names[i]))));
    }
  }
  EXPECT_LE(deviation(good.log_density(points), numbers(reference.at("log_l"))), kTolerance);
  EXPECT_LE(deviation(rest.log_density(points), numbers(reference.at("log_g"))), kTolerance);
  expect_draw(good, rest, reference.at("draw"), names);
}

class ParzenGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(ParzenGolden, AgreesWithOptuna) {
  const OrderedJson file =
      golden::load(std::string("parzen_v5_") + GetParam() + "_stable.json");
  ASSERT_EQ(file.at("cases").size(), 4u);
  for (const OrderedJson& reference : file.at("cases")) {
    SCOPED_TRACE(reference.at("name").get<std::string>());
    const History history = load_history(reference.at("history"), reference.at("running"));
    const TrialSplit split = split_history(history);
    ASSERT_EQ(trial_numbers(split.below), reference.at("below").get<std::vector<int>>());
    ASSERT_EQ(trial_numbers(split.above), reference.at("above").get<std::vector<int>>());
    for (const auto& [name, estimator] : reference.at("estimators").items()) {
      SCOPED_TRACE(name);
      expect_estimator(history, estimator, reference.at("multivariate"));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Histories, ParzenGolden,
                         ::testing::Values("n12", "n50_ties", "n200", "n60_states", "n60_pruned",
                                           "n40_space2"));

TEST(ParzenEstimator, WithoutObservationsIsThePriorAlone) {
  const Distribution unit = FloatDistribution{0, 1, false, {}};
  const Distribution choice = CategoricalDistribution{{"a", "b", "c", "d"}};
  const Distribution* const distributions[] = {&unit, &choice};
  const ParzenEstimator prior(distributions, Observations(2));
  EXPECT_EQ(prior.weights(), std::vector<double>{1.0});
  // At the middle of a normal with sigma = width, truncated to ± half a width; a quarter a choice.
  const double mass = std::erf(0.5 / std::sqrt(2.0));
  const double expected = std::log(1 / std::sqrt(2 * M_PI) / mass) + std::log(0.25);
  EXPECT_NEAR(prior.log_density(std::vector<double>{0.5, 2}).front(), expected, 1e-12);
}

TEST(ParzenEstimator, IntegratesToOne) {
  const Distribution wide = IntDistribution{1, 1024, true, 1};
  const Distribution* const distributions[] = {&wide};
  const ParzenEstimator estimator(distributions, {{3, 3, 900, 40, 1, 1024}});
  double total = 0;
  for (int x = 1; x <= 1024; ++x) {
    total += std::exp(estimator.log_density(std::vector<double>{static_cast<double>(x)}).front());
  }
  EXPECT_NEAR(total, 1.0, 1e-10);
}

TEST(ParzenEstimator, StaysFiniteOnAnEnormousGrid) {
  const Distribution huge = IntDistribution{0, int64_t{1} << 50, false, 1};
  const Distribution* const distributions[] = {&huge};
  const ParzenEstimator estimator(distributions, {{1e6, 7e14, 7e14}});
  MersenneTwister random(5);
  for (double log_density : estimator.log_density(estimator.sample(random, 100))) {
    EXPECT_TRUE(std::isfinite(log_density));
  }
}

TEST(ParzenWeights, KeepTheNewestTwentyFiveInFull) {
  const std::vector<double> weights = parzen_weights(27);
  ASSERT_EQ(weights.size(), 28u);
  const double full = weights.back();
  EXPECT_NEAR(weights[0], full / 27, 1e-15);
  EXPECT_NEAR(weights[1], full, 1e-15);
  EXPECT_NEAR(weights[2], full, 1e-15);
  EXPECT_EQ(parzen_weights(0), std::vector<double>{1.0});
}

}  // namespace
}  // namespace thunderline::cerebros::tpe
