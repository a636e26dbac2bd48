#include "thunderline/base/sqlite.h"

#include <sqlite3.h>

#include <utility>

namespace thunderline {
namespace {

constexpr int kBusyTimeoutMs = 5000;

ErrorCode code_of(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return ErrorCode::kBadData;
    case SQLITE_CONSTRAINT:
      return ErrorCode::kRefused;
    case SQLITE_TOOBIG:
    case SQLITE_NOMEM:
      return ErrorCode::kResourceLimit;
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
      return ErrorCode::kInternal;
    default:
      return ErrorCode::kUnavailable;
  }
}

std::string hint_of(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another process holds it; end that one, or try again";
    case SQLITE_FULL:
      return "make room on the disk";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return "check that the file and its folder can be written";
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return "restore it from a copy, or name another file";
    default:
      return "";
  }
}

tl::unexpected<Error> failure(sqlite3* db, int sqlite_code) {
  const char* path = db == nullptr ? nullptr : sqlite3_db_filename(db, "main");
  return fail(code_of(sqlite_code),
              std::string("SQLite: ") +
                  (db == nullptr ? sqlite3_errstr(sqlite_code) : sqlite3_errmsg(db)),
              path == nullptr ? "" : path, hint_of(sqlite_code));
}

}  // namespace

SqlStatement::SqlStatement(SqlStatement&& other) noexcept
    : db_(other.db_),
      statement_(std::exchange(other.statement_, nullptr)),
      bind_failure_(other.bind_failure_) {}

SqlStatement& SqlStatement::operator=(SqlStatement&& other) noexcept {
  std::swap(db_, other.db_);
  std::swap(statement_, other.statement_);
  std::swap(bind_failure_, other.bind_failure_);
  return *this;
}

SqlStatement::~SqlStatement() { sqlite3_finalize(statement_); }

SqlStatement& SqlStatement::bind(int at, int64_t value) {
  bind_failure_ |= sqlite3_bind_int64(statement_, at, value);
  return *this;
}

SqlStatement& SqlStatement::bind(int at, double value) {
  bind_failure_ |= sqlite3_bind_double(statement_, at, value);
  return *this;
}

SqlStatement& SqlStatement::bind(int at, std::string_view text) {
  bind_failure_ |= sqlite3_bind_text64(statement_, at, text.data() == nullptr ? "" : text.data(),
                                       text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

SqlStatement& SqlStatement::bind_blob(int at, std::span<const std::byte> bytes) {
  // A null pointer would bind NULL instead of an empty blob.
  bind_failure_ |= bytes.empty() ? sqlite3_bind_zeroblob(statement_, at, 0)
                                 : sqlite3_bind_blob64(statement_, at, bytes.data(), bytes.size(),
                                                       SQLITE_TRANSIENT);
  return *this;
}

SqlStatement& SqlStatement::bind_null(int at) {
  bind_failure_ |= sqlite3_bind_null(statement_, at);
  return *this;
}

Result<bool> SqlStatement::step() {
  if (bind_failure_ != SQLITE_OK) return failure(db_, std::exchange(bind_failure_, SQLITE_OK));
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  auto error = failure(db_, code);
  sqlite3_reset(statement_);
  return error;
}

Status SqlStatement::run() {
  auto stepped = step();
  reset();
  if (!stepped) return tl::unexpected<Error>(std::move(stepped).error());
  return {};
}

void SqlStatement::reset() { sqlite3_reset(statement_); }

SqlStatement::Type SqlStatement::type(int column) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_NULL: return Type::kNull;
    case SQLITE_INTEGER: return Type::kInteger;
    case SQLITE_FLOAT: return Type::kReal;
    case SQLITE_TEXT: return Type::kText;
    default: return Type::kBlob;
  }
}

int SqlStatement::columns() const { return sqlite3_column_count(statement_); }

bool SqlStatement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

int64_t SqlStatement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

double SqlStatement::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string SqlStatement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (data == nullptr) return {};
  return {data, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

std::vector<std::byte> SqlStatement::blob(int column) const {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
  if (data == nullptr) return {};
  return {data, data + sqlite3_column_bytes(statement_, column)};
}

Result<Database> Database::open(const std::string& path) {
  TL_ASSIGN_OR_RETURN(Database db, open_untouched(path, true));
  TL_RETURN_IF_ERROR(db.make_durable());
  return db;
}

Result<Database> Database::open_untouched(const std::string& path, bool create) {
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database db(raw, path);
  if (code != SQLITE_OK) {
    auto error = failure(raw, code);
    error.value().where = path;
    return error;
  }
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  return db;
}

Status Database::make_durable() {
  return execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;");
}

Database::Database(Database&& other) noexcept
    : db_(std::exchange(other.db_, nullptr)), path_(std::move(other.path_)) {}

Database& Database::operator=(Database&& other) noexcept {
  std::swap(db_, other.db_);
  std::swap(path_, other.path_);
  return *this;
}

// Statements may still be alive: close_v2 waits for the last of them.
Database::~Database() { sqlite3_close_v2(db_); }

Result<SqlStatement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return failure(db_, code);
  return SqlStatement(db_, statement);
}

Status Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(db_, code);
  return {};
}

int64_t Database::last_insert_rowid() const { return sqlite3_last_insert_rowid(db_); }

int64_t Database::changes() const { return sqlite3_changes64(db_); }

Result<SqlTransaction> SqlTransaction::begin(Database& db) {
  TL_RETURN_IF_ERROR(db.execute("BEGIN IMMEDIATE"));
  return SqlTransaction(&db);
}

SqlTransaction::SqlTransaction(SqlTransaction&& other) noexcept
    : db_(std::exchange(other.db_, nullptr)) {}

SqlTransaction::~SqlTransaction() {
  // A failed ROLLBACK means that SQLite has rolled back already.
  if (db_ != nullptr) static_cast<void>(db_->execute("ROLLBACK"));
}

Status SqlTransaction::commit() {
  TL_RETURN_IF_ERROR(db_->execute("COMMIT"));
  db_ = nullptr;
  return {};
}

}  // namespace thunderline
