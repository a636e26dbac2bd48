#include "thunderline/cerebros/tpe/storage/optuna_schema.h"

#include <algorithm>

namespace thunderline::cerebros::tpe {
namespace {

constexpr int64_t kSchemaVersion = 12;

// v3.0.0.d differs in one index only.
constexpr const char* kRevision = "v3.2.0.a";
constexpr const char* kRevisions[] = {"v3.0.0.d", kRevision};

Status other_version(const std::string& found, const SqlConnection& connection) {
  return fail(ErrorCode::kBadData, "the study database has the schema " + found,
              connection.place(),
              "Optuna 3.0 to 5.0 write the one that is read here: upgrade it with `optuna storage "
              "upgrade`");
}

std::string text_of(const SqlRows& rows) {
  if (rows.empty()) return "without a version";
  const SqlValue& value = rows.front().front();
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<int64_t>(&value)) return "version " + std::to_string(*number);
  return "without a version";
}

}  // namespace

std::vector<std::string> optuna_schema_statements() {
  return {
      "CREATE TABLE studies(study_id INTEGER NOT NULL PRIMARY KEY, study_name VARCHAR(512) NOT NULL)",
      "CREATE UNIQUE INDEX ix_studies_study_name ON studies(study_name)",
      "CREATE TABLE version_info(version_info_id INTEGER NOT NULL PRIMARY KEY "
      "CHECK(version_info_id=1), schema_version INTEGER, library_version VARCHAR(256))",
      "CREATE TABLE study_directions(study_direction_id INTEGER NOT NULL PRIMARY KEY, "
      "direction VARCHAR(8) NOT NULL, study_id INTEGER NOT NULL REFERENCES studies(study_id), "
      "objective INTEGER NOT NULL, UNIQUE(study_id,objective))",
      "CREATE TABLE study_user_attributes(study_user_attribute_id INTEGER NOT NULL PRIMARY KEY, "
      "study_id INTEGER REFERENCES studies(study_id), \"key\" VARCHAR(512), value_json TEXT, "
      "UNIQUE(study_id,\"key\"))",
      "CREATE TABLE study_system_attributes(study_system_attribute_id INTEGER NOT NULL PRIMARY KEY, "
      "study_id INTEGER REFERENCES studies(study_id), \"key\" VARCHAR(512), value_json TEXT, "
      "UNIQUE(study_id,\"key\"))",
      "CREATE TABLE trials(trial_id INTEGER NOT NULL PRIMARY KEY, number INTEGER, "
      "study_id INTEGER REFERENCES studies(study_id), state VARCHAR(8) NOT NULL, "
      "datetime_start DATETIME, datetime_complete DATETIME)",
      "CREATE INDEX ix_trials_study_id ON trials(study_id)",
      "CREATE TABLE trial_user_attributes(trial_user_attribute_id INTEGER NOT NULL PRIMARY KEY, "
      "trial_id INTEGER REFERENCES trials(trial_id), \"key\" VARCHAR(512), value_json TEXT, "
      "UNIQUE(trial_id,\"key\"))",
      "CREATE TABLE trial_system_attributes(trial_system_attribute_id INTEGER NOT NULL PRIMARY KEY, "
      "trial_id INTEGER REFERENCES trials(trial_id), \"key\" VARCHAR(512), value_json TEXT, "
      "UNIQUE(trial_id,\"key\"))",
      "CREATE TABLE trial_params(param_id INTEGER NOT NULL PRIMARY KEY, "
      "trial_id INTEGER REFERENCES trials(trial_id), param_name VARCHAR(512), param_value FLOAT, "
      "distribution_json TEXT, UNIQUE(trial_id,param_name))",
      "CREATE TABLE trial_values(trial_value_id INTEGER NOT NULL PRIMARY KEY, "
      "trial_id INTEGER NOT NULL REFERENCES trials(trial_id), objective INTEGER NOT NULL, "
      "value FLOAT, value_type VARCHAR(7) NOT NULL, UNIQUE(trial_id,objective))",
      "CREATE TABLE trial_intermediate_values(trial_intermediate_value_id INTEGER NOT NULL "
      "PRIMARY KEY, trial_id INTEGER NOT NULL REFERENCES trials(trial_id), step INTEGER NOT NULL, "
      "intermediate_value FLOAT, intermediate_value_type VARCHAR(7) NOT NULL, "
      "UNIQUE(trial_id,step))",
      "CREATE TABLE trial_heartbeats(trial_heartbeat_id INTEGER NOT NULL PRIMARY KEY, "
      "trial_id INTEGER NOT NULL UNIQUE REFERENCES trials(trial_id), heartbeat DATETIME NOT NULL)",
      "CREATE TABLE alembic_version(version_num VARCHAR(32) NOT NULL CONSTRAINT "
      "alembic_version_pkc PRIMARY KEY)",
      "INSERT INTO version_info VALUES(1,12,'4.9.0')",
      std::string("INSERT INTO alembic_version VALUES('") + kRevision + "')",
  };
}

Status check_optuna_schema(SqlConnection& connection, const std::vector<std::string>& tables) {
  for (const char* needed : {"studies", "study_directions", "trials", "trial_params",
                             "trial_values", "trial_system_attributes", "version_info"}) {
    if (std::find(tables.begin(), tables.end(), needed) == tables.end()) {
      return fail(ErrorCode::kBadData, "this is a database of something else, without studies",
                  connection.place(), "name another file; this one was left as it is");
    }
  }
  TL_ASSIGN_OR_RETURN(const SqlRows version,
                      connection.query("SELECT schema_version FROM version_info", {}));
  if (version.empty() || version[0][0] != SqlValue(kSchemaVersion)) {
    return other_version(text_of(version), connection);
  }
  if (std::find(tables.begin(), tables.end(), "alembic_version") == tables.end()) {
    return other_version("without a revision", connection);
  }
  TL_ASSIGN_OR_RETURN(const SqlRows revision,
                      connection.query("SELECT version_num FROM alembic_version", {}));
  const bool known = !revision.empty() &&
                     std::any_of(std::begin(kRevisions), std::end(kRevisions), [&](const char* r) {
                       return revision[0][0] == SqlValue(std::string(r));
                     });
  return known ? Status() : other_version(text_of(revision), connection);
}

}  // namespace thunderline::cerebros::tpe
