#include "thunderline/cerebros/tpe/storage/sql_trials.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "thunderline/cerebros/tpe/storage/optuna_json.h"

namespace thunderline::cerebros::tpe {
namespace {

constexpr std::string_view kRelative = "tpe:relative_params:";
constexpr std::string_view kRung = "completed_rung_";
constexpr std::string_view kConstraint = "constraints:";

std::string text_of(const SqlValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr ? std::string() : *text;
}

int64_t whole_of(const SqlValue& value) {
  const auto* whole = std::get_if<int64_t>(&value);
  return whole == nullptr ? 0 : *whole;
}

std::optional<TrialState> state_from(const SqlValue& value) {
  const std::string text = text_of(value);
  for (TrialState state : {TrialState::kRunning, TrialState::kComplete, TrialState::kPruned,
                           TrialState::kFail, TrialState::kWaiting}) {
    if (text == stored_state(state)) return state;
  }
  return std::nullopt;
}

/// One trial while its rows are gathered.
struct Gathered {
  FrozenTrial trial;
  std::map<int64_t, std::string> relative;  ///< Chunks by their number.
  std::map<int64_t, double> rungs;
};

/// The whole number behind a key's prefix, or nothing.
std::optional<int64_t> key_number(std::string_view key, std::string_view prefix) {
  if (!key.starts_with(prefix) || key.size() == prefix.size()) return std::nullopt;
  int64_t number = 0;
  for (const char c : key.substr(prefix.size())) {
    if (c < '0' || c > '9' || number > 1'000'000) return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

Status take_system_attribute(Gathered& gathered, const std::string& key, const std::string& json,
                             const std::string& where) {
  FrozenTrial& trial = gathered.trial;
  if (key == "fixed_params") {
    TL_ASSIGN_OR_RETURN(trial.fixed_params, parse_params(json, where));
  } else if (const auto chunk = key_number(key, kRelative)) {
    TL_ASSIGN_OR_RETURN(gathered.relative[*chunk], parse_text(json, where));
  } else if (const auto rung = key_number(key, kRung)) {
    TL_ASSIGN_OR_RETURN(const std::vector<double> value, parse_numbers(json, where));
    if (!value.empty()) gathered.rungs[*rung] = value.front();
  } else if (key == "constraints" || key.starts_with(kConstraint)) {
    TL_ASSIGN_OR_RETURN(const std::vector<double> values, parse_numbers(json, where));
    trial.constraints.insert(trial.constraints.end(), values.begin(), values.end());
  } else {
    trial.system_attributes[key] = json;
  }
  return {};
}

Status finish(Gathered& gathered, const std::string& where) {
  if (!gathered.relative.empty()) {
    std::string text;
    for (const auto& [number, chunk] : gathered.relative) text += chunk;
    TL_ASSIGN_OR_RETURN(gathered.trial.relative_params, parse_params(text, where));
  }
  for (const auto& [rung, value] : gathered.rungs) {
    if (rung != static_cast<int64_t>(gathered.trial.rung_values.size())) break;
    gathered.trial.rung_values.push_back(value);
  }
  return {};
}

/// Reads what belongs to some trials, one table after the other.
class Gatherer {
 public:
  Gatherer(SqlConnection& connection, std::map<int64_t, Gathered>& trials)
      : connection_(connection), trials_(trials) {
    for (const auto& [id, gathered] : trials) {
      if (!ids_.empty()) ids_ += ',';
      ids_ += std::to_string(id);
    }
  }

  Status run() {
    TL_RETURN_IF_ERROR(params());
    TL_RETURN_IF_ERROR(values());
    TL_RETURN_IF_ERROR(intermediate_values());
    TL_RETURN_IF_ERROR(attributes());
    for (auto& [id, gathered] : trials_) TL_RETURN_IF_ERROR(finish(gathered, where(id)));
    return {};
  }

 private:
  std::string where(int64_t id) const {
    return connection_.place() + ", trial " + std::to_string(trials_.at(id).trial.number);
  }

  Result<SqlRows> rows(const std::string& columns, const std::string& table,
                       const std::string& order) {
    return connection_.query("SELECT trial_id, " + columns + " FROM " + table +
                                 " WHERE trial_id IN (" + ids_ + ") ORDER BY " + order,
                             {});
  }

  DistributionPtr intern(Distribution distribution, const std::string& json) {
    DistributionPtr& kept = distributions_[json];
    if (!kept) kept = std::make_shared<const Distribution>(std::move(distribution));
    return kept;
  }

  Status params() {
    TL_ASSIGN_OR_RETURN(const SqlRows found, rows("param_name, param_value, distribution_json",
                                                  "trial_params", "param_id"));
    for (const SqlRow& row : found) {
      const int64_t id = whole_of(row[0]);
      const std::string json = text_of(row[3]);
      DistributionPtr distribution = distributions_[json];
      if (!distribution) {
        TL_ASSIGN_OR_RETURN(Distribution parsed, parse_distribution(json, where(id)));
        distribution = intern(std::move(parsed), json);
      }
      const auto* real = std::get_if<double>(&row[2]);
      const double internal = real != nullptr ? *real : static_cast<double>(whole_of(row[2]));
      const auto* choice = std::get_if<CategoricalDistribution>(distribution.get());
      if (choice != nullptr &&
          !(internal >= 0 && internal < static_cast<double>(choice->choices.size()))) {
        return fail(ErrorCode::kBadData,
                    "parameter \"" + text_of(row[1]) + "\" has a choice that is not there",
                    where(id));
      }
      trials_.at(id).trial.params.push_back(
          {text_of(row[1]), to_external(*distribution, internal), distribution});
    }
    return {};
  }

  Status values() {
    TL_ASSIGN_OR_RETURN(const SqlRows found,
                        rows("value, value_type", "trial_values", "trial_id, objective"));
    std::map<int64_t, std::vector<double>> by_trial;
    for (const SqlRow& row : found) {
      by_trial[whole_of(row[0])].push_back(stored_number(row[1], row[2]));
    }
    for (auto& [id, numbers] : by_trial) {
      FrozenTrial& trial = trials_.at(id).trial;
      trial.value = numbers.front();
      if (numbers.size() > 1) trial.objective_values = std::move(numbers);
    }
    return {};
  }

  Status intermediate_values() {
    TL_ASSIGN_OR_RETURN(const SqlRows found,
                        rows("step, intermediate_value, intermediate_value_type",
                             "trial_intermediate_values", "trial_id, step"));
    for (const SqlRow& row : found) {
      trials_.at(whole_of(row[0])).trial.intermediate_values[whole_of(row[1])] =
          stored_number(row[2], row[3]);
    }
    return {};
  }

  Status attributes() {
    TL_ASSIGN_OR_RETURN(const SqlRows own, rows("\"key\", value_json", "trial_user_attributes",
                                                "trial_user_attribute_id"));
    for (const SqlRow& row : own) {
      trials_.at(whole_of(row[0])).trial.user_attributes[text_of(row[1])] = text_of(row[2]);
    }
    TL_ASSIGN_OR_RETURN(const SqlRows system,
                        rows("\"key\", value_json", "trial_system_attributes",
                             "trial_system_attribute_id"));
    for (const SqlRow& row : system) {
      const int64_t id = whole_of(row[0]);
      TL_RETURN_IF_ERROR(
          take_system_attribute(trials_.at(id), text_of(row[1]), text_of(row[2]), where(id)));
    }
    return {};
  }

  SqlConnection& connection_;
  std::map<int64_t, Gathered>& trials_;
  std::string ids_;
  std::map<std::string, DistributionPtr> distributions_;
};

}  // namespace

double stored_number(const SqlValue& value, const SqlValue& type) {
  const std::string name = text_of(type);
  if (name == "INF_POS") return std::numeric_limits<double>::infinity();
  if (name == "INF_NEG") return -std::numeric_limits<double>::infinity();
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* whole = std::get_if<int64_t>(&value)) return static_cast<double>(*whole);
  return std::numeric_limits<double>::quiet_NaN();
}

std::pair<SqlValue, SqlValue> number_to_store(double number) {
  if (std::isfinite(number)) return {number, std::string("FINITE")};
  if (std::isnan(number)) return {std::monostate(), std::string("NAN")};
  return {std::monostate(), std::string(number > 0 ? "INF_POS" : "INF_NEG")};
}

const char* stored_state(TrialState state) {
  switch (state) {
    case TrialState::kRunning: return "RUNNING";
    case TrialState::kComplete: return "COMPLETE";
    case TrialState::kPruned: return "PRUNED";
    case TrialState::kFail: return "FAIL";
    case TrialState::kWaiting: return "WAITING";
  }
  return "";
}

Result<SqlTrials::Kept*> SqlTrials::kept_for(int64_t study) {
  TL_ASSIGN_OR_RETURN(
      const SqlRows found,
      connection_.query("SELECT study_name FROM studies WHERE study_id=?", {study}));
  if (found.empty()) {
    studies_.erase(study);
    return fail(ErrorCode::kNotFound, "no such study", "study id " + std::to_string(study));
  }
  Kept& kept = studies_[study];
  // SQLite gives the id of a deleted study to the next one.
  const std::string name = text_of(found[0][0]);
  if (kept.name != name) kept = Kept{.name = name, .trials = {}, .ids = {}, .open = {}};
  return &kept;
}

Status SqlTrials::read_rows(int64_t study, Kept& kept) {
  std::string changed = "trial_id > " + std::to_string(kept.ids.empty() ? -1 : kept.ids.back());
  std::string open;
  for (const size_t at : kept.open) open += (open.empty() ? "" : ",") + std::to_string(kept.ids[at]);
  if (!open.empty()) changed = "(" + changed + " OR trial_id IN (" + open + "))";
  TL_ASSIGN_OR_RETURN(
      const SqlRows rows,
      connection_.query("SELECT trial_id, number, state, datetime_start, datetime_complete FROM "
                        "trials WHERE study_id=? AND " + changed + " ORDER BY trial_id",
                        {study}));
  std::map<int64_t, Gathered> gathered;
  for (const SqlRow& row : rows) {
    FrozenTrial& trial = gathered[whole_of(row[0])].trial;
    trial.number = static_cast<int>(whole_of(row[1]));
    const std::optional<TrialState> state = state_from(row[2]);
    if (!state) {
      return fail(ErrorCode::kBadData, "unknown trial state \"" + text_of(row[2]) + "\"",
                  connection_.place());
    }
    trial.state = *state;
    trial.started = text_of(row[3]);
    trial.completed = text_of(row[4]);
  }
  if (gathered.empty()) return {};
  TL_RETURN_IF_ERROR(Gatherer(connection_, gathered).run());
  for (auto& [id, entry] : gathered) {
    const auto number = static_cast<size_t>(entry.trial.number);
    if (entry.trial.number < 0 || number > kept.trials.size() ||
        (number < kept.trials.size() && kept.ids[number] != id)) {
      return fail(ErrorCode::kBadData, "the numbers of the trials have a gap", connection_.place());
    }
    if (number == kept.trials.size()) {
      kept.trials.emplace_back();
      kept.ids.push_back(id);
    }
    kept.trials[number] = std::make_shared<const FrozenTrial>(std::move(entry.trial));
  }
  kept.open.clear();
  for (size_t at = 0; at < kept.trials.size(); ++at) {
    if (!is_finished(kept.trials[at]->state)) kept.open.push_back(at);
  }
  return {};
}

Result<std::vector<TrialPtr>> SqlTrials::read(int64_t study) {
  TL_ASSIGN_OR_RETURN(Kept * kept, kept_for(study));
  TL_RETURN_IF_ERROR(read_rows(study, *kept));
  return kept->trials;
}

int64_t SqlTrials::trial_id(int64_t study, int number) const {
  return studies_.at(study).ids[static_cast<size_t>(number)];
}

}  // namespace thunderline::cerebros::tpe
