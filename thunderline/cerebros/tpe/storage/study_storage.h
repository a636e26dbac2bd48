#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/frozen_trial.h"

namespace thunderline::cerebros::tpe {

/// What a storage knows of a study beside its trials.
struct StudyRecord {
  int64_t id = 0;  ///< Given by the storage.
  std::string name;
  Direction direction = Direction::kMinimize;  ///< Of the first objective.
  std::vector<Direction> directions;           ///< One an objective; at least one.

  /// Attributes as JSON text by key: the user's, and those of libraries.
  std::map<std::string, std::string> user_attributes;
  std::map<std::string, std::string> system_attributes;
};

/// Whose attributes: the user's, or a library's.
enum class AttributeOwner { kUser, kSystem };

/// Where studies live. One storage holds many studies and may be shared by many of `Study`, in this
/// process or (where the implementation says so) in others.
///
/// Each call takes effect as a whole or not at all. A finished trial never changes.
/// Errors, for every call: kNotFound for a study or trial that does not exist; kRefused for a
/// change of a trial that is not running; kUnavailable when the storage cannot be reached.
/// Thread-safety: any thread.
class StudyStorage {
 public:
  virtual ~StudyStorage() = default;

  /// Runs `body`, whose calls of this storage take effect together, or not at all when it fails.
  /// Other threads and processes wait meanwhile, so `body` should be short. May be nested.
  virtual Status atomically(const std::function<Status()>& body) = 0;

  /// Makes a study with one objective and without trials. Errors: kRefused when the name is taken.
  virtual Result<StudyRecord> create_study(const std::string& name, Direction direction) = 0;

  virtual Result<StudyRecord> find_study(const std::string& name) = 0;

  /// All studies, in the order in which they were made.
  virtual Result<std::vector<StudyRecord>> list_studies() = 0;

  /// Removes a study with its trials.
  virtual Status delete_study(int64_t study) = 0;

  /// Sets an attribute to a JSON text.
  virtual Status set_study_attribute(int64_t study, AttributeOwner owner, const std::string& key,
                                     const std::string& json) = 0;

  /// Adds a trial with the next number: running, or waiting with the values it must use.
  virtual Result<TrialPtr> add_running_trial(int64_t study) = 0;
  virtual Result<TrialPtr> add_waiting_trial(int64_t study, const Params& fixed_params) = 0;

  /// Turns the oldest waiting trial into a running one, for one caller only; null when none waits.
  virtual Result<TrialPtr> claim_waiting_trial(int64_t study) = 0;

  virtual Status set_param(int64_t study, int number, const TrialParam& param) = 0;
  virtual Status set_relative_params(int64_t study, int number, const Params& params) = 0;
  virtual Status set_intermediate_value(int64_t study, int number, int64_t step,
                                        double value) = 0;
  virtual Status set_constraints(int64_t study, int number,
                                 const std::vector<double>& constraints) = 0;
  virtual Status set_rung_values(int64_t study, int number, const std::vector<double>& values) = 0;

  /// Ends a running trial (a waiting one may only fail). `state` is a finished one.
  virtual Status finish_trial(int64_t study, int number, TrialState state,
                              std::optional<double> value) = 0;

  /// Sets an attribute of a running trial to a JSON text.
  virtual Status set_trial_attribute(int64_t study, int number, AttributeOwner owner,
                                     const std::string& key, const std::string& json) = 0;

  /// Notes that the worker of a running trial is alive. A trial without a beat is never stale.
  virtual Status beat(int64_t study, int number) = 0;

  /// Fails each running trial whose last beat is more than `grace` ago, and queues it again: a new
  /// waiting trial with its parameters, user attributes, `failed_trial` (the first of the row) and
  /// `retry_history`, as Optuna's RetryFailedTrialCallback does. Of several callers one does it.
  /// Returns the numbers of the failed trials.
  virtual Result<std::vector<int>> retry_stale_trials(int64_t study,
                                                      std::chrono::milliseconds grace) = 0;

  virtual Result<TrialPtr> trial(int64_t study, int number) = 0;

  /// All trials in the order of their numbers.
  virtual Result<std::vector<TrialPtr>> trials(int64_t study) = 0;
};

}  // namespace thunderline::cerebros::tpe
