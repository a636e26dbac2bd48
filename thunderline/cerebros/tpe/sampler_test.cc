// What every sampler must do, run over all of them; then what each does alone.

#include "thunderline/cerebros/tpe/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include "thunderline/cerebros/tpe/mersenne_twister.h"
#include "thunderline/cerebros/tpe/study.h"

namespace thunderline::cerebros::tpe {
namespace {

SearchSpace every_kind() {
  return SearchSpace::parse(R"([
    {"name":"lr","type":"float","low":1e-5,"high":1e-1,"log":true},
    {"name":"x","type":"float","low":-3,"high":5},
    {"name":"momentum","type":"float","low":0,"high":0.9,"step":0.1},
    {"name":"units","type":"int","low":1,"high":1024,"log":true},
    {"name":"stride","type":"int","low":-6,"high":9,"step":3},
    {"name":"one","type":"int","low":7,"high":7},
    {"name":"act","type":"categorical","choices":["a",2,0.5,true]}])",
                            "test").value();
}

std::unique_ptr<Study> make_study(const std::string& sampler, uint64_t seed) {
  return Study::create({.name = "s", .sampler = make_sampler(sampler).value(), .seed = seed})
      .value();
}

double bowl(const Params& params) {
  const double x = std::get<double>(*find_param(params, "x"));
  return (x - 2) * (x - 2);
}

std::vector<Params> run(Study& study, const SearchSpace& space, int trials) {
  std::vector<Params> all;
  for (int i = 0; i < trials; ++i) {
    Trial trial = study.ask().value();
    all.push_back(trial.suggest_all(space).value());
    EXPECT_TRUE(study.tell(trial.number(), bowl(all.back())));
  }
  return all;
}

class AnySampler : public ::testing::TestWithParam<const char*> {};

TEST_P(AnySampler, StaysInsideTheSpace) {
  const SearchSpace space = every_kind();
  const auto study = make_study(GetParam(), 3);
  for (const Params& params : run(*study, space, 60)) {
    for (const auto& [name, value] : params) {
      EXPECT_TRUE(contains(space.find(name)->distribution, value)) << name << to_string(value);
    }
    const double steps = std::get<double>(*find_param(params, "momentum")) / 0.1;
    EXPECT_NEAR(steps, std::round(steps), 1e-9);
    EXPECT_EQ(std::get<int64_t>(*find_param(params, "stride")) % 3, 0);
  }
}

TEST_P(AnySampler, RepeatsItselfForTheSameSeedOnly) {
  const SearchSpace space = every_kind();
  const auto first = run(*make_study(GetParam(), 5), space, 25);
  EXPECT_EQ(run(*make_study(GetParam(), 5), space, 25), first);
  EXPECT_NE(run(*make_study(GetParam(), 6), space, 25), first);
}

TEST_P(AnySampler, ReachesEveryChoiceAndGridPoint) {
  const SearchSpace space = every_kind();
  std::set<ParamValue> choices, strides;
  for (const Params& params : run(*make_study(GetParam(), 1), space, 150)) {
    choices.insert(*find_param(params, "act"));
    strides.insert(*find_param(params, "stride"));
  }
  EXPECT_EQ(choices.size(), 4u);
  EXPECT_EQ(strides.size(), 6u);
}

INSTANTIATE_TEST_SUITE_P(Samplers, AnySampler,
                         ::testing::Values("tpe", "tpe-univariate", "random"));

class AnyTpe : public ::testing::TestWithParam<const char*> {};

TEST_P(AnyTpe, ComesCloserToTheOptimumThanRandomSearch) {
  const SearchSpace space = every_kind();
  double tpe_sum = 0, random_sum = 0;
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const auto late_mean = [&](const char* sampler) {
      const auto all = run(*make_study(sampler, seed), space, 60);
      double sum = 0;
      for (size_t i = 30; i < all.size(); ++i) sum += bowl(all[i]);
      return sum / 30;
    };
    tpe_sum += late_mean(GetParam());
    random_sum += late_mean("random");
  }
  EXPECT_LT(tpe_sum, 0.5 * random_sum);
}

TEST_P(AnyTpe, SurvivesEqualAndInfiniteValuesAndMovingRanges) {
  const auto study = make_study(GetParam(), 2);
  for (int i = 0; i < 40; ++i) {
    Trial trial = study->ask().value();
    const double low = i % 3;
    const double x = trial.suggest_float("x", low, low + 1).value();
    EXPECT_GE(x, low);
    EXPECT_LE(x, low + 1);
    // Another trial has this name as another kind of parameter, or not at all.
    if (i % 4 == 0) {
      EXPECT_TRUE(trial.suggest_categorical("y", {"p", "q"}));
    } else if (i % 4 == 1) {
      EXPECT_TRUE(trial.suggest_int("y", 1, 8, {.log = true}));
    } else if (i % 4 == 2) {
      EXPECT_TRUE(trial.suggest_int("y", -8, 8));
    }
    EXPECT_TRUE(study->tell(trial.number(),
                            i % 2 == 0 ? std::numeric_limits<double>::infinity() : 1.0));
  }
}

INSTANTIATE_TEST_SUITE_P(Samplers, AnyTpe, ::testing::Values("tpe", "tpe-univariate"));

TEST(TpeSampler, SpreadsParallelTrialsWithTheConstantLiar) {
  const SearchSpace space =
      SearchSpace::parse(R"([{"name":"x","type":"float","low":-3,"high":5}])", "t").value();
  const auto spread = [&](bool liar) {
    double sum = 0;
    for (uint64_t seed = 0; seed < 20; ++seed) {
      auto study = Study::create({.name = "s",
                                  .sampler = make_sampler("tpe", {.constant_liar = liar}).value(),
                                  .seed = seed})
                       .value();
      run(*study, space, 30);
      double low = 9, high = -9;
      for (int i = 0; i < 8; ++i) {
        const double x = study->ask().value().suggest_float("x", -3, 5).value();
        low = std::min(low, x);
        high = std::max(high, x);
      }
      sum += high - low;
    }
    return sum / 20;
  };
  EXPECT_GT(spread(true), spread(false));
}

TEST(MersenneTwister, GivesTheNumbersOfNumpysRandomState) {
  MersenneTwister random(42);  // numpy.random.RandomState(42).random_sample(3)
  EXPECT_EQ(random.unit(), 0.3745401188473625);
  EXPECT_EQ(random.unit(), 0.9507143064099162);
  EXPECT_EQ(random.unit(), 0.7319939418114051);
}

TEST(MakeSampler, RefusesUnknownNamesAndBadOptions) {
  EXPECT_EQ(make_sampler("cma").error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(make_sampler("tpe", {.ei_candidates = 0}));
  EXPECT_FALSE(make_sampler("tpe", {.startup_trials = -1}));
}

TEST(ResumeSeed, IsTheSeedItselfForAFreshStudyOnly) {
  EXPECT_EQ(resume_seed(42, 0), 42u);
  EXPECT_NE(resume_seed(42, 1), 42u);
  EXPECT_NE(resume_seed(42, 1), resume_seed(42, 2));
  EXPECT_NE(fold_seed(uint64_t{1} << 40), fold_seed(uint64_t{1} << 41));
}

}  // namespace
}  // namespace thunderline::cerebros::tpe
