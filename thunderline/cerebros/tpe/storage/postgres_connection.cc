#include "thunderline/cerebros/tpe/storage/postgres_connection.h"

#include <libpq-fe.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "thunderline/cerebros/tpe/storage/optuna_schema.h"

namespace thunderline::cerebros::tpe {
namespace {

// Types of columns, from PostgreSQL's pg_type catalogue.
constexpr Oid kInt8 = 20;
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kFloat4 = 700;
constexpr Oid kFloat8 = 701;

struct ResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
struct ConnectionDeleter {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using ResultPtr = std::unique_ptr<PGresult, ResultDeleter>;
using ConnectionPtr = std::unique_ptr<PGconn, ConnectionDeleter>;

/// The message's first line.
std::string first_line(const char* message) {
  const std::string_view text = message == nullptr ? "" : message;
  return std::string(text.substr(0, text.find('\n')));
}

/// By the class of the SQLSTATE; none: the connection is gone.
ErrorCode code_of(std::string_view state) {
  if (state.starts_with("23")) return ErrorCode::kRefused;
  if (state.starts_with("42")) return ErrorCode::kInternal;
  return ErrorCode::kUnavailable;
}

/// Each "?" becomes $1, $2, …; our statements have none in texts.
std::string numbered(const std::string& sql) {
  std::string result;
  int next = 1;
  for (const char c : sql) {
    if (c == '?') {
      result += "$" + std::to_string(next++);
    } else {
      result += c;
    }
  }
  return result;
}

std::string parameter_text(const SqlValue& value) {
  if (const auto* whole = std::get_if<int64_t>(&value)) return std::to_string(*whole);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", std::get<double>(value));
  return text;
}

SqlValue column(const PGresult* result, int row, int at) {
  if (PQgetisnull(result, row, at) != 0) return std::monostate();
  const char* text = PQgetvalue(result, row, at);
  switch (PQftype(result, at)) {
    case kInt2:
    case kInt4:
    case kInt8: return static_cast<int64_t>(std::strtoll(text, nullptr, 10));
    case kFloat4:
    case kFloat8: return std::strtod(text, nullptr);
    default: return std::string(text);
  }
}

class PostgresConnection final : public SqlConnection {
 public:
  PostgresConnection(ConnectionPtr connection, std::string place)
      : connection_(std::move(connection)), place_(std::move(place)) {}

  Result<SqlRows> query(const std::string& sql, const std::vector<SqlValue>& values) override {
    std::vector<std::string> texts;
    for (const SqlValue& value : values) {
      const bool null = std::holds_alternative<std::monostate>(value);
      texts.push_back(null ? "" : parameter_text(value));
    }
    std::vector<const char*> pointers;
    for (size_t i = 0; i < values.size(); ++i) {
      const bool null = std::holds_alternative<std::monostate>(values[i]);
      pointers.push_back(null ? nullptr : texts[i].c_str());
    }
    const ResultPtr result(PQexecParams(connection_.get(), numbered(sql).c_str(),
                                        static_cast<int>(values.size()), nullptr, pointers.data(),
                                        nullptr, nullptr, 0));
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return failure(result.get());
    SqlRows rows(static_cast<size_t>(PQntuples(result.get())));
    for (size_t row = 0; row < rows.size(); ++row) {
      for (int at = 0; at < PQnfields(result.get()); ++at) {
        rows[row].push_back(column(result.get(), static_cast<int>(row), at));
      }
    }
    return rows;
  }

  Status begin() override { return execute("BEGIN"); }
  Status commit() override { return execute("COMMIT"); }
  // It fails only where the connection is gone, and the transaction with it.
  void rollback() override { static_cast<void>(execute("ROLLBACK")); }
  const char* for_update() const override { return " FOR UPDATE"; }
  const char* for_claim() const override { return " FOR UPDATE SKIP LOCKED"; }
  const std::string& place() const override { return place_; }

  Status execute(const std::string& sql) {
    Result<SqlRows> rows = query(sql, {});
    if (!rows) return tl::unexpected<Error>(std::move(rows).error());
    return {};
  }

 private:
  tl::unexpected<Error> failure(const PGresult* result) const {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return fail(code_of(state == nullptr ? "" : state),
                "PostgreSQL: " + first_line(PQerrorMessage(connection_.get())), place_,
                "check that the server runs, and try again");
  }

  ConnectionPtr connection_;
  std::string place_;
};

/// `CREATE TYPE` and SERIAL where SQLite has texts and row ids.
std::string in_postgres(std::string sql) {
  const auto replace = [&sql](std::string_view from, std::string_view to) {
    for (size_t at = 0; (at = sql.find(from, at)) != sql.npos; at += to.size()) {
      sql.replace(at, from.size(), to);
    }
  };
  replace("_id INTEGER NOT NULL PRIMARY KEY,", "_id SERIAL NOT NULL PRIMARY KEY,");
  replace("DATETIME", "TIMESTAMP");
  replace("FLOAT", "DOUBLE PRECISION");
  replace("direction VARCHAR(8)", "direction studydirection");
  replace("state VARCHAR(8)", "state trialstate");
  replace("intermediate_value_type VARCHAR(7)", "intermediate_value_type trialintermediatevaluetype");
  replace("value_type VARCHAR(7)", "value_type trialvaluetype");
  return sql;
}

Status make_tables(PostgresConnection& connection) {
  for (const char* type :
       {"CREATE TYPE studydirection AS ENUM ('NOT_SET','MINIMIZE','MAXIMIZE')",
        "CREATE TYPE trialstate AS ENUM ('RUNNING','COMPLETE','PRUNED','FAIL','WAITING')",
        "CREATE TYPE trialvaluetype AS ENUM ('FINITE','INF_POS','INF_NEG')",
        "CREATE TYPE trialintermediatevaluetype AS ENUM ('FINITE','INF_POS','INF_NEG','NAN')"}) {
    TL_RETURN_IF_ERROR(connection.execute(type));
  }
  for (const std::string& statement : optuna_schema_statements()) {
    TL_RETURN_IF_ERROR(connection.execute(in_postgres(statement)));
  }
  return {};
}

/// In one transaction, under a lock of ours, so that of two processes one makes the tables.
Status make_or_check_tables(PostgresConnection& connection, bool create) {
  TL_RETURN_IF_ERROR(connection.execute("SELECT pg_advisory_xact_lock(7310868735422788449)"));
  TL_ASSIGN_OR_RETURN(const SqlRows rows,
                      connection.query("SELECT table_name::text FROM information_schema.tables "
                                       "WHERE table_schema=current_schema()",
                                       {}));
  std::vector<std::string> names;
  for (const SqlRow& row : rows) names.push_back(std::get<std::string>(row[0]));
  const auto has = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  // Other tables may live in the same database, as Optuna lets them.
  if (!has("studies") && !has("trials") && !has("version_info")) {
    if (create) return make_tables(connection);
    return fail(ErrorCode::kNotFound, "the database has no studies", connection.place(),
                "check --storage, or create a study first");
  }
  return check_optuna_schema(connection, names);
}

/// The URL as libpq reads it.
std::string libpq_url(const std::string& url) {
  const size_t plus = url.find('+');
  const size_t scheme = url.find("://");
  if (plus == url.npos || plus > scheme) return url;
  return url.substr(0, plus) + url.substr(scheme);
}

std::string without_password(const std::string& url) {
  std::string shown = url;
  if (const size_t query = shown.find("password="); query != shown.npos) {
    shown.erase(query, shown.find('&', query) - query);
  }
  const size_t begin = shown.find("://") + 3;
  const size_t at = shown.find('@', begin);
  const size_t colon = shown.find(':', begin);
  if (at != shown.npos && colon < at) shown.erase(colon, at - colon);
  return shown;
}

}  // namespace

Result<std::unique_ptr<SqlConnection>> open_postgres_studies(const std::string& url,
                                                             bool create) {
  const std::string place = without_password(url);
  const std::string target = libpq_url(url);
  const char* const keys[] = {"connect_timeout", "dbname", nullptr};
  const char* const values[] = {"5", target.c_str(), nullptr};
  ConnectionPtr raw(PQconnectdbParams(keys, values, 1));
  if (PQstatus(raw.get()) != CONNECTION_OK) {
    return fail(ErrorCode::kUnavailable,
                "PostgreSQL: " + first_line(PQerrorMessage(raw.get())), place,
                "check that the server runs, and the URL's host, user and database");
  }
  PQsetNoticeProcessor(raw.get(), [](void*, const char*) {}, nullptr);
  auto connection = std::make_unique<PostgresConnection>(std::move(raw), place);
  for (const char* setting : {"SET lock_timeout='5s'", "SET datestyle='ISO'", "SET timezone='UTC'",
                              "SET client_encoding='UTF8'", "SET synchronous_commit=on"}) {
    TL_RETURN_IF_ERROR(connection->execute(setting));
  }
  TL_RETURN_IF_ERROR(connection->begin());
  Status ready = make_or_check_tables(*connection, create);
  if (ready) ready = connection->commit();
  if (ready) return connection;
  connection->rollback();
  return tl::unexpected<Error>(std::move(ready).error());
}

}  // namespace thunderline::cerebros::tpe
