#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "thunderline/cerebros/tpe/storage/study_storage.h"

namespace thunderline::cerebros::tpe {

/// Studies that end with the process.
class MemoryStorage final : public StudyStorage {
 public:
  Result<StudyRecord> create_study(const std::string& name, Direction direction) override;
  Result<StudyRecord> find_study(const std::string& name) override;
  Result<std::vector<StudyRecord>> list_studies() override;
  Status delete_study(int64_t study) override;
  Result<TrialPtr> add_running_trial(int64_t study) override;
  Result<TrialPtr> add_waiting_trial(int64_t study, const Params& fixed_params) override;
  Result<TrialPtr> claim_waiting_trial(int64_t study) override;
  Status set_param(int64_t study, int number, const TrialParam& param) override;
  Status set_relative_params(int64_t study, int number, const Params& params) override;
  Status set_intermediate_value(int64_t study, int number, int64_t step, double value) override;
  Status set_constraints(int64_t study, int number,
                         const std::vector<double>& constraints) override;
  Status set_rung_values(int64_t study, int number, const std::vector<double>& values) override;
  Status finish_trial(int64_t study, int number, TrialState state,
                      std::optional<double> value) override;
  Result<TrialPtr> trial(int64_t study, int number) override;
  Result<std::vector<TrialPtr>> trials(int64_t study) override;

 private:
  struct StoredStudy {
    StudyRecord record;
    std::vector<TrialPtr> trials;
    int waiting = 0;
  };

  // The callers hold mutex_.
  Result<StoredStudy*> locate(int64_t study);
  Result<TrialPtr*> locate_trial(int64_t study, int number);
  Result<TrialPtr> add_trial(int64_t study, FrozenTrial trial);

  Status change_running(int64_t study, int number,
                        const std::function<void(FrozenTrial&)>& change);

  std::mutex mutex_;
  std::map<int64_t, StoredStudy> studies_;  // guarded by mutex_
  int64_t next_id_ = 1;                     // guarded by mutex_
};

}  // namespace thunderline::cerebros::tpe
