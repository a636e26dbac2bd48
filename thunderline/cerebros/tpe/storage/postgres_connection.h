#pragma once

#include <memory>
#include <string>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/storage/sql_connection.h"

namespace thunderline::cerebros::tpe {

/// Connects to `postgresql://USER:PASSWORD@HOST:PORT/DATABASE` (all that libpq takes; SQLAlchemy's
/// `postgresql+psycopg2://` too). `create`: make Optuna's tables where there are none; tables of
/// something else may stand beside them.
/// Errors: kUnavailable when the server cannot be reached (5 s) or a lock is held for longer than
/// 5 s; kNotFound for a database without studies and no `create`; kBadData as `check_optuna_schema`.
Result<std::unique_ptr<SqlConnection>> open_postgres_studies(const std::string& url, bool create);

}  // namespace thunderline::cerebros::tpe
