#include "thunderline/cerebros/tpe/storage/sql_storage.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <utility>

#include "thunderline/cerebros/tpe/storage/optuna_json.h"

namespace thunderline::cerebros::tpe {
namespace {

constexpr size_t kChunk = 2045;  // characters of an attribute in Optuna's older schemas

const char* attribute_table(AttributeOwner owner) {
  return owner == AttributeOwner::kUser ? "trial_user_attributes" : "trial_system_attributes";
}

/// "2026-01-02 03:04:05.678000" in UTC.
std::string time_text(int64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  const size_t size = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%03d000", static_cast<int>(unix_ms % 1000));
  return text;
}

tl::unexpected<Error> not_running(TrialState state, int number) {
  return fail(ErrorCode::kRefused, std::string("the trial is ") + state_name(state),
              "trial " + std::to_string(number), "only running trials can be changed");
}

}  // namespace

Status SqlStorage::atomically(const std::function<Status()>& body) {
  const std::lock_guard lock(mutex_);
  if (depth_ > 0) return body();
  TL_RETURN_IF_ERROR(connection_->begin());
  ++depth_;
  Status done = body();
  if (done) done = connection_->commit();
  --depth_;
  if (!done) {
    connection_->rollback();
    reader_.forget();
  }
  return done;
}

Result<SqlRows> SqlStorage::run(const std::string& sql, const std::vector<SqlValue>& values) {
  return connection_->query(sql, values);
}

Status SqlStorage::lock_study(int64_t study) {
  TL_ASSIGN_OR_RETURN(const SqlRows found,
                      run(std::string("SELECT study_id FROM studies WHERE study_id=?") +
                              connection_->for_update(),
                          {study}));
  if (!found.empty()) return {};
  return fail(ErrorCode::kNotFound, "no such study", "study id " + std::to_string(study));
}

Result<int64_t> SqlStorage::insert_trial(int64_t study, const char* state,
                                         const SqlValue& started) {
  // The study's row is locked: numbers have neither gaps nor twins.
  TL_RETURN_IF_ERROR(lock_study(study));
  TL_ASSIGN_OR_RETURN(
      const SqlRows row,
      run("INSERT INTO trials(study_id,number,state,datetime_start) VALUES(?,"
          "(SELECT count(*) FROM trials WHERE study_id=?),?,?) RETURNING trial_id",
          {study, study, std::string(state), started}));
  return std::get<int64_t>(row[0][0]);
}

Result<TrialPtr> SqlStorage::add_running_trial(int64_t study) {
  const std::lock_guard lock(mutex_);
  TrialPtr added;
  Status done = atomically([&]() -> Status {
    TL_RETURN_IF_ERROR(insert_trial(study, "RUNNING", time_text(clock_.unix_ms())));
    // Read before the commit: behind it another process may add the next one.
    TL_ASSIGN_OR_RETURN(const std::vector<TrialPtr> all, reader_.read(study));
    added = all.back();
    return {};
  });
  TL_RETURN_IF_ERROR(std::move(done));
  return added;
}

Result<TrialPtr> SqlStorage::add_waiting_trial(int64_t study, const Params& fixed_params) {
  const std::lock_guard lock(mutex_);
  TrialPtr added;
  Status done = atomically([&]() -> Status {
    TL_ASSIGN_OR_RETURN(const int64_t id, insert_trial(study, "WAITING", std::monostate()));
    TL_RETURN_IF_ERROR(set_attribute("trial_system_attributes", id, "fixed_params",
                                     params_json(fixed_params)));
    TL_ASSIGN_OR_RETURN(const std::vector<TrialPtr> all, reader_.read(study));
    added = all.back();
    return {};
  });
  TL_RETURN_IF_ERROR(std::move(done));
  return added;
}

Result<TrialPtr> SqlStorage::claim_waiting_trial(int64_t study) {
  const std::lock_guard lock(mutex_);
  // Most often nothing waits: no transaction for that.
  TL_ASSIGN_OR_RETURN(const std::vector<TrialPtr> all, reader_.read(study));
  const bool waits = std::any_of(all.begin(), all.end(), [](const TrialPtr& trial) {
    return trial->state == TrialState::kWaiting;
  });
  if (!waits) return TrialPtr();
  TrialPtr claimed;
  Status done = atomically([&]() -> Status {
    TL_ASSIGN_OR_RETURN(
        const SqlRows row,
        run(std::string("UPDATE trials SET state='RUNNING', datetime_start=? WHERE state='WAITING' "
                        "AND trial_id=(SELECT trial_id FROM trials WHERE study_id=? AND "
                        "state='WAITING' ORDER BY trial_id LIMIT 1") +
                connection_->for_claim() + ") RETURNING number",
            {time_text(clock_.unix_ms()), study}));
    if (row.empty()) return {};  // others were faster
    TL_ASSIGN_OR_RETURN(claimed, read_trial(study, static_cast<int>(std::get<int64_t>(row[0][0]))));
    return {};
  });
  TL_RETURN_IF_ERROR(std::move(done));
  return claimed;
}

Status SqlStorage::change_running(int64_t study, int number,
                                  const std::function<Status(int64_t trial_id)>& change) {
  const std::lock_guard lock(mutex_);
  return atomically([&]() -> Status {
    TL_ASSIGN_OR_RETURN(const TrialPtr trial, read_trial(study, number));
    if (trial->state != TrialState::kRunning) return not_running(trial->state, number);
    const int64_t id = reader_.trial_id(study, number);
    // Held until the commit, so that nobody ends the trial meanwhile.
    TL_ASSIGN_OR_RETURN(const SqlRows row,
                        run(std::string("SELECT trial_id FROM trials WHERE trial_id=? AND "
                                        "state='RUNNING'") + connection_->for_update(),
                            {id}));
    if (row.empty()) return not_running(TrialState::kFail, number);
    return change(id);
  });
}

Status SqlStorage::insert_param(int64_t trial_id, const TrialParam& param) {
  TL_RETURN_IF_ERROR(
      run("INSERT INTO trial_params(trial_id,param_name,param_value,distribution_json) "
          "VALUES(?,?,?,?)",
          {trial_id, param.name, to_internal(*param.distribution, param.value).value_or(0.0),
           distribution_json(*param.distribution)}));
  return {};
}

Status SqlStorage::set_param(int64_t study, int number, const TrialParam& param) {
  return change_running(study, number, [&](int64_t id) { return insert_param(id, param); });
}

Status SqlStorage::set_attribute(const char* table, int64_t trial_id, const std::string& key,
                                 const std::string& json) {
  TL_RETURN_IF_ERROR(run(std::string("INSERT INTO ") + table +
                             "(trial_id,\"key\",value_json) VALUES(?,?,?) ON CONFLICT"
                             "(trial_id,\"key\") DO UPDATE SET value_json=excluded.value_json",
                         {trial_id, key, json}));
  return {};
}

Status SqlStorage::set_relative_params(int64_t study, int number, const Params& params) {
  return change_running(study, number, [&](int64_t id) -> Status {
    const std::string text = params_json(params);
    for (size_t at = 0; at < text.size(); at += kChunk) {
      TL_RETURN_IF_ERROR(set_attribute("trial_system_attributes", id,
                                       "tpe:relative_params:" + std::to_string(at / kChunk),
                                       text_json(text.substr(at, kChunk))));
    }
    return {};
  });
}

Status SqlStorage::set_intermediate_value(int64_t study, int number, int64_t step, double value) {
  return change_running(study, number, [&](int64_t id) -> Status {
    const auto [stored, type] = number_to_store(value);
    TL_RETURN_IF_ERROR(
        run("INSERT INTO trial_intermediate_values(trial_id,step,intermediate_value,"
            "intermediate_value_type) VALUES(?,?,?,?) ON CONFLICT(trial_id,step) DO UPDATE SET "
            "intermediate_value=excluded.intermediate_value,"
            "intermediate_value_type=excluded.intermediate_value_type",
            {id, step, stored, type}));
    return {};
  });
}

Status SqlStorage::set_constraints(int64_t study, int number,
                                   const std::vector<double>& constraints) {
  return change_running(study, number, [&](int64_t id) {
    return set_attribute("trial_system_attributes", id, "constraints", numbers_json(constraints));
  });
}

Status SqlStorage::set_rung_values(int64_t study, int number, const std::vector<double>& values) {
  return change_running(study, number, [&](int64_t id) -> Status {
    for (size_t rung = 0; rung < values.size(); ++rung) {
      const std::string list = numbers_json({values[rung]});
      TL_RETURN_IF_ERROR(set_attribute("trial_system_attributes", id,
                                       "completed_rung_" + std::to_string(rung),
                                       list.substr(1, list.size() - 2)));
    }
    return {};
  });
}

Status SqlStorage::set_trial_attribute(int64_t study, int number, AttributeOwner owner,
                                       const std::string& key, const std::string& json) {
  return change_running(study, number, [&](int64_t id) {
    return set_attribute(attribute_table(owner), id, key, json);
  });
}

Status SqlStorage::finish_trial(int64_t study, int number, TrialState state,
                                std::optional<double> value) {
  const std::lock_guard lock(mutex_);
  return atomically([&]() -> Status {
    TL_ASSIGN_OR_RETURN(const TrialPtr trial, read_trial(study, number));
    const bool cancels = trial->state == TrialState::kWaiting && state == TrialState::kFail;
    if (trial->state != TrialState::kRunning && !cancels) return not_running(trial->state, number);
    const int64_t id = reader_.trial_id(study, number);
    TL_ASSIGN_OR_RETURN(const SqlRows row,
                        run("UPDATE trials SET state=?, datetime_complete=? WHERE trial_id=? AND "
                            "state=? RETURNING trial_id",
                            {std::string(stored_state(state)), time_text(clock_.unix_ms()), id,
                             std::string(stored_state(trial->state))}));
    if (row.empty()) return not_running(TrialState::kFail, number);
    if (!value) return {};
    const auto [stored, type] = number_to_store(*value);
    TL_RETURN_IF_ERROR(run(
        "INSERT INTO trial_values(trial_id,objective,value,value_type) VALUES(?,0,?,?) "
        "ON CONFLICT(trial_id,objective) DO UPDATE SET value=excluded.value,"
        "value_type=excluded.value_type",
        {id, stored, type}));
    return {};
  });
}

Status SqlStorage::beat(int64_t study, int number) {
  return change_running(study, number, [&](int64_t id) -> Status {
    TL_RETURN_IF_ERROR(run("INSERT INTO trial_heartbeats(trial_id,heartbeat) VALUES(?,?) ON "
                           "CONFLICT(trial_id) DO UPDATE SET heartbeat=excluded.heartbeat",
                           {id, time_text(clock_.unix_ms())}));
    return {};
  });
}

Status SqlStorage::queue_again(int64_t study, const FrozenTrial& failed) {
  TL_ASSIGN_OR_RETURN(const int64_t id, insert_trial(study, "WAITING", std::monostate()));
  for (const TrialParam& param : failed.params) TL_RETURN_IF_ERROR(insert_param(id, param));
  for (const auto& [key, json] : failed.user_attributes) {
    TL_RETURN_IF_ERROR(set_attribute("trial_user_attributes", id, key, json));
  }
  // The row's own attributes, as they are stored: those that FrozenTrial reads into fields too.
  TL_RETURN_IF_ERROR(run("INSERT INTO trial_system_attributes(trial_id,\"key\",value_json) SELECT "
                         "CAST(? AS INTEGER),\"key\",value_json FROM trial_system_attributes WHERE "
                         "trial_id=?",
                         {id, reader_.trial_id(study, failed.number)}));
  const FrozenTrial retry = retry_of(failed);
  for (const char* key : {"failed_trial", "retry_history"}) {
    TL_RETURN_IF_ERROR(
        set_attribute("trial_system_attributes", id, key, retry.system_attributes.at(key)));
  }
  return {};
}

Result<std::vector<int>> SqlStorage::retry_stale_trials(int64_t study,
                                                        std::chrono::milliseconds grace) {
  const std::lock_guard lock(mutex_);
  std::vector<int> failed;
  const int64_t now = clock_.unix_ms();
  Status done = atomically([&]() -> Status {
    TL_RETURN_IF_ERROR(lock_study(study));
    TL_ASSIGN_OR_RETURN(const SqlRows stale,
                        run("SELECT t.number FROM trials t JOIN trial_heartbeats h ON "
                            "h.trial_id=t.trial_id WHERE t.study_id=? AND t.state='RUNNING' AND "
                            "h.heartbeat < ? ORDER BY t.trial_id",
                            {study, time_text(now - grace.count())}));
    TL_ASSIGN_OR_RETURN(const std::vector<TrialPtr> all, reader_.read(study));
    for (const SqlRow& row : stale) {
      const auto number = static_cast<int>(std::get<int64_t>(row[0]));
      TL_RETURN_IF_ERROR(finish_trial(study, number, TrialState::kFail, std::nullopt));
      TL_RETURN_IF_ERROR(queue_again(study, *all[static_cast<size_t>(number)]));
      failed.push_back(number);
    }
    return {};
  });
  TL_RETURN_IF_ERROR(std::move(done));
  return failed;
}

Result<TrialPtr> SqlStorage::read_trial(int64_t study, int number) {
  TL_ASSIGN_OR_RETURN(const std::vector<TrialPtr> all, reader_.read(study));
  if (number >= 0 && static_cast<size_t>(number) < all.size()) {
    return all[static_cast<size_t>(number)];
  }
  return fail(ErrorCode::kNotFound, "no such trial", "trial " + std::to_string(number),
              "the study has " + std::to_string(all.size()) + " trials");
}

Result<TrialPtr> SqlStorage::trial(int64_t study, int number) {
  const std::lock_guard lock(mutex_);
  return read_trial(study, number);
}

Result<std::vector<TrialPtr>> SqlStorage::trials(int64_t study) {
  const std::lock_guard lock(mutex_);
  return reader_.read(study);
}

}  // namespace thunderline::cerebros::tpe
