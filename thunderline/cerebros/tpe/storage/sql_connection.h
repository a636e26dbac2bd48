#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline::cerebros::tpe {

/// A value of a column or of a `?`; monostate is NULL.
using SqlValue = std::variant<std::monostate, int64_t, double, std::string>;
using SqlRow = std::vector<SqlValue>;
using SqlRows = std::vector<SqlRow>;

/// One connection to a database with Optuna's tables. The dialect that SQLite and PostgreSQL share:
/// `?` for values, RETURNING, ON CONFLICT. Not thread-safe.
/// Errors, for every call: as `thunderline::Database`.
class SqlConnection {
 public:
  virtual ~SqlConnection() = default;

  virtual Result<SqlRows> query(const std::string& sql, const std::vector<SqlValue>& values) = 0;

  /// Starts a transaction that will write. Until it ends, nobody else changes the rows that it
  /// changed or read with `for_update`; SQLite lets nobody else write at all.
  virtual Status begin() = 0;
  virtual Status commit() = 0;
  virtual void rollback() = 0;

  /// What a SELECT of a row that is to be changed ends with.
  virtual const char* for_update() const = 0;

  /// The same, for a SELECT that looks for work: rows that others are just changing are left out.
  virtual const char* for_claim() const = 0;

  /// Where errors lie: a path, or a URL without its password.
  virtual const std::string& place() const = 0;
};

}  // namespace thunderline::cerebros::tpe
