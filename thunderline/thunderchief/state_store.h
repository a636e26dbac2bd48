#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/base/sqlite.h"

namespace thunderline::thunderchief {

/// The tables of one part of the program in `state.db`, as the steps that made them what they are:
/// `migrations[i]` is the SQL that takes the part's tables from version i to i + 1. A step that was
/// released is never changed; a change is one more step. Tables are named `<part>` or `<part>_…`.
struct StatePart {
  std::string name;
  std::vector<std::string> migrations;
};

/// What a home remembers beside its logs and models (docs/formats/state_db.md): one SQLite file in
/// which each part keeps tables of its own, so that one transaction can span parts.
/// Errors: kBadData for a file that is no database, or one of another program; kRefused for one that
/// a newer version wrote; kUnavailable when it is locked or the disk is full.
/// Thread-safety: one thread.
class StateStore {
 public:
  static constexpr int64_t kFormatVersion = 1;       ///< PRAGMA user_version.
  static constexpr int64_t kApplicationId = 0x544C7374;  ///< PRAGMA application_id, "TLst".

  /// Opens the file; makes it where there is none.
  static Result<std::unique_ptr<StateStore>> open(const std::string& path);

  /// Brings the part's tables up to date; each step of the way is one transaction. Returns an error
  /// without any change when the part's tables are newer than its migrations.
  Status register_part(const StatePart& part);

  Database& database() { return db_; }
  const std::string& path() const { return path_; }

 private:
  StateStore(Database db, std::string path) : db_(std::move(db)), path_(std::move(path)) {}

  Status claim();
  Result<int64_t> number(const std::string& query);
  Result<int64_t> part_version(const std::string& name);
  Status migrate(const StatePart& part, int64_t from);

  Database db_;
  std::string path_;
};

}  // namespace thunderline::thunderchief
