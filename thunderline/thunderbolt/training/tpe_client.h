#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/search_space.h"
#include "thunderline/cerebros/tpe/study.h"

namespace thunderline::thunderbolt {

/// Named hyperparameter studies: the pipeline's door to cerebros' TPE. A study is made once with
/// its search space; then trials are suggested and their outcomes recorded, by number.
///
/// Errors, for every call that names a study: kNotFound when `init_study` was not called for it.
/// Thread-safety: any thread. Lifetime: owns its studies; shares the storage.
class TpeClient {
 public:
  using Params = cerebros::tpe::Params;

  struct StudyOptions {
    cerebros::tpe::Direction direction = cerebros::tpe::Direction::kMinimize;
    uint64_t seed = 42;
    std::string sampler = "tpe";  ///< tpe, tpe-univariate, random.
    std::string pruner = "none";  ///< none, median, percentile, asha.
    int startup_trials = 10;      ///< Random until so many trials are complete or pruned.
    bool load_if_exists = false;  ///< Go on with what the storage has under this name.
  };

  /// A trial to be run.
  struct Suggestion {
    int trial = 0;
    Params params;
  };

  /// What came of a trial: kComplete with a value, kPruned with or without one, kFail without.
  struct Outcome {
    int trial = 0;
    cerebros::tpe::TrialState state = cerebros::tpe::TrialState::kComplete;
    std::optional<double> value;
  };

  struct BestTrial {
    int trial = 0;
    double value = 0;
    Params params;
  };

  struct StudyStatus {
    std::string name;
    cerebros::tpe::Direction direction = cerebros::tpe::Direction::kMinimize;
    int trials = 0;  ///< The sum of the five below.
    int running = 0;
    int complete = 0;
    int pruned = 0;
    int failed = 0;
    int waiting = 0;
    std::optional<BestTrial> best;
  };

  /// With its own memory, or over a storage that outlives the process.
  TpeClient();
  explicit TpeClient(std::shared_ptr<cerebros::tpe::StudyStorage> storage);

  /// Makes a study. Errors: kRefused when the name is taken (see `load_if_exists`);
  /// kInvalidArgument for an empty space or an unknown sampler or pruner.
  Status init_study(const std::string& name, cerebros::tpe::SearchSpace space,
                    StudyOptions options);
  Status init_study(const std::string& name, cerebros::tpe::SearchSpace space);

  /// The next trial with a value for each parameter of the space.
  Result<Suggestion> suggest(const std::string& name);

  /// `count` trials to run in parallel: all are asked for before the first is drawn, so that the
  /// same batches give the same study. Range: count >= 1.
  Result<std::vector<Suggestion>> suggest_batch(const std::string& name, int count);

  /// Records a trial's value; returns whether it is now the best. Errors: kInvalidArgument for NaN
  /// (record kFail instead); kNotFound for an unknown trial; kRefused for one that is not running.
  Result<bool> record(const std::string& name, int trial, double value);

  /// Records any outcome; returns whether it is now the best. Errors as above.
  Result<bool> record(const std::string& name, const Outcome& outcome);

  /// Records the value of the oldest running trial with exactly these parameters.
  /// Errors: kNotFound when no running trial has them.
  Result<bool> record(const std::string& name, const Params& params, double value);

  /// Records outcomes in the order of trial numbers, whatever their order in the list. Nothing is
  /// recorded when one of them is not acceptable: errors as for `record`, and kInvalidArgument for
  /// a trial that is there twice.
  Status record_batch(const std::string& name, std::span<const Outcome> outcomes);

  /// Errors: kNotFound before the first complete trial.
  Result<BestTrial> best_params(const std::string& name) const;

  Result<StudyStatus> get_status(const std::string& name) const;

  /// The names in the storage, in the order in which they were made.
  Result<std::vector<std::string>> list_studies() const;

  /// Removes a study with its trials, from the storage too (also one that was not opened here).
  Status delete_study(const std::string& name);

  /// The study itself, for what this facade leaves out: reports, pruning, enqueueing, re-seeding.
  Result<std::shared_ptr<cerebros::tpe::Study>> study(const std::string& name) const;

 private:
  struct Entry {
    std::shared_ptr<cerebros::tpe::Study> study;
    std::shared_ptr<const cerebros::tpe::SearchSpace> space;
  };

  Result<Entry> find(const std::string& name) const;

  const std::shared_ptr<cerebros::tpe::StudyStorage> storage_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> studies_;  // guarded by mutex_
};

}  // namespace thunderline::thunderbolt
