// Equal to Optuna's PED-ANOVA; tests/interop/gen/importance_golden.py made the data.

#include "thunderline/cerebros/tpe/importance.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/tpe/storage/optuna_json.h"

namespace thunderline::cerebros::tpe {
namespace {

std::vector<TrialPtr> trials_of(const OrderedJson& golden) {
  std::vector<DistributionPtr> distributions;
  for (const OrderedJson& text : golden["distributions"]) {
    distributions.push_back(std::make_shared<const Distribution>(
        parse_distribution(text.get<std::string>(), "golden").value()));
  }
  std::vector<TrialPtr> trials;
  for (const OrderedJson& row : golden["trials"]) {
    FrozenTrial trial{.number = static_cast<int>(trials.size()), .state = TrialState::kFail};
    if (row["state"] == "COMPLETE") trial.state = TrialState::kComplete;
    if (row["value"].is_number()) trial.value = row["value"].get<double>();
    if (row["value"] == "inf") trial.value = std::numeric_limits<double>::infinity();
    for (const auto& [name, entry] : row["params"].items()) {
      const DistributionPtr& d = distributions[entry[1].get<size_t>()];
      trial.params.push_back({name, to_external(*d, entry[0].get<double>()), d});
    }
    trials.push_back(std::make_shared<const FrozenTrial>(std::move(trial)));
  }
  return trials;
}

TEST(ParameterImportances, EqualOptunas) {
  std::ifstream file(std::string(THUNDERLINE_SOURCE_DIR) + "/tests/golden/tpe/importances.json");
  const OrderedJson golden = OrderedJson::parse(file);
  for (const OrderedJson& one : golden["cases"]) {
    const Direction direction =
        one["direction"] == "minimize" ? Direction::kMinimize : Direction::kMaximize;
    const auto importances = parameter_importances(trials_of(one), direction);
    ASSERT_EQ(importances.size(), one["importances"].size());
    for (const auto& [name, importance] : importances) {
      EXPECT_NEAR(importance, one["importances"][name].get<double>(), 1e-6)
          << one["kind"] << " " << name;
    }
  }
}

TEST(ParameterImportances, AreEqualWhereNothingCanBeTold) {
  EXPECT_TRUE(parameter_importances({}, Direction::kMinimize).empty());
  FrozenTrial trial{.state = TrialState::kComplete};
  trial.value = 1;
  const auto unit = std::make_shared<const Distribution>(FloatDistribution{0, 1, false, {}});
  trial.params = {{"a", 0.5, unit}, {"b", 0.5, unit}};
  const auto importances = parameter_importances({std::make_shared<const FrozenTrial>(trial)},
                                                 Direction::kMinimize);
  ASSERT_EQ(importances.size(), 2u);
  EXPECT_EQ(importances[0].second, 0.5);
}

}  // namespace
}  // namespace thunderline::cerebros::tpe
