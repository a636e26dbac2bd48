#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/frozen_trial.h"
#include "thunderline/cerebros/tpe/search_space.h"

namespace thunderline::cerebros::tpe {

class Study;

struct FloatOptions {
  bool log = false;
  std::optional<double> step;
};

struct IntOptions {
  bool log = false;
  int64_t step = 1;
};

/// A running trial: the handle through which an objective asks for its values, in any order and as
/// many as it likes (define by run). A name that was suggested before gives the same value again.
///
/// Errors, for every call: kInvalidArgument for a bad range, as `checked_distribution` says;
/// kRefused when the trial is finished; those of the storage.
/// Lifetime: the study must outlive it. Thread-safety: any thread; copies stand for the same trial.
class Trial {
 public:
  int number() const { return number_; }

  Result<double> suggest_float(const std::string& name, double low, double high,
                               FloatOptions options = {});
  Result<int64_t> suggest_int(const std::string& name, int64_t low, int64_t high,
                              IntOptions options = {});
  Result<ParamValue> suggest_categorical(const std::string& name, std::vector<ParamValue> choices);

  /// One value of any distribution.
  Result<ParamValue> suggest(const Parameter& parameter);

  /// Every parameter of the space, in its order.
  Result<Params> suggest_all(const SearchSpace& space);

  /// Records an intermediate value (NaN allowed) at a step >= 0. A step reported again keeps its
  /// first value, as in Optuna.
  Status report(int64_t step, double value);

  /// Whether the study's pruner would stop this trial now.
  Result<bool> should_prune();

  /// Sets the constraint values: the trial is feasible where none is > 0. NaN is refused.
  Status set_constraints(const std::vector<double>& constraints);

 private:
  friend class Study;
  Trial(Study* study, int number) : study_(study), number_(number) {}

  Study* study_;
  int number_;
};

}  // namespace thunderline::cerebros::tpe
