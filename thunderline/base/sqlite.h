#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace thunderline {

/// One prepared statement. Bind by position from 1, `step` to each row, `reset` to use it again.
/// Not thread-safe; must not outlive its `Database`.
class SqlStatement {
 public:
  SqlStatement(SqlStatement&&) noexcept;
  SqlStatement& operator=(SqlStatement&&) noexcept;
  ~SqlStatement();

  SqlStatement& bind(int at, int64_t value);
  SqlStatement& bind(int at, double value);
  SqlStatement& bind(int at, std::string_view text);
  SqlStatement& bind_blob(int at, std::span<const std::byte> bytes);
  SqlStatement& bind_null(int at);

  /// True: a row is there to read. False: done. Errors: as `Database`, and what a bind refused.
  Result<bool> step();
  /// Runs a statement that gives no rows, and resets it.
  Status run();
  void reset();

  /// What a column of the current row holds.
  enum class Type { kNull, kInteger, kReal, kText, kBlob };
  Type type(int column) const;
  int columns() const;

  bool is_null(int column) const;
  int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  std::vector<std::byte> blob(int column) const;

 private:
  friend class Database;
  SqlStatement(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}

  sqlite3* db_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
  int bind_failure_ = 0;
};

/// A SQLite file in WAL mode with synchronous=FULL: what a committed transaction wrote survives a
/// power cut. Waits at most 5 s for another process's lock.
/// Errors: kUnavailable (locked, disk full, I/O, read-only), kBadData (not a database, corrupt),
/// kRefused (a constraint), kInternal (our SQL is wrong).
/// Not thread-safe: one owner, or a connection a thread.
class Database {
 public:
  static Result<Database> open(const std::string& path);
  /// As `open`, but changes nothing in the file yet: for one that may be somebody else's. `create`:
  /// make it where it is missing. Call `make_durable` before the first write.
  static Result<Database> open_untouched(const std::string& path, bool create);
  /// WAL mode, synchronous=FULL and foreign keys.
  Status make_durable();
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  Result<SqlStatement> prepare(std::string_view sql);
  /// Runs one or more statements without parameters.
  Status execute(const std::string& sql);
  int64_t last_insert_rowid() const;
  /// Rows that the last INSERT, UPDATE or DELETE changed.
  int64_t changes() const;

 private:
  Database(sqlite3* db, std::string path) : db_(db), path_(std::move(path)) {}

  sqlite3* db_ = nullptr;
  std::string path_;
};

/// BEGIN IMMEDIATE … COMMIT; rolls back when it leaves scope without `commit`.
class SqlTransaction {
 public:
  static Result<SqlTransaction> begin(Database& db);
  SqlTransaction(SqlTransaction&&) noexcept;
  SqlTransaction& operator=(SqlTransaction&&) = delete;
  ~SqlTransaction();

  Status commit();

 private:
  explicit SqlTransaction(Database* db) : db_(db) {}

  Database* db_ = nullptr;
};

}  // namespace thunderline
