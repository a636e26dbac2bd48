#include "thunderline/thunderchief/state_store.h"

namespace thunderline::thunderchief {

Result<std::unique_ptr<StateStore>> StateStore::open(const std::string& path) {
  TL_ASSIGN_OR_RETURN(Database db, Database::open(path));
  std::unique_ptr<StateStore> store(new StateStore(std::move(db), path));
  TL_RETURN_IF_ERROR(store->claim());
  return store;
}

Result<int64_t> StateStore::number(const std::string& query) {
  TL_ASSIGN_OR_RETURN(SqlStatement statement, db_.prepare(query));
  TL_ASSIGN_OR_RETURN(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

Status StateStore::claim() {
  // Two processes may open a fresh home at once: the one that is second sees what the first made.
  TL_ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::begin(db_));
  TL_ASSIGN_OR_RETURN(const int64_t application, number("PRAGMA application_id"));
  TL_ASSIGN_OR_RETURN(const int64_t version, number("PRAGMA user_version"));
  TL_ASSIGN_OR_RETURN(const int64_t tables, number("SELECT COUNT(*) FROM sqlite_master"));
  if (application == 0 && version == 0 && tables == 0) {
    TL_RETURN_IF_ERROR(db_.execute(
        "CREATE TABLE part (name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;"
        "PRAGMA application_id = " + std::to_string(kApplicationId) + ";"
        "PRAGMA user_version = " + std::to_string(kFormatVersion)));
    return transaction.commit();
  }
  if (application != kApplicationId) {
    return fail(ErrorCode::kBadData, "the database is not a state.db of Thunderline", path_,
                "move it away, or take another --home");
  }
  if (version > kFormatVersion) {
    return fail(ErrorCode::kRefused,
                "the database has format " + std::to_string(version) + ", this program knows " +
                    std::to_string(kFormatVersion),
                path_, "use the newer thunderline that wrote it, or take another --home");
  }
  if (version < 1) {
    return fail(ErrorCode::kBadData, "the database has no format version", path_,
                "restore it from a copy, or take another --home");
  }
  return transaction.commit();
}

Result<int64_t> StateStore::part_version(const std::string& name) {
  TL_ASSIGN_OR_RETURN(SqlStatement statement,
                      db_.prepare("SELECT version FROM part WHERE name = ?"));
  TL_ASSIGN_OR_RETURN(const bool row, statement.bind(1, std::string_view(name)).step());
  return row ? statement.integer(0) : 0;
}

Status StateStore::register_part(const StatePart& part) {
  const auto newest = static_cast<int64_t>(part.migrations.size());
  TL_ASSIGN_OR_RETURN(int64_t version, part_version(part.name));
  if (version > newest) {
    return fail(ErrorCode::kRefused,
                "the tables of \"" + part.name + "\" have version " + std::to_string(version) +
                    ", this program knows " + std::to_string(newest),
                path_, "use the newer thunderline that wrote it, or take another --home");
  }
  while (version < newest) {
    TL_RETURN_IF_ERROR(migrate(part, version));
    TL_ASSIGN_OR_RETURN(version, part_version(part.name));
  }
  return {};
}

Status StateStore::migrate(const StatePart& part, int64_t from) {
  TL_ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::begin(db_));
  TL_ASSIGN_OR_RETURN(const int64_t now, part_version(part.name));
  if (now != from) return {};  // Another process was faster.
  TL_RETURN_IF_ERROR(db_.execute(part.migrations[static_cast<size_t>(from)]));
  TL_ASSIGN_OR_RETURN(SqlStatement note,
                      db_.prepare("INSERT INTO part (name, version) VALUES (?1, ?2) "
                                  "ON CONFLICT (name) DO UPDATE SET version = ?2"));
  TL_RETURN_IF_ERROR(note.bind(1, std::string_view(part.name)).bind(2, from + 1).run());
  return transaction.commit();
}

}  // namespace thunderline::thunderchief
