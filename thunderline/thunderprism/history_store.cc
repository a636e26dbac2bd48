#include "thunderline/thunderprism/history_store.h"

#include <algorithm>
#include <cmath>

#include "thunderline/base/json_util.h"

namespace thunderline::thunderprism {
namespace {

const thunderchief::StatePart kPart = {
    "history",
    {R"(CREATE TABLE history_training (
          version INTEGER PRIMARY KEY, document TEXT NOT NULL);
        CREATE TABLE history_trial (
          version INTEGER NOT NULL, number INTEGER NOT NULL, value REAL, epochs INTEGER NOT NULL,
          params TEXT NOT NULL, ended_ms INTEGER NOT NULL, plv REAL, sigma REAL, lambda REAL,
          curves TEXT, log TEXT, PRIMARY KEY (version, number));
        CREATE TABLE history_message (
          number INTEGER PRIMARY KEY, unix_ms INTEGER NOT NULL, type TEXT NOT NULL,
          sender TEXT NOT NULL, receiver TEXT NOT NULL, summary TEXT NOT NULL);)"}};

constexpr const char* kTrialColumns =
    "SELECT version, number, value, epochs, params, ended_ms, plv, sigma, lambda, curves, log "
    "FROM history_trial ";

void bind(SqlStatement& statement, int at, const std::optional<double>& value) {
  value && std::isfinite(*value) ? statement.bind(at, *value) : statement.bind_null(at);
}

std::optional<double> real(const SqlStatement& statement, int column) {
  if (statement.is_null(column)) return std::nullopt;
  return statement.real(column);
}

OrderedJson or_null(const std::optional<double>& value) {
  return value ? OrderedJson(*value) : OrderedJson();
}

TrialRow trial_of(const SqlStatement& row) {
  return {static_cast<int>(row.integer(0)), static_cast<int>(row.integer(1)), real(row, 2),
          static_cast<int>(row.integer(3)), row.text(4), row.integer(5), real(row, 6), real(row, 7),
          real(row, 8), row.is_null(9) ? "" : row.text(9), row.is_null(10) ? "" : row.text(10)};
}

MessageRow message_of(const SqlStatement& row) {
  return {static_cast<uint64_t>(row.integer(0)), row.integer(1), row.text(2), row.text(3),
          row.text(4), row.text(5)};
}

OrderedJson json_or(const std::string& text, OrderedJson otherwise) {
  auto json = parse_ordered_json(text, "history");
  return json ? *std::move(json) : std::move(otherwise);
}

OrderedJson lines_of(const std::string& text) {
  OrderedJson lines = OrderedJson::array();
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

/// `%text%` with LIKE's own signs taken literally.
std::string pattern_of(const std::string& text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

}  // namespace

std::vector<size_t> kept_points(const std::vector<double>& by, size_t most) {
  std::vector<size_t> kept;
  const size_t n = by.size();
  if (n <= most || most < 4) {
    for (size_t i = 0; i < n; ++i) kept.push_back(i);
    return kept;
  }
  const size_t buckets = (most - 2) / 2;
  kept.push_back(0);
  for (size_t bucket = 0; bucket < buckets; ++bucket) {
    const size_t begin = 1 + bucket * (n - 2) / buckets;
    const size_t end = 1 + (bucket + 1) * (n - 2) / buckets;
    size_t low = begin, high = begin;
    for (size_t i = begin; i < end; ++i) {
      if (by[i] < by[low]) low = i;
      if (by[i] > by[high]) high = i;
    }
    kept.push_back(std::min(low, high));
    if (low != high) kept.push_back(std::max(low, high));
  }
  kept.push_back(n - 1);
  return kept;
}

Result<std::unique_ptr<HistoryStore>> HistoryStore::open(const std::string& path) {
  TL_ASSIGN_OR_RETURN(auto writer, thunderchief::StateStore::open(path));
  TL_RETURN_IF_ERROR(writer->register_part(kPart));
  TL_ASSIGN_OR_RETURN(Database reader, Database::open(path));
  return std::unique_ptr<HistoryStore>(new HistoryStore(std::move(writer), std::move(reader)));
}

Status HistoryStore::write(const HistoryBatch& batch) {
  if (batch.empty()) return {};
  TL_ASSIGN_OR_RETURN(auto transaction, SqlTransaction::begin(writer_->database()));
  for (const TrainingRow& row : batch.trainings) TL_RETURN_IF_ERROR(put(row));
  for (const TrialRow& row : batch.trials) TL_RETURN_IF_ERROR(put(row));
  for (const MessageRow& row : batch.messages) TL_RETURN_IF_ERROR(put(row));
  TL_RETURN_IF_ERROR(drop_old());
  return transaction.commit();
}

Status HistoryStore::put(const TrainingRow& row) {
  if (row.begins) {
    TL_ASSIGN_OR_RETURN(auto drop, writer_->database().prepare(
                                       "DELETE FROM history_trial WHERE version = ?"));
    drop.bind(1, int64_t{row.version});
    TL_RETURN_IF_ERROR(drop.run());
  }
  TL_ASSIGN_OR_RETURN(auto put, writer_->database().prepare(
                                    "INSERT OR REPLACE INTO history_training VALUES (?, ?)"));
  put.bind(1, int64_t{row.version}).bind(2, row.document);
  return put.run();
}

Status HistoryStore::put(const TrialRow& row) {
  TL_ASSIGN_OR_RETURN(auto put,
                      writer_->database().prepare("INSERT OR REPLACE INTO history_trial VALUES "
                                                  "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  put.bind(1, int64_t{row.version}).bind(2, int64_t{row.number});
  bind(put, 3, row.value);
  put.bind(4, int64_t{row.epochs}).bind(5, row.params_json).bind(6, row.ended_ms);
  bind(put, 7, row.plv);
  bind(put, 8, row.sigma);
  bind(put, 9, row.lambda);
  put.bind(10, row.curves_json).bind(11, row.log);
  return put.run();
}

Status HistoryStore::put(const MessageRow& row) {
  TL_ASSIGN_OR_RETURN(auto put, writer_->database().prepare(
                                    "INSERT OR REPLACE INTO history_message VALUES "
                                    "(?, ?, ?, ?, ?, ?)"));
  put.bind(1, static_cast<int64_t>(row.number)).bind(2, row.unix_ms).bind(3, row.type);
  put.bind(4, row.from).bind(5, row.to).bind(6, row.summary);
  return put.run();
}

Status HistoryStore::drop_old() {
  const std::string newest = "SELECT max(version) FROM history_training";
  return writer_->database().execute(
      "DELETE FROM history_message WHERE number <= (SELECT max(number) FROM history_message) - " +
      std::to_string(kMessages) + ";DELETE FROM history_trial WHERE version <= (" + newest + ") - " +
      std::to_string(kTrainings) + ";DELETE FROM history_training WHERE version <= (" + newest +
      ") - " + std::to_string(kTrainings) +
      ";UPDATE history_trial SET curves = NULL, log = NULL WHERE curves IS NOT NULL AND version <= (" +
      newest + ") - " + std::to_string(kTrainingsWithCurves) +
      " AND number != (SELECT t.number FROM history_trial t WHERE t.version = history_trial.version "
      "ORDER BY t.value IS NULL, t.value LIMIT 1);");
}

Result<HistoryStore::Past> HistoryStore::restore(int messages) {
  Past past;
  Database& db = writer_->database();
  TL_ASSIGN_OR_RETURN(auto training,
                      db.prepare("SELECT version, document FROM history_training "
                                 "ORDER BY version DESC LIMIT 1"));
  TL_ASSIGN_OR_RETURN(const bool any, training.step());
  if (any) {
    past.training = {static_cast<int>(training.integer(0)), false, training.text(1)};
    TL_ASSIGN_OR_RETURN(auto trials,
                        db.prepare(std::string(kTrialColumns) + "WHERE version = ? ORDER BY number"));
    trials.bind(1, int64_t{past.training->version});
    while (true) {
      TL_ASSIGN_OR_RETURN(const bool row, trials.step());
      if (!row) break;
      past.trials.push_back(trial_of(trials));
    }
  }
  TL_ASSIGN_OR_RETURN(auto lines,
                      db.prepare("SELECT number, unix_ms, type, sender, receiver, summary FROM "
                                 "history_message ORDER BY number DESC LIMIT ?"));
  lines.bind(1, int64_t{messages});
  while (true) {
    TL_ASSIGN_OR_RETURN(const bool row, lines.step());
    if (!row) break;
    past.messages.push_back(message_of(lines));
  }
  std::reverse(past.messages.begin(), past.messages.end());
  return past;
}

Result<std::string> HistoryStore::trainings_json(int64_t before, int64_t limit) {
  MutexLock lock(mutex_);
  TL_ASSIGN_OR_RETURN(auto rows, reader_.prepare("SELECT version, document FROM history_training "
                                                 "WHERE version < ? ORDER BY version DESC LIMIT ?"));
  rows.bind(1, before > 0 ? before : INT64_MAX).bind(2, limit);
  OrderedJson page = {{"items", OrderedJson::array()}, {"next", OrderedJson()}};
  int64_t last = 0;
  while (true) {
    TL_ASSIGN_OR_RETURN(const bool row, rows.step());
    if (!row) break;
    last = rows.integer(0);
    page["items"].push_back(json_or(rows.text(1), OrderedJson::object()));
  }
  if (static_cast<int64_t>(page["items"].size()) == limit) page["next"] = last;
  return dump_json(page) + "\n";
}

Result<std::string> HistoryStore::trials_json(int64_t version) {
  MutexLock lock(mutex_);
  TL_ASSIGN_OR_RETURN(auto training,
                      reader_.prepare("SELECT document FROM history_training WHERE version = ?"));
  training.bind(1, version);
  TL_ASSIGN_OR_RETURN(const bool known, training.step());
  if (!known) {
    return fail(ErrorCode::kNotFound, "no training of this version is remembered",
                std::to_string(version), "/api/v1/trainings lists them");
  }
  const OrderedJson document = json_or(training.text(0), OrderedJson::object());
  OrderedJson json = {{"version", version},
                      {"objective", document.value("objective", "val_loss")},
                      {"direction", "minimize"},
                      {"trials", document.value("trials", 0)}};
  for (const char* column : {"n", "value", "epochs", "params"}) json[column] = OrderedJson::array();
  TL_ASSIGN_OR_RETURN(
      auto rows, reader_.prepare(std::string(kTrialColumns) + "WHERE version = ? ORDER BY number"));
  rows.bind(1, version);
  while (true) {
    TL_ASSIGN_OR_RETURN(const bool row, rows.step());
    if (!row) break;
    const TrialRow trial = trial_of(rows);
    json["n"].push_back(trial.number);
    json["value"].push_back(or_null(trial.value));
    json["epochs"].push_back(trial.epochs);
    json["params"].push_back(json_or(trial.params_json, OrderedJson::object()));
  }
  return dump_json(json) + "\n";
}

Result<std::string> HistoryStore::trial_json(int64_t version, int64_t number) {
  MutexLock lock(mutex_);
  TL_ASSIGN_OR_RETURN(auto rows, reader_.prepare(std::string(kTrialColumns) +
                                                 "WHERE version = ? AND number = ?"));
  rows.bind(1, version).bind(2, number);
  TL_ASSIGN_OR_RETURN(const bool known, rows.step());
  if (!known) {
    return fail(ErrorCode::kNotFound, "no such trial is remembered",
                std::to_string(version) + "/" + std::to_string(number),
                "/api/v1/trainings/{version}/trials lists them");
  }
  const TrialRow trial = trial_of(rows);
  OrderedJson json = {{"version", trial.version},
                      {"number", trial.number},
                      {"value", or_null(trial.value)},
                      {"epochs", trial.epochs},
                      {"params", json_or(trial.params_json, OrderedJson::object())},
                      {"ended_ms", trial.ended_ms},
                      {"plv", or_null(trial.plv)},
                      {"sigma", or_null(trial.sigma)},
                      {"lambda", or_null(trial.lambda)},
                      {"curves", json_or(trial.curves_json, OrderedJson())},
                      {"log", lines_of(trial.log)}};
  return dump_json(json) + "\n";
}

Result<std::string> HistoryStore::messages_json(int64_t before, int64_t limit,
                                                const std::string& text) {
  MutexLock lock(mutex_);
  TL_ASSIGN_OR_RETURN(
      auto rows,
      reader_.prepare("SELECT number, unix_ms, type, sender, receiver, summary FROM history_message "
                      "WHERE number < ? AND (type || ' ' || sender || ' ' || receiver || ' ' || "
                      "summary) LIKE ? ESCAPE '\\' ORDER BY number DESC LIMIT ?"));
  rows.bind(1, before > 0 ? before : INT64_MAX).bind(2, pattern_of(text)).bind(3, limit);
  OrderedJson page = {{"items", OrderedJson::array()}, {"next", OrderedJson()}};
  uint64_t last = 0;
  while (true) {
    TL_ASSIGN_OR_RETURN(const bool row, rows.step());
    if (!row) break;
    const MessageRow message = message_of(rows);
    last = message.number;
    page["items"].push_back({{"n", message.number}, {"ts", message.unix_ms}, {"type", message.type},
                             {"from", message.from}, {"to", message.to},
                             {"summary", message.summary}});
  }
  if (static_cast<int64_t>(page["items"].size()) == limit) page["next"] = last;
  return dump_json(page) + "\n";
}

}  // namespace thunderline::thunderprism
