#include "thunderline/thunderchief/orchestrator/protocol/request_store.h"

#include <functional>

#include "thunderline/thunderchief/orchestrator/protocol/record_json.h"

namespace thunderline::thunderchief::protocol {
namespace {

const StatePart& part() {
  static const StatePart orchestrator{"orchestrator", {R"sql(
    CREATE TABLE orchestrator_request (key TEXT PRIMARY KEY NOT NULL, row TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE orchestrator_model (key TEXT PRIMARY KEY NOT NULL, row TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE orchestrator_ask (key TEXT PRIMARY KEY NOT NULL, row TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE orchestrator_live (key TEXT PRIMARY KEY NOT NULL, row TEXT NOT NULL) WITHOUT ROWID;
  )sql"}};
  return orchestrator;
}

Status read_rows(Database& db, const std::string& table, const std::string& path,
                 const std::function<Status(const std::string& row, const std::string& where)>& take) {
  TL_ASSIGN_OR_RETURN(SqlStatement rows,
                      db.prepare("SELECT key, row FROM orchestrator_" + table));
  while (true) {
    TL_ASSIGN_OR_RETURN(const bool more, rows.step());
    if (!more) return {};
    const std::string where = path + " orchestrator_" + table + " " + rows.text(0);
    TL_RETURN_IF_ERROR(take(rows.text(1), where));
  }
}

}  // namespace

Result<Snapshot> MemoryRequestStore::load() {
  MutexLock lock(mutex_);
  return snapshot_;
}

Status MemoryRequestStore::commit(const Changes& changes) {
  MutexLock lock(mutex_);
  apply(changes, snapshot_);
  return {};
}

Result<std::unique_ptr<SqliteRequestStore>> SqliteRequestStore::open(const std::string& path) {
  TL_ASSIGN_OR_RETURN(std::unique_ptr<StateStore> state, StateStore::open(path));
  TL_RETURN_IF_ERROR(state->register_part(part()));
  return std::unique_ptr<SqliteRequestStore>(new SqliteRequestStore(std::move(state)));
}

Result<Snapshot> SqliteRequestStore::load() {
  MutexLock lock(mutex_);
  // One transaction, so that the tables are of one moment.
  TL_ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::begin(db_));
  Snapshot snapshot;
  const auto into = [](auto& rows, auto read, auto key) {
    return [&rows, read, key](const std::string& row, const std::string& where) -> Status {
      TL_ASSIGN_OR_RETURN(auto record, read(row, where));
      auto at = key(record);
      rows[std::move(at)] = std::move(record);
      return {};
    };
  };
  const auto id = [](const auto& record) { return record.id; };
  const auto name = [](const auto& record) { return record.model; };
  TL_RETURN_IF_ERROR(
      read_rows(db_, "request", path_, into(snapshot.requests, request_from_json, id)));
  TL_RETURN_IF_ERROR(read_rows(db_, "model", path_, into(snapshot.models, model_from_json, name)));
  TL_RETURN_IF_ERROR(read_rows(db_, "ask", path_, into(snapshot.asks, ask_from_json, id)));
  TL_RETURN_IF_ERROR(read_rows(db_, "live", path_, into(snapshot.live, live_from_json, name)));
  TL_RETURN_IF_ERROR(transaction.commit());
  return snapshot;
}

Status SqliteRequestStore::put(const std::string& table, const std::string& key,
                               const std::string& row) {
  TL_ASSIGN_OR_RETURN(
      SqlStatement put,
      db_.prepare("INSERT INTO orchestrator_" + table +
                  " VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET row = ?2"));
  return put.bind(1, std::string_view(key)).bind(2, std::string_view(row)).run();
}

Status SqliteRequestStore::commit(const Changes& changes) {
  MutexLock lock(mutex_);
  TL_ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::begin(db_));
  for (const RequestRecord& row : changes.requests) {
    TL_RETURN_IF_ERROR(put("request", std::to_string(row.id), to_json(row)));
  }
  for (const ModelRecord& row : changes.models) {
    TL_RETURN_IF_ERROR(put("model", row.model, to_json(row)));
  }
  for (const AskRecord& row : changes.asks) {
    TL_RETURN_IF_ERROR(put("ask", std::to_string(row.id), to_json(row)));
  }
  for (const LiveRecord& row : changes.live) {
    TL_RETURN_IF_ERROR(put("live", row.model, to_json(row)));
  }
  return transaction.commit();
}

}  // namespace thunderline::thunderchief::protocol
