#include "thunderline/cerebros/tpe/storage/memory_storage.h"

#include <memory>
#include <utility>

namespace thunderline::cerebros::tpe {
namespace {

/// Readers may hold the old snapshot, so the change goes into a copy.
void change_snapshot(TrialPtr& trial, const std::function<void(FrozenTrial&)>& change) {
  auto changed = std::make_shared<FrozenTrial>(*trial);
  change(*changed);
  trial = std::move(changed);
}

tl::unexpected<Error> not_running(const FrozenTrial& trial) {
  return fail(ErrorCode::kRefused, std::string("the trial is ") + state_name(trial.state),
              "trial " + std::to_string(trial.number), "only running trials can be changed");
}

}  // namespace

Result<MemoryStorage::StoredStudy*> MemoryStorage::locate(int64_t study) {
  const auto it = studies_.find(study);
  if (it == studies_.end()) {
    return fail(ErrorCode::kNotFound, "no such study", "study id " + std::to_string(study));
  }
  return &it->second;
}

Result<TrialPtr*> MemoryStorage::locate_trial(int64_t study, int number) {
  TL_ASSIGN_OR_RETURN(StoredStudy * stored, locate(study));
  if (number < 0 || static_cast<size_t>(number) >= stored->trials.size()) {
    return fail(ErrorCode::kNotFound, "no such trial", "trial " + std::to_string(number),
                "the study has " + std::to_string(stored->trials.size()) + " trials");
  }
  return &stored->trials[static_cast<size_t>(number)];
}

Result<TrialPtr> MemoryStorage::add_trial(int64_t study, FrozenTrial trial) {
  TL_ASSIGN_OR_RETURN(StoredStudy * stored, locate(study));
  remember([stored, waiting = stored->waiting] {
    stored->trials.pop_back();
    stored->waiting = waiting;
  });
  trial.number = static_cast<int>(stored->trials.size());
  if (trial.state == TrialState::kWaiting) ++stored->waiting;
  stored->trials.push_back(std::make_shared<FrozenTrial>(std::move(trial)));
  return stored->trials.back();
}

Status MemoryStorage::change_running(int64_t study, int number,
                                     const std::function<void(FrozenTrial&)>& change) {
  const std::lock_guard lock(mutex_);
  TL_ASSIGN_OR_RETURN(TrialPtr * trial, locate_trial(study, number));
  if ((*trial)->state != TrialState::kRunning) return not_running(**trial);
  TL_ASSIGN_OR_RETURN(StoredStudy * stored, locate(study));
  remember_trial(*stored, number);
  change_snapshot(*trial, change);
  return {};
}

void MemoryStorage::remember(std::function<void()> undo) {
  if (depth_ > 0) undo_.push_back(std::move(undo));
}

void MemoryStorage::remember_trial(StoredStudy& study, int number) {
  remember([&study, number, before = study.trials[static_cast<size_t>(number)],
            waiting = study.waiting] {
    study.trials[static_cast<size_t>(number)] = before;
    study.waiting = waiting;
  });
}

Status MemoryStorage::atomically(const std::function<Status()>& body) {
  const std::lock_guard lock(mutex_);
  if (depth_ > 0) return body();
  ++depth_;
  Status done = body();
  --depth_;
  if (!done) {
    for (auto undo = undo_.rbegin(); undo != undo_.rend(); ++undo) (*undo)();
  }
  undo_.clear();
  return done;
}

Result<StudyRecord> MemoryStorage::create_study(const std::string& name, Direction direction) {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, study] : studies_) {
    if (study.record.name == name) {
      return fail(ErrorCode::kRefused, "the study exists already", name,
                  "choose another name or load the existing one");
    }
  }
  remember([this, id = next_id_] { studies_.erase(id); });
  const StudyRecord record{next_id_++, name, direction, {direction}, {}, {}};
  studies_[record.id].record = record;
  return record;
}

Result<StudyRecord> MemoryStorage::find_study(const std::string& name) {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, study] : studies_) {
    if (study.record.name == name) return study.record;
  }
  return fail(ErrorCode::kNotFound, "no such study", name, "create it first");
}

Result<std::vector<StudyRecord>> MemoryStorage::list_studies() {
  const std::lock_guard lock(mutex_);
  std::vector<StudyRecord> records;
  for (const auto& [id, study] : studies_) records.push_back(study.record);
  return records;
}

Status MemoryStorage::delete_study(int64_t study) {
  const std::lock_guard lock(mutex_);
  TL_RETURN_IF_ERROR(locate(study));
  // The node itself comes back, so that what points into it stays right.
  auto node = std::make_shared<std::map<int64_t, StoredStudy>::node_type>(studies_.extract(study));
  remember([this, node] { studies_.insert(std::move(*node)); });
  return {};
}

Status MemoryStorage::set_study_attribute(int64_t study, AttributeOwner owner,
                                          const std::string& key, const std::string& json) {
  const std::lock_guard lock(mutex_);
  TL_ASSIGN_OR_RETURN(StoredStudy * stored, locate(study));
  StudyRecord& record = stored->record;
  remember([&record, before = record] { record = before; });
  (owner == AttributeOwner::kUser ? record.user_attributes : record.system_attributes)[key] = json;
  return {};
}

Result<TrialPtr> MemoryStorage::add_running_trial(int64_t study) {
  const std::lock_guard lock(mutex_);
  return add_trial(study, FrozenTrial{});
}

Result<TrialPtr> MemoryStorage::add_waiting_trial(int64_t study, const Params& fixed_params) {
  const std::lock_guard lock(mutex_);
  FrozenTrial trial;
  trial.state = TrialState::kWaiting;
  trial.fixed_params = fixed_params;
  return add_trial(study, std::move(trial));
}

Result<TrialPtr> MemoryStorage::claim_waiting_trial(int64_t study) {
  const std::lock_guard lock(mutex_);
  TL_ASSIGN_OR_RETURN(StoredStudy * stored, locate(study));
  if (stored->waiting == 0) return TrialPtr();
  for (TrialPtr& trial : stored->trials) {
    if (trial->state != TrialState::kWaiting) continue;
    remember_trial(*stored, trial->number);
    change_snapshot(trial, [](FrozenTrial& t) { t.state = TrialState::kRunning; });
    --stored->waiting;
    return trial;
  }
  return TrialPtr();
}

Status MemoryStorage::set_param(int64_t study, int number, const TrialParam& param) {
  return change_running(study, number, [&](FrozenTrial& t) { t.params.push_back(param); });
}

Status MemoryStorage::set_relative_params(int64_t study, int number, const Params& params) {
  return change_running(study, number, [&](FrozenTrial& t) { t.relative_params = params; });
}

Status MemoryStorage::set_intermediate_value(int64_t study, int number, int64_t step,
                                             double value) {
  return change_running(study, number,
                        [&](FrozenTrial& t) { t.intermediate_values[step] = value; });
}

Status MemoryStorage::set_constraints(int64_t study, int number,
                                      const std::vector<double>& constraints) {
  return change_running(study, number, [&](FrozenTrial& t) { t.constraints = constraints; });
}

Status MemoryStorage::set_rung_values(int64_t study, int number,
                                      const std::vector<double>& values) {
  return change_running(study, number, [&](FrozenTrial& t) { t.rung_values = values; });
}

Status MemoryStorage::set_trial_attribute(int64_t study, int number, AttributeOwner owner,
                                          const std::string& key, const std::string& json) {
  return change_running(study, number, [&](FrozenTrial& t) {
    (owner == AttributeOwner::kUser ? t.user_attributes : t.system_attributes)[key] = json;
  });
}

Status MemoryStorage::beat(int64_t study, int number) {
  const std::lock_guard lock(mutex_);
  TL_ASSIGN_OR_RETURN(TrialPtr * trial, locate_trial(study, number));
  if ((*trial)->state != TrialState::kRunning) return not_running(**trial);
  TL_ASSIGN_OR_RETURN(StoredStudy * stored, locate(study));
  stored->beats[number] = clock_.unix_ms();
  return {};
}

Result<std::vector<int>> MemoryStorage::retry_stale_trials(int64_t study,
                                                           std::chrono::milliseconds grace) {
  const std::lock_guard lock(mutex_);
  TL_ASSIGN_OR_RETURN(StoredStudy * stored, locate(study));
  std::vector<int> failed;
  for (const auto& [number, time] : stored->beats) {
    const bool stale = clock_.unix_ms() - time > grace.count();
    const TrialPtr trial = stored->trials[static_cast<size_t>(number)];
    if (!stale || trial->state != TrialState::kRunning) continue;
    TL_RETURN_IF_ERROR(finish_trial(study, number, TrialState::kFail, std::nullopt));
    TL_RETURN_IF_ERROR(add_trial(study, retry_of(*trial)));
    failed.push_back(number);
  }
  return failed;
}

Status MemoryStorage::finish_trial(int64_t study, int number, TrialState state,
                                   std::optional<double> value) {
  const std::lock_guard lock(mutex_);
  TL_ASSIGN_OR_RETURN(StoredStudy * stored, locate(study));
  TL_ASSIGN_OR_RETURN(TrialPtr * trial, locate_trial(study, number));
  const bool cancels_waiting =
      (*trial)->state == TrialState::kWaiting && state == TrialState::kFail;
  if ((*trial)->state != TrialState::kRunning && !cancels_waiting) return not_running(**trial);
  remember_trial(*stored, number);
  change_snapshot(*trial, [&](FrozenTrial& t) {
    t.state = state;
    t.value = value;
  });
  if (cancels_waiting) --stored->waiting;
  return {};
}

Result<TrialPtr> MemoryStorage::trial(int64_t study, int number) {
  const std::lock_guard lock(mutex_);
  TL_ASSIGN_OR_RETURN(TrialPtr * trial, locate_trial(study, number));
  return *trial;
}

Result<std::vector<TrialPtr>> MemoryStorage::trials(int64_t study) {
  const std::lock_guard lock(mutex_);
  TL_ASSIGN_OR_RETURN(StoredStudy * stored, locate(study));
  return stored->trials;
}

}  // namespace thunderline::cerebros::tpe
