#pragma once

#include <memory>
#include <optional>
#include <string>

#include "thunderline/base/mutex.h"
#include "thunderline/base/result.h"
#include "thunderline/cerebros/service/agent_trainer.h"
#include "thunderline/thunderchief/state_store.h"

namespace thunderline::thunderchief {

/// Finished trials of the trainings, in `state.db` (part "training"): an interrupted study goes on
/// with them. A training is known by its model and version; `study` says all that decides its
/// numbers, so that trials of another study are never taken for its own. Errors: those of
/// `StateStore`. Thread-safety: any thread.
class TrialStore {
 public:
  /// With a connection of its own.
  static Result<std::unique_ptr<TrialStore>> open(const std::string& path);

  /// Begins or goes on with a study; the trials of another one under its name are forgotten.
  Status begin(const std::string& model, int version, const std::string& study) TL_EXCLUDES(mutex_);

  /// Writes a trial durably. A second trial of its number replaces the first.
  Status keep(const std::string& model, int version, const cerebros::service::AgentTrial& trial)
      TL_EXCLUDES(mutex_);

  /// The trial of this number, if it was kept and had these parameters.
  Result<std::optional<cerebros::service::AgentTrial>> recall(const std::string& model, int version,
                                                              int number,
                                                              const cerebros::tpe::Params& params)
      TL_EXCLUDES(mutex_);

  /// How many trials are kept of a training.
  Result<int> count(const std::string& model, int version) TL_EXCLUDES(mutex_);

 private:
  explicit TrialStore(std::unique_ptr<StateStore> state)
      : state_(std::move(state)), db_(state_->database()) {}

  Mutex mutex_;
  const std::unique_ptr<StateStore> state_;
  Database& db_ TL_GUARDED_BY(mutex_);
};

}  // namespace thunderline::thunderchief
