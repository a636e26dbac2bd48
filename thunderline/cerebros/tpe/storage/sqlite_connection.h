#pragma once

#include <memory>
#include <string>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/storage/sql_connection.h"

namespace thunderline::cerebros::tpe {

/// Opens a study file, or makes it when it is missing or empty and `create` says so. Any other file
/// is refused and stays as it is.
/// Errors: kNotFound for a missing file without `create`; kBadData as `check_optuna_schema` and for
/// what is no SQLite file; kUnavailable for one that is locked (5 s), full, or cannot be written.
Result<std::unique_ptr<SqlConnection>> open_sqlite_studies(const std::string& path, bool create);

}  // namespace thunderline::cerebros::tpe
