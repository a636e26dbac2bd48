// Decisions equal to Optuna's; tests/interop/gen/pruner_golden.py made the data.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/tpe/pruners/asha_pruner.h"
#include "thunderline/cerebros/tpe/pruners/hyperband_pruner.h"
#include "thunderline/cerebros/tpe/pruners/patient_pruner.h"
#include "thunderline/cerebros/tpe/pruners/percentile_pruner.h"
#include "thunderline/cerebros/tpe/pruners/threshold_pruner.h"
#include "thunderline/cerebros/tpe/study.h"

namespace thunderline::cerebros::tpe {
namespace {

template <typename T>
void take(const OrderedJson& options, const char* key, T& value) {
  if (options.contains(key)) value = options[key].get<T>();
}

template <typename T>
void take(const OrderedJson& options, const char* key, std::optional<T>& value) {
  if (options.contains(key)) value = options[key].get<T>();
}

std::unique_ptr<Pruner> percentile(const OrderedJson& json) {
  PercentilePruner::Options options;
  take(json, "percentile", options.percentile);
  take(json, "n_startup_trials", options.startup_trials);
  take(json, "n_warmup_steps", options.warmup_steps);
  take(json, "interval_steps", options.interval_steps);
  return std::make_unique<PercentilePruner>(options);
}

std::unique_ptr<Pruner> asha(const OrderedJson& json) {
  AshaPruner::Options options;
  take(json, "min_resource", options.min_resource);
  take(json, "reduction_factor", options.reduction_factor);
  return std::make_unique<AshaPruner>(options);
}

std::unique_ptr<Pruner> hyperband(const OrderedJson& json) {
  HyperbandPruner::Options options;
  take(json, "min_resource", options.min_resource);
  take(json, "max_resource", options.max_resource);
  take(json, "reduction_factor", options.reduction_factor);
  take(json, "bootstrap_count", options.bootstrap_count);
  return std::make_unique<HyperbandPruner>(options);
}

std::unique_ptr<Pruner> threshold(const OrderedJson& json) {
  ThresholdPruner::Options options;
  take(json, "lower", options.lower);
  take(json, "upper", options.upper);
  take(json, "n_warmup_steps", options.warmup_steps);
  take(json, "interval_steps", options.interval_steps);
  return std::make_unique<ThresholdPruner>(options);
}

std::unique_ptr<Pruner> patient(const OrderedJson& json) {
  PatientPruner::Options options;
  take(json, "patience", options.patience);
  take(json, "min_delta", options.min_delta);
  return std::make_unique<PatientPruner>(
      json.contains("wrapped") ? percentile(OrderedJson::object()) : nullptr, options);
}

std::unique_ptr<Pruner> pruner_of(const OrderedJson& one) {
  const OrderedJson& options = one["options"];
  if (one["pruner"] == "hyperband") return hyperband(options);
  if (one["pruner"] == "threshold") return threshold(options);
  if (one["pruner"] == "patient") return patient(options);
  if (one["pruner"] == "asha") return asha(options);
  return percentile(options);
}

double number_of(const OrderedJson& json) {
  if (json.is_number()) return json.get<double>();
  if (json == "nan") return std::nan("");
  const double infinity = std::numeric_limits<double>::infinity();
  return json == "inf" ? infinity : -infinity;
}

/// Repeats the events; counts the decisions.
void replay(const OrderedJson& one, int& decisions) {
  Study::Options options;
  options.name = one["study"].get<std::string>();
  options.direction =
      one["direction"] == "minimize" ? Direction::kMinimize : Direction::kMaximize;
  options.pruner = pruner_of(one);
  const auto study = Study::create(std::move(options)).value();
  int asked = 0;
  for (const OrderedJson& event : one["events"]) {
    const int number = event[0].get<int>();
    for (; asked <= number; ++asked) ASSERT_TRUE(study->ask());
    if (event[1] == "complete") {
      ASSERT_TRUE(study->tell(number, event[2].get<double>()));
      continue;
    }
    Trial trial = study->running_trial(number).value();
    ASSERT_TRUE(trial.report(event[1].get<int64_t>(), number_of(event[2])));
    const bool prune = trial.should_prune().value();
    ASSERT_EQ(prune, event[3].get<bool>()) << one["pruner"] << one["options"] << event;
    if (prune) {
      ASSERT_TRUE(study->tell(number, TrialState::kPruned));
    }
    ++decisions;
  }
}

TEST(Pruners, DecideAsOptunaDoes) {
  std::ifstream file(std::string(THUNDERLINE_SOURCE_DIR) + "/tests/golden/tpe/pruner_decisions.json");
  const OrderedJson golden = OrderedJson::parse(file);
  int decisions = 0;
  for (const OrderedJson& one : golden["cases"]) replay(one, decisions);
  EXPECT_GT(decisions, 3000);
}

}  // namespace
}  // namespace thunderline::cerebros::tpe
