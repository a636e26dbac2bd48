#include "thunderline/thunderchief/orchestrator/trial_store.h"

#include "thunderline/thunderchief/model_record.h"

namespace thunderline::thunderchief {
namespace {

using cerebros::service::AgentTrial;
using Text = std::string_view;

const StatePart& part() {
  static const StatePart training{"training", {R"sql(
    CREATE TABLE training (
      model TEXT NOT NULL,
      version INTEGER NOT NULL,
      study TEXT NOT NULL,
      PRIMARY KEY (model, version)) WITHOUT ROWID;
    CREATE TABLE training_trial (
      model TEXT NOT NULL,
      version INTEGER NOT NULL,
      number INTEGER NOT NULL,
      params TEXT NOT NULL,
      val_loss REAL,
      epochs INTEGER NOT NULL,
      PRIMARY KEY (model, version, number),
      FOREIGN KEY (model, version) REFERENCES training (model, version) ON DELETE CASCADE)
      WITHOUT ROWID;
  )sql"}};
  return training;
}

}  // namespace

Result<std::unique_ptr<TrialStore>> TrialStore::open(const std::string& path) {
  TL_ASSIGN_OR_RETURN(std::unique_ptr<StateStore> state, StateStore::open(path));
  TL_RETURN_IF_ERROR(state->register_part(part()));
  return std::unique_ptr<TrialStore>(new TrialStore(std::move(state)));
}

Status TrialStore::begin(const std::string& model, int version, const std::string& study) {
  MutexLock lock(mutex_);
  TL_ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::begin(db_));
  TL_ASSIGN_OR_RETURN(
      SqlStatement forget,
      db_.prepare("DELETE FROM training WHERE model = ? AND version = ? AND study <> ?"));
  TL_RETURN_IF_ERROR(
      forget.bind(1, Text(model)).bind(2, int64_t{version}).bind(3, Text(study)).run());
  TL_ASSIGN_OR_RETURN(SqlStatement note,
                      db_.prepare("INSERT INTO training VALUES (?, ?, ?) ON CONFLICT DO NOTHING"));
  TL_RETURN_IF_ERROR(
      note.bind(1, Text(model)).bind(2, int64_t{version}).bind(3, Text(study)).run());
  return transaction.commit();
}

Status TrialStore::keep(const std::string& model, int version, const AgentTrial& trial) {
  const std::string params = params_json(trial.params);
  MutexLock lock(mutex_);
  TL_ASSIGN_OR_RETURN(
      SqlStatement row,
      db_.prepare("INSERT OR REPLACE INTO training_trial VALUES (?, ?, ?, ?, ?, ?)"));
  row.bind(1, Text(model)).bind(2, int64_t{version}).bind(3, int64_t{trial.number});
  row.bind(4, Text(params)).bind(6, int64_t{trial.epochs});
  if (trial.val_loss) {
    row.bind(5, *trial.val_loss);
  } else {
    row.bind_null(5);
  }
  return row.run();
}

Result<std::optional<AgentTrial>> TrialStore::recall(const std::string& model, int version,
                                                     int number,
                                                     const cerebros::tpe::Params& params) {
  MutexLock lock(mutex_);
  TL_ASSIGN_OR_RETURN(SqlStatement row,
                      db_.prepare("SELECT params, val_loss, epochs FROM training_trial "
                                  "WHERE model = ? AND version = ? AND number = ?"));
  row.bind(1, Text(model)).bind(2, int64_t{version}).bind(3, int64_t{number});
  TL_ASSIGN_OR_RETURN(const bool known, row.step());
  if (!known || row.text(0) != params_json(params)) return std::nullopt;
  AgentTrial trial{number, params, std::nullopt, static_cast<int>(row.integer(2)), {}, {}};
  if (!row.is_null(1)) trial.val_loss = row.real(1);
  return trial;
}

Result<int> TrialStore::count(const std::string& model, int version) {
  MutexLock lock(mutex_);
  TL_ASSIGN_OR_RETURN(
      SqlStatement row,
      db_.prepare("SELECT COUNT(*) FROM training_trial WHERE model = ? AND version = ?"));
  row.bind(1, Text(model)).bind(2, int64_t{version});
  TL_RETURN_IF_ERROR(row.step());
  return static_cast<int>(row.integer(0));
}

}  // namespace thunderline::thunderchief
