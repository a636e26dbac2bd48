#pragma once

#include <memory>
#include <string>

#include "thunderline/base/mutex.h"
#include "thunderline/base/result.h"
#include "thunderline/base/sqlite.h"
#include "thunderline/thunderchief/orchestrator/protocol/records.h"
#include "thunderline/thunderchief/state_store.h"

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

/// Rows in the tables `orchestrator_…` of the home's `state.db`, its part "orchestrator". Each table
/// has a key and the row as JSON. The store has a connection of its own.
/// Errors: those of `StateStore`; kBadData for a row that cannot be read.
class SqliteRequestStore final : public RequestStore {
 public:
  static Result<std::unique_ptr<SqliteRequestStore>> open(const std::string& path);

  Result<Snapshot> load() override TL_EXCLUDES(mutex_);
  Status commit(const Changes& changes) override TL_EXCLUDES(mutex_);

 private:
  explicit SqliteRequestStore(std::unique_ptr<StateStore> state)
      : state_(std::move(state)), db_(state_->database()), path_(state_->path()) {}

  Status put(const std::string& table, const std::string& key, const std::string& row)
      TL_REQUIRES(mutex_);

  Mutex mutex_;
  const std::unique_ptr<StateStore> state_;
  Database& db_ TL_GUARDED_BY(mutex_);
  const std::string path_;
};

}  // namespace thunderline::thunderchief::protocol
