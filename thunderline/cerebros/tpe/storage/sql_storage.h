#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/cerebros/tpe/storage/sql_connection.h"
#include "thunderline/cerebros/tpe/storage/sql_trials.h"
#include "thunderline/cerebros/tpe/storage/study_storage.h"

namespace thunderline::cerebros::tpe {

/// Studies in a database with Optuna's tables; Optuna, other processes and other machines may work
/// on them meanwhile. What a call wrote is durable when it returns. Finished trials are read once.
/// Times are UTC, by the given clock; the clocks of machines that share a study must agree to well
/// within the grace of `retry_stale_trials`.
class SqlStorage final : public StudyStorage {
 public:
  /// The clock must outlive it.
  SqlStorage(std::unique_ptr<SqlConnection> connection, const Clock& clock)
      : connection_(std::move(connection)), clock_(clock), reader_(*connection_) {}

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
  // The callers hold mutex_.
  Result<SqlRows> run(const std::string& sql, const std::vector<SqlValue>& values);
  Result<StudyRecord> record(int64_t id, const std::string& name);
  Status lock_study(int64_t study);
  Result<int64_t> insert_trial(int64_t study, const char* state, const SqlValue& started);
  Status set_attribute(const char* table, int64_t trial_id, const std::string& key,
                       const std::string& json);
  Status insert_param(int64_t trial_id, const TrialParam& param);
  Status queue_again(int64_t study, const FrozenTrial& failed);
  Result<TrialPtr> read_trial(int64_t study, int number);

  /// Runs `change` with the trial's id in a transaction, if the trial is running.
  Status change_running(int64_t study, int number,
                        const std::function<Status(int64_t trial_id)>& change);

  const std::unique_ptr<SqlConnection> connection_;
  const Clock& clock_;
  std::recursive_mutex mutex_;  // recursive: `atomically` calls the other members
  SqlTrials reader_;            // guarded by mutex_
  int depth_ = 0;               // guarded by mutex_; nested `atomically`
};

}  // namespace thunderline::cerebros::tpe
