#pragma once

#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/storage/sql_connection.h"

namespace thunderline::cerebros::tpe {

/// The statements that make an empty study database: schema version 12, revision v3.2.0.a, as
/// Optuna 3.2 to 5.0 read and write it. Source: Optuna 5.0.0, storages/_rdb/models.py.
std::vector<std::string> optuna_schema_statements();

/// Whether the tables are those that we know. `tables`: the names of all tables there.
/// Errors: kBadData for tables of something else or for another version.
Status check_optuna_schema(SqlConnection& connection, const std::vector<std::string>& tables);

}  // namespace thunderline::cerebros::tpe
