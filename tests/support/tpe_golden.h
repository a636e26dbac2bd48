#pragma once

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "thunderline/base/file_system.h"
#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/tpe/frozen_trial.h"
#include "thunderline/cerebros/tpe/search_space.h"

namespace thunderline::testing {

/// Reads tests/golden/tpe: Optuna's histories, densities and whole studies.
namespace tpe_golden {

using cerebros::tpe::CategoricalDistribution;
using cerebros::tpe::Distribution;
using cerebros::tpe::FloatDistribution;
using cerebros::tpe::FrozenTrial;
using cerebros::tpe::IntDistribution;
using cerebros::tpe::ParamValue;
using cerebros::tpe::TrialPtr;
using cerebros::tpe::TrialState;
using Space = std::vector<std::pair<std::string, cerebros::tpe::DistributionPtr>>;

/// Keys keep their order: it is the order of suggestion.
inline OrderedJson load(const std::string& name) {
  const std::string path = std::string(THUNDERLINE_SOURCE_DIR) + "/tests/golden/tpe/" + name;
  return parse_ordered_json(read_file(posix_file_system(), path).value(), path).value();
}

/// Non-finite numbers are written as strings.
inline double number(const OrderedJson& json) {
  if (!json.is_string()) return json.get<double>();
  const std::string text = json.get<std::string>();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  return text == "Infinity" ? HUGE_VAL : -HUGE_VAL;
}

inline ParamValue value(const OrderedJson& json) {
  if (json.is_string()) return json.get<std::string>();
  if (json.is_number_integer()) return json.get<int64_t>();
  return json.get<double>();
}

inline Distribution distribution(const OrderedJson& json) {
  const OrderedJson& a = json.at("attributes");
  const std::string name = json.at("name");
  if (name == "CategoricalDistribution") {
    CategoricalDistribution d;
    for (const OrderedJson& choice : a.at("choices")) d.choices.push_back(value(choice));
    return d;
  }
  if (name == "IntDistribution") {
    return IntDistribution{a.at("low"), a.at("high"), a.at("log"), a.at("step")};
  }
  FloatDistribution d{a.at("low"), a.at("high"), a.at("log"), {}};
  if (!a.at("step").is_null()) d.step = a.at("step").get<double>();
  return d;
}

inline Space space(const OrderedJson& json) {
  Space result;
  for (const auto& [name, d] : json.items()) {
    result.emplace_back(name, std::make_shared<const Distribution>(distribution(d)));
  }
  return result;
}

inline cerebros::tpe::DistributionPtr find(const Space& space, const std::string& name) {
  for (const auto& [key, d] : space) {
    if (key == name) return d;
  }
  return nullptr;
}

inline TrialState state(const std::string& name) {
  if (name == "COMPLETE") return TrialState::kComplete;
  if (name == "PRUNED") return TrialState::kPruned;
  if (name == "FAIL") return TrialState::kFail;
  return TrialState::kRunning;
}

inline TrialPtr trial(const OrderedJson& json, const Space& space) {
  FrozenTrial t;
  t.number = json.at("number");
  t.state = state(json.at("state"));
  if (!json.at("value").is_null()) t.value = json.at("value").get<double>();
  for (const auto& [name, v] : json.at("params").items()) {
    t.params.push_back({name, value(v), find(space, name)});
  }
  for (const auto& [step, v] : json.at("intermediate_values").items()) {
    t.intermediate_values[std::stoll(step)] = number(v);
  }
  if (json.contains("system_attrs") && json.at("system_attrs").contains("tpe:relative_params:0")) {
    const std::string text = json.at("system_attrs").at("tpe:relative_params:0");
    const OrderedJson drawn = parse_ordered_json(text, "relative params").value();
    for (const auto& [name, v] : drawn.items()) t.relative_params.emplace_back(name, value(v));
  }
  return std::make_shared<const FrozenTrial>(std::move(t));
}

}  // namespace tpe_golden
}  // namespace thunderline::testing
