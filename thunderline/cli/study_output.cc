#include "thunderline/cli/study_output.h"

#include <cmath>
#include <utility>

#include "thunderline/cerebros/tpe/param_json.h"
#include "thunderline/cerebros/tpe/storage/optuna_json.h"
#include "thunderline/cli/output.h"

namespace thunderline::cli {
namespace {

namespace tpe = cerebros::tpe;

OrderedJson numbers_json(const std::vector<double>& numbers) {
  OrderedJson list = OrderedJson::array();
  for (const double number : numbers) list.push_back(number_json(number));
  return list;
}

std::string value_text(const tpe::FrozenTrial& trial) {
  if (!trial.value) return "-";
  if (trial.objective_values.empty()) return number_text(*trial.value);
  std::string text;
  for (const double value : trial.objective_values) {
    text += (text.empty() ? "" : ", ") + number_text(value);
  }
  return text;
}

}  // namespace

OrderedJson attributes_json(const std::map<std::string, std::string>& attributes) {
  OrderedJson json = OrderedJson::object();
  for (const auto& [key, text] : attributes) {
    auto parsed = parse_ordered_json(tpe::portable_json(text), key);
    json[key] = parsed ? *std::move(parsed) : OrderedJson(text);
  }
  return json;
}

OrderedJson number_json(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

OrderedJson trial_json(const tpe::FrozenTrial& trial, bool with_state) {
  OrderedJson json = {{"number", trial.number}};
  if (with_state) json["state"] = tpe::state_name(trial.state);
  json["value"] = trial.value ? number_json(*trial.value) : OrderedJson(nullptr);
  if (!trial.objective_values.empty()) json["values"] = numbers_json(trial.objective_values);
  json["params"] = tpe::json_of(trial.values());
  return json;
}

OrderedJson whole_trial_json(const tpe::FrozenTrial& trial) {
  OrderedJson json = trial_json(trial, true);
  OrderedJson distributions = OrderedJson::object();
  for (const tpe::TrialParam& param : trial.params) {
    distributions[param.name] = OrderedJson::parse(tpe::distribution_json(*param.distribution));
  }
  json["distributions"] = std::move(distributions);
  OrderedJson intermediate = OrderedJson::object();
  for (const auto& [step, value] : trial.intermediate_values) {
    intermediate[std::to_string(step)] = number_json(value);
  }
  json["intermediate_values"] = std::move(intermediate);
  json["constraints"] = numbers_json(trial.constraints);
  json["fixed_params"] = tpe::json_of(trial.fixed_params);
  json["user_attributes"] = attributes_json(trial.user_attributes);
  json["system_attributes"] = attributes_json(trial.system_attributes);
  json["started"] = trial.started.empty() ? OrderedJson(nullptr) : OrderedJson(trial.started);
  json["completed"] = trial.completed.empty() ? OrderedJson(nullptr) : OrderedJson(trial.completed);
  return json;
}

tpe::TrialPtr best_trial(const tpe::StudyRecord& record, const std::vector<tpe::TrialPtr>& trials) {
  return record.directions.size() > 1 ? nullptr : tpe::best_of(trials, record.direction);
}

std::string directions_text(const tpe::StudyRecord& record) {
  std::string text;
  for (const tpe::Direction direction : record.directions) {
    text += (text.empty() ? "" : ", ") + std::string(tpe::direction_name(direction));
  }
  return text;
}

OrderedJson study_json(const tpe::StudyRecord& record, const std::vector<tpe::TrialPtr>& trials) {
  OrderedJson json = {{"study", record.name},
                      {"direction", tpe::direction_name(record.direction)}};
  if (record.directions.size() > 1) {
    json["directions"] = OrderedJson::array();
    for (const auto direction : record.directions) {
      json["directions"].push_back(tpe::direction_name(direction));
    }
  }
  const tpe::TrialPtr best = best_trial(record, trials);
  json["best"] = best == nullptr ? OrderedJson(nullptr) : trial_json(*best, false);
  OrderedJson list = OrderedJson::array();
  for (const tpe::TrialPtr& trial : trials) list.push_back(trial_json(*trial, true));
  json["trials"] = std::move(list);
  return json;
}

std::string params_text(const tpe::Params& params) {
  std::string text;
  for (const auto& [name, value] : params) {
    text += (text.empty() ? "" : " ") + name + "=" + tpe::to_string(value);
  }
  return text;
}

std::string study_text(const tpe::StudyRecord& record, const std::vector<tpe::TrialPtr>& trials) {
  Table table({"TRIAL", "STATE", "VALUE", "PARAMETERS"});
  for (const tpe::TrialPtr& trial : trials) {
    table.add({std::to_string(trial->number), tpe::state_name(trial->state), value_text(*trial),
               params_text(trial->values())});
  }
  std::string text = record.name + " (" + directions_text(record) + ")\n" + table.text();
  if (const tpe::TrialPtr best = best_trial(record, trials)) {
    text += "\nbest: trial " + std::to_string(best->number) + ", " + number_text(*best->value) +
            ", " + params_text(best->values());
  }
  return text;
}

}  // namespace thunderline::cli
