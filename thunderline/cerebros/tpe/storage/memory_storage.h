#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/cerebros/tpe/storage/study_storage.h"

namespace thunderline::cerebros::tpe {

/// Studies that end with the process.
class MemoryStorage final : public StudyStorage {
 public:
  /// `clock`: for beats; the system's where null. It must outlive the storage.
  explicit MemoryStorage(const Clock* clock = nullptr)
      : clock_(clock == nullptr ? system_clock_ : *clock) {}

  Status atomically(const std::function<Status()>& body) override;
  Result<StudyRecord> create_study(const std::string& name, Direction direction) override;
  Result<StudyRecord> find_study(const std::string& name) override;
  Result<std::vector<StudyRecord>> list_studies() override;
  Status delete_study(int64_t study) override;
  Status set_study_attribute(int64_t study, AttributeOwner owner, const std::string& key,
                             const std::string& json) override;
  Result<TrialPtr> add_running_trial(int64_t study) override;
  Result<TrialPtr> add_waiting_trial(int64_t study, const Params& fixed_params) override;
  Result<TrialPtr> claim_waiting_trial(int64_t study) override;
  Status set_param(int64_t study, int number, const TrialParam& param) override;
  Status set_relative_params(int64_t study, int number, const Params& params) override;
  Status set_intermediate_value(int64_t study, int number, int64_t step, double value) override;
  Status set_constraints(int64_t study, int number,
                         const std::vector<double>& constraints) override;
  Status set_rung_values(int64_t study, int number, const std::vector<double>& values) override;
  Status set_trial_attribute(int64_t study, int number, AttributeOwner owner,
                             const std::string& key, const std::string& json) override;
  Status finish_trial(int64_t study, int number, TrialState state,
                      std::optional<double> value) override;
  Status beat(int64_t study, int number) override;
  Result<std::vector<int>> retry_stale_trials(int64_t study,
                                              std::chrono::milliseconds grace) override;
  Result<TrialPtr> trial(int64_t study, int number) override;
  Result<std::vector<TrialPtr>> trials(int64_t study) override;

 private:
  struct StoredStudy {
    StudyRecord record;
    std::vector<TrialPtr> trials;
    int waiting = 0;
    std::map<int, int64_t> beats;  ///< Unix milliseconds by trial.
  };

  // The callers hold mutex_.
  Result<StoredStudy*> locate(int64_t study);
  Result<TrialPtr*> locate_trial(int64_t study, int number);
  Result<TrialPtr> add_trial(int64_t study, FrozenTrial trial);

  Status change_running(int64_t study, int number,
                        const std::function<void(FrozenTrial&)>& change);

  /// Inside `atomically`: how to take the next change back.
  void remember(std::function<void()> undo);
  void remember_trial(StoredStudy& study, int number);

  const SystemClock system_clock_;
  const Clock& clock_;
  std::recursive_mutex mutex_;  // recursive: `atomically` calls the other members
  std::map<int64_t, StoredStudy> studies_;  // guarded by mutex_
  int depth_ = 0;                           // guarded by mutex_; nested `atomically`
  std::vector<std::function<void()>> undo_;  // guarded by mutex_; of each change in it
  int64_t next_id_ = 1;                     // guarded by mutex_
};

}  // namespace thunderline::cerebros::tpe
