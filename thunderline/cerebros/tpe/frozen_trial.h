#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/cerebros/tpe/distribution.h"

namespace thunderline::cerebros::tpe {

/// Where a trial is in its life. Waiting trials were enqueued and not yet asked for.
enum class TrialState { kRunning, kComplete, kPruned, kFail, kWaiting };

/// "running", "complete", "pruned", "fail", "waiting".
const char* state_name(TrialState state);

/// Whether nothing can be changed any more: complete, pruned or failed.
bool is_finished(TrialState state);

enum class Direction { kMinimize, kMaximize };

/// "minimize" or "maximize".
const char* direction_name(Direction direction);

/// Whether `a` is a better objective value than `b`.
inline bool is_better(double a, double b, Direction direction) {
  return direction == Direction::kMinimize ? a < b : a > b;
}

/// One suggested value with the distribution that it came from.
struct TrialParam {
  std::string name;
  ParamValue value;
  DistributionPtr distribution;
};

/// Everything that is known of one trial at one moment. A value; snapshots of it are shared.
struct FrozenTrial {
  int number = 0;  ///< From 0, in the order in which trials were made.
  TrialState state = TrialState::kRunning;
  std::optional<double> value;  ///< Objective, never NaN. A pruned one's is the last it reported.
  std::vector<TrialParam> params;                 ///< In the order of suggestion.
  std::map<int64_t, double> intermediate_values;  ///< By step; NaN allowed.
  std::vector<double> constraints;                ///< Feasible where none is > 0.
  Params fixed_params;                            ///< What an enqueued trial must use.
  Params relative_params;           ///< Drawn together for this trial, used or not yet.
  std::vector<double> rung_values;  ///< Successive halving: the value at each rung reached.

  /// All values of a trial with several objectives; empty for one objective.
  std::vector<double> objective_values;

  /// Attributes as JSON text by key: the user's, and what libraries keep (Optuna's names; the fields
  /// above are read from them and are not repeated here).
  std::map<std::string, std::string> user_attributes;
  std::map<std::string, std::string> system_attributes;

  /// "YYYY-MM-DD HH:MM:SS.ffffff" in UTC; empty where the storage keeps no times, or not yet.
  std::string started;
  std::string completed;

  /// The parameter called `name`, or null.
  const TrialParam* find(std::string_view name) const;

  /// Values by name.
  Params values() const;

  bool is_feasible() const;
};

/// A snapshot, safe to read from any thread.
using TrialPtr = std::shared_ptr<const FrozenTrial>;

/// The best complete, feasible trial (the first of equals), or null.
TrialPtr best_of(const std::vector<TrialPtr>& trials, Direction direction);

/// The waiting trial that tries again what `failed`, whose worker died, began: its parameters and
/// attributes, without values, and the attributes `failed_trial` (the first of the row) and
/// `retry_history` (all before it). Source: Optuna 5 `RetryHeartbeatStaleTrialCallback`.
FrozenTrial retry_of(const FrozenTrial& failed);

}  // namespace thunderline::cerebros::tpe
