#pragma once

#include <memory>
#include <string>

#include "thunderline/base/mutex.h"
#include "thunderline/base/result.h"
#include "thunderline/base/sqlite.h"
#include "thunderline/thunderchief/orchestrator/protocol/records.h"

namespace thunderline::thunderchief::protocol {

/// Where the machines' rows outlive a crash.
/// Thread-safety: any thread; a commit is seen whole or not at all.
class RequestStore {
 public:
  virtual ~RequestStore() = default;

  /// Everything that was committed.
  virtual Result<Snapshot> load() = 0;

  /// Writes the rows in one transaction, durably; returns an error without any change when it cannot.
  virtual Status commit(const Changes& changes) = 0;
};

/// Rows in memory, for tests and for runs that keep nothing.
class MemoryRequestStore final : public RequestStore {
 public:
  Result<Snapshot> load() override TL_EXCLUDES(mutex_);
  Status commit(const Changes& changes) override TL_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  Snapshot snapshot_ TL_GUARDED_BY(mutex_);
};

/// Rows in the tables `orchestrator_…` of a SQLite file, the home's `state.db`. Each table has a key
/// and the row as JSON, so that a field more needs no migration; `orchestrator_format` has the version.
/// Errors: those of `Database`; kBadData for a row that cannot be read; kRefused for tables that a newer
/// version wrote.
class SqliteRequestStore final : public RequestStore {
 public:
  static constexpr int64_t kFormatVersion = 1;

  static Result<std::unique_ptr<SqliteRequestStore>> open(const std::string& path);

  Result<Snapshot> load() override TL_EXCLUDES(mutex_);
  Status commit(const Changes& changes) override TL_EXCLUDES(mutex_);

 private:
  explicit SqliteRequestStore(Database db, std::string path)
      : db_(std::move(db)), path_(std::move(path)) {}

  Status make_tables() TL_EXCLUDES(mutex_);
  Status put(const std::string& table, const std::string& key, const std::string& row)
      TL_REQUIRES(mutex_);

  Mutex mutex_;
  Database db_ TL_GUARDED_BY(mutex_);
  const std::string path_;
};

}  // namespace thunderline::thunderchief::protocol
