#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/frozen_trial.h"
#include "thunderline/cerebros/tpe/pruners/pruner.h"
#include "thunderline/cerebros/tpe/sampler.h"
#include "thunderline/cerebros/tpe/storage/study_storage.h"
#include "thunderline/cerebros/tpe/trial.h"

namespace thunderline::cerebros::tpe {

/// The search for the best value of one objective: `ask` for a trial, let it suggest, `tell` what
/// came of it.
///
/// Deterministic: the same seed and the same order of ask, suggest and tell give the same values.
/// In one uninterrupted study the stream is that of Optuna 5 with the same seed. So several workers
/// get a reproducible study by rounds: ask k, let each suggest in turn, train in any order, tell in
/// the order of numbers.
/// Thread-safety: any thread (one mutex; sampling happens under it).
class Study {
 public:
  struct Options {
    std::string name;
    Direction direction = Direction::kMinimize;
    std::unique_ptr<Sampler> sampler;       ///< Null: multivariate TPE.
    std::unique_ptr<Pruner> pruner;         ///< Null: none.
    uint64_t seed = 42;                     ///< See `fold_seed`.
    std::shared_ptr<StudyStorage> storage;  ///< Null: a memory of its own.
    bool load_if_exists = false;            ///< Go on with a study of this name.
  };

  /// Makes the study, or goes on with it; one with n > 0 trials draws from `resume_seed(seed, n)`.
  /// Errors: kInvalidArgument for an empty name; kRefused when the name is taken (without
  /// `load_if_exists`), the direction differs, or the study has several objectives; those of the
  /// storage.
  static Result<std::unique_ptr<Study>> create(Options options);

  /// Goes on with a study, whatever its direction; `options.direction` is not used.
  static Result<std::unique_ptr<Study>> open(Options options);

  const std::string& name() const { return record_.name; }
  const StudyRecord& record() const { return record_; }
  Direction direction() const { return record_.direction; }
  int64_t storage_id() const { return record_.id; }
  uint64_t seed() const { return seed_; }

  /// The next trial: the oldest waiting one, else a new one. Draws no numbers.
  ///
  /// Where others work on the study too, no two trials draw from the same stream: a new trial whose
  /// number is not the one behind our last, and a waiting one that is the first asked for after the
  /// study was opened with trials, start the sampler's stream anew from `resume_seed(seed, number)`.
  Result<Trial> ask();

  /// The next trial with a value of every parameter, all stored at once or not at all.
  Result<Trial> ask(const SearchSpace& space);

  /// A handle on a trial that runs already.
  Result<Trial> running_trial(int number);

  /// Ends a trial with its objective value. Errors: kInvalidArgument for NaN; kNotFound for a
  /// number that no trial has; kRefused when the trial is not running.
  Status tell(int number, double value);

  /// Ends a trial: kComplete (with a value), kPruned (without one the last intermediate value is
  /// kept, unless NaN) or kFail (without a value; also cancels a waiting trial). Errors as above.
  Status tell(int number, TrialState state, std::optional<double> value = std::nullopt);

  /// Adds a waiting trial that will use these values where a suggestion's range holds them; the
  /// sampler gives the rest. Returns its number. Enqueue, ask, suggest and tell put a recorded
  /// trial back without drawing a number. Errors: kInvalidArgument for a name that is there twice or a
  /// number that is not finite.
  Result<int> enqueue(const Params& params);

  /// Fails the running trials whose workers gave no beat for `grace`, and queues them again.
  /// Returns their numbers.
  Result<std::vector<int>> retry_stale_trials(std::chrono::milliseconds grace);

  /// Notes that the worker of a running trial is alive.
  Status beat(int number);

  /// The best complete, feasible trial, the first of equals. Errors: kNotFound without one.
  Result<TrialPtr> best_trial() const;

  /// Snapshots of all trials, by number.
  Result<std::vector<TrialPtr>> trials() const;

  /// Starts the sampler's stream anew. A loop that is to resume after a kill bit for bit calls it
  /// before each round with `resume_seed(seed, number of trials)`.
  void reseed_sampler(uint64_t seed);

 private:
  friend class Trial;

  Study(Options options, StudyRecord record, int trials);

  static Result<std::unique_ptr<Study>> start(Options options, StudyRecord record);

  Result<ParamValue> suggest(int number, const Parameter& parameter);
  Status report(int number, int64_t step, double value);
  Result<bool> should_prune(int number);
  Status set_constraints(int number, const std::vector<double>& constraints);

  // The callers hold mutex_.
  Result<TrialPtr> find_running(int number) const;
  Result<ParamValue> suggest_locked(int number, const Parameter& parameter);
  DistributionPtr intern(const std::string& name, Distribution distribution);
  Result<ParamValue> choose(const TrialPtr& trial, const std::string& name,
                            const Distribution& distribution);
  Result<TrialPtr> with_relative_params(TrialPtr trial, const StudyView& view);

  Result<TrialPtr> next_trial();

  const StudyRecord record_;
  const uint64_t seed_;
  const std::shared_ptr<StudyStorage> storage_;
  mutable std::mutex mutex_;
  std::unique_ptr<Sampler> sampler_;                // guarded by mutex_
  std::unique_ptr<Pruner> pruner_;                  // guarded by mutex_
  std::map<std::string, DistributionPtr> interned_;  // guarded by mutex_; the newest of each name
  int next_number_ = 0;     // guarded by mutex_; of a new trial, if nobody else makes one
  bool resumed_ = false;    // guarded by mutex_; opened with trials, and nothing was asked for yet
  std::set<int> drawn_;  // guarded by mutex_; running trials whose joint draw was made
};

}  // namespace thunderline::cerebros::tpe
