#include "thunderline/cerebros/tpe/storage/sqlite_connection.h"

#include <sys/stat.h>

#include <map>
#include <utility>

#include "thunderline/base/sqlite.h"
#include "thunderline/cerebros/tpe/storage/optuna_schema.h"

namespace thunderline::cerebros::tpe {
namespace {

void bind(SqlStatement& statement, int at, const SqlValue& value) {
  if (const auto* whole = std::get_if<int64_t>(&value)) {
    statement.bind(at, *whole);
  } else if (const auto* real = std::get_if<double>(&value)) {
    statement.bind(at, *real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    statement.bind(at, std::string_view(*text));
  } else {
    statement.bind_null(at);
  }
}

SqlValue column(const SqlStatement& statement, int at) {
  switch (statement.type(at)) {
    case SqlStatement::Type::kNull: return std::monostate();
    case SqlStatement::Type::kInteger: return statement.integer(at);
    case SqlStatement::Type::kReal: return statement.real(at);
    default: return statement.text(at);
  }
}

class SqliteConnection final : public SqlConnection {
 public:
  SqliteConnection(Database db, std::string path) : db_(std::move(db)), path_(std::move(path)) {}

  Result<SqlRows> query(const std::string& sql, const std::vector<SqlValue>& values) override {
    TL_ASSIGN_OR_RETURN(SqlStatement statement, db_.prepare(sql));
    for (size_t i = 0; i < values.size(); ++i) bind(statement, static_cast<int>(i) + 1, values[i]);
    SqlRows rows;
    while (true) {
      TL_ASSIGN_OR_RETURN(const bool more, statement.step());
      if (!more) return rows;
      SqlRow& row = rows.emplace_back();
      for (int i = 0; i < statement.columns(); ++i) row.push_back(column(statement, i));
    }
  }

  Status begin() override { return db_.execute("BEGIN IMMEDIATE"); }
  Status commit() override { return db_.execute("COMMIT"); }
  // It fails only where SQLite has rolled back by itself.
  void rollback() override { static_cast<void>(db_.execute("ROLLBACK")); }
  const char* for_update() const override { return ""; }
  const char* for_claim() const override { return ""; }
  const std::string& place() const override { return path_; }

  Database& database() { return db_; }

 private:
  Database db_;
  std::string path_;
};

Result<std::vector<std::string>> tables_of(SqlConnection& connection) {
  TL_ASSIGN_OR_RETURN(const SqlRows rows,
                      connection.query("SELECT name FROM sqlite_master WHERE type='table'", {}));
  std::vector<std::string> names;
  for (const SqlRow& row : rows) names.push_back(std::get<std::string>(row[0]));
  return names;
}

/// In one transaction, so that of two processes one makes the tables.
Status make_tables(SqlConnection& connection) {
  TL_RETURN_IF_ERROR(connection.begin());
  const auto make = [&]() -> Status {
    TL_ASSIGN_OR_RETURN(const std::vector<std::string> tables, tables_of(connection));
    if (!tables.empty()) {
      // Another process was faster.
      TL_RETURN_IF_ERROR(check_optuna_schema(connection, tables));
      return connection.commit();
    }
    for (const std::string& statement : optuna_schema_statements()) {
      TL_RETURN_IF_ERROR(connection.query(statement, {}));
    }
    return connection.commit();
  };
  Status made = make();
  if (!made) connection.rollback();
  return made;
}

}  // namespace

Result<std::unique_ptr<SqlConnection>> open_sqlite_studies(const std::string& path, bool create) {
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (!exists && !create) {
    return fail(ErrorCode::kNotFound, "there is no such study file", path,
                "check --storage, or create a study first");
  }
  if (exists && !S_ISREG(status.st_mode)) {
    return fail(ErrorCode::kBadData, "a study file must be a regular file", path,
                "name another file");
  }
  TL_ASSIGN_OR_RETURN(Database db, Database::open_untouched(path, create));
  auto connection = std::make_unique<SqliteConnection>(std::move(db), path);
  TL_ASSIGN_OR_RETURN(const std::vector<std::string> tables, tables_of(*connection));
  if (!tables.empty()) TL_RETURN_IF_ERROR(check_optuna_schema(*connection, tables));
  if (tables.empty() && !create) {
    return fail(ErrorCode::kBadData, "the study file is empty", path, "create a study first");
  }
  TL_RETURN_IF_ERROR(connection->database().make_durable());
  if (tables.empty()) TL_RETURN_IF_ERROR(make_tables(*connection));
  return connection;
}

}  // namespace thunderline::cerebros::tpe
