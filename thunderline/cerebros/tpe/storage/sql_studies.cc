// SqlStorage: the studies themselves. What concerns their trials is in sql_storage.cc.

#include <utility>

#include "thunderline/cerebros/tpe/storage/sql_storage.h"

namespace thunderline::cerebros::tpe {
namespace {

const char* study_attribute_table(AttributeOwner owner) {
  return owner == AttributeOwner::kUser ? "study_user_attributes" : "study_system_attributes";
}

}  // namespace

Result<StudyRecord> SqlStorage::record(int64_t id, const std::string& name) {
  StudyRecord record{.id = id, .name = name, .direction = {}, .directions = {},
                     .user_attributes = {}, .system_attributes = {}};
  TL_ASSIGN_OR_RETURN(
      const SqlRows directions,
      run("SELECT direction FROM study_directions WHERE study_id=? ORDER BY objective", {id}));
  for (const SqlRow& row : directions) {
    const bool maximize = row[0] == SqlValue(std::string("MAXIMIZE"));
    record.directions.push_back(maximize ? Direction::kMaximize : Direction::kMinimize);
  }
  if (record.directions.empty()) {
    return fail(ErrorCode::kBadData, "the study has no direction", connection_->place() + ", " + name);
  }
  record.direction = record.directions.front();
  for (AttributeOwner owner : {AttributeOwner::kUser, AttributeOwner::kSystem}) {
    TL_ASSIGN_OR_RETURN(const SqlRows rows,
                        run(std::string("SELECT \"key\", value_json FROM ") +
                                study_attribute_table(owner) + " WHERE study_id=?",
                            {id}));
    auto& attributes =
        owner == AttributeOwner::kUser ? record.user_attributes : record.system_attributes;
    for (const SqlRow& row : rows) {
      attributes[std::get<std::string>(row[0])] = std::get<std::string>(row[1]);
    }
  }
  return record;
}

Result<StudyRecord> SqlStorage::create_study(const std::string& name, Direction direction) {
  const std::lock_guard lock(mutex_);
  StudyRecord made;
  Status done = atomically([&]() -> Status {
    TL_ASSIGN_OR_RETURN(const SqlRows same,
                        run("SELECT study_id FROM studies WHERE study_name=?", {name}));
    if (!same.empty()) {
      return fail(ErrorCode::kRefused, "the study exists already", name,
                  "choose another name or load the existing one");
    }
    TL_ASSIGN_OR_RETURN(
        const SqlRows row,
        run("INSERT INTO studies(study_name) VALUES(?) RETURNING study_id", {name}));
    const int64_t id = std::get<int64_t>(row[0][0]);
    TL_RETURN_IF_ERROR(
        run("INSERT INTO study_directions(direction,study_id,objective) VALUES(?,?,0)",
            {std::string(direction == Direction::kMaximize ? "MAXIMIZE" : "MINIMIZE"), id}));
    TL_ASSIGN_OR_RETURN(made, record(id, name));
    return {};
  });
  TL_RETURN_IF_ERROR(std::move(done));
  return made;
}

Result<StudyRecord> SqlStorage::find_study(const std::string& name) {
  const std::lock_guard lock(mutex_);
  TL_ASSIGN_OR_RETURN(const SqlRows rows,
                      run("SELECT study_id FROM studies WHERE study_name=?", {name}));
  if (rows.empty()) return fail(ErrorCode::kNotFound, "no such study", name, "create it first");
  return record(std::get<int64_t>(rows[0][0]), name);
}

Result<std::vector<StudyRecord>> SqlStorage::list_studies() {
  const std::lock_guard lock(mutex_);
  TL_ASSIGN_OR_RETURN(const SqlRows rows,
                      run("SELECT study_id, study_name FROM studies ORDER BY study_id", {}));
  std::vector<StudyRecord> records;
  for (const SqlRow& row : rows) {
    TL_ASSIGN_OR_RETURN(StudyRecord next, record(std::get<int64_t>(row[0]), std::get<std::string>(row[1])));
    records.push_back(std::move(next));
  }
  return records;
}

Status SqlStorage::delete_study(int64_t study) {
  const std::lock_guard lock(mutex_);
  return atomically([&]() -> Status {
    TL_RETURN_IF_ERROR(lock_study(study));
    for (const char* table : {"trial_user_attributes", "trial_system_attributes", "trial_params",
                              "trial_values", "trial_intermediate_values", "trial_heartbeats"}) {
      TL_RETURN_IF_ERROR(run(std::string("DELETE FROM ") + table +
                                 " WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id=?)",
                             {study}));
    }
    for (const char* table : {"trials", "study_directions", "study_user_attributes",
                              "study_system_attributes", "studies"}) {
      TL_RETURN_IF_ERROR(
          run(std::string("DELETE FROM ") + table + " WHERE study_id=?", {study}));
    }
    reader_.forget();
    return {};
  });
}

Status SqlStorage::set_study_attribute(int64_t study, AttributeOwner owner, const std::string& key,
                                       const std::string& json) {
  const std::lock_guard lock(mutex_);
  return atomically([&]() -> Status {
    TL_RETURN_IF_ERROR(lock_study(study));
    TL_RETURN_IF_ERROR(run(std::string("INSERT INTO ") + study_attribute_table(owner) +
                               "(study_id,\"key\",value_json) VALUES(?,?,?) ON CONFLICT"
                               "(study_id,\"key\") DO UPDATE SET value_json=excluded.value_json",
                           {study, key, json}));
    return {};
  });
}

}  // namespace thunderline::cerebros::tpe
