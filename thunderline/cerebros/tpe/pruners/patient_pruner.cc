#include "thunderline/cerebros/tpe/pruners/patient_pruner.h"

#include <cmath>
#include <iterator>
#include <limits>

namespace thunderline::cerebros::tpe {
namespace {

using Reports = std::map<int64_t, double>;

/// The best value, NaN left out; NaN when all are.
double best_of_range(Reports::const_iterator begin, Reports::const_iterator end,
                     Direction direction) {
  double best = std::numeric_limits<double>::quiet_NaN();
  for (auto it = begin; it != end; ++it) {
    if (std::isnan(it->second)) continue;
    if (std::isnan(best) || is_better(it->second, best, direction)) best = it->second;
  }
  return best;
}

}  // namespace

PruneDecision PatientPruner::judge(const StudyView& study, const FrozenTrial& trial) {
  const Reports& reports = trial.intermediate_values;
  const int64_t newest = options_.patience + 1;
  if (static_cast<int64_t>(reports.size()) <= newest) return {};
  const auto middle = std::prev(reports.end(), newest);
  const double before = best_of_range(reports.begin(), middle, study.direction);
  const double after = best_of_range(middle, reports.end(), study.direction);
  // A comparison with NaN is false: nothing is known, nothing is pruned.
  const bool no_better = study.direction == Direction::kMinimize
                             ? before + options_.min_delta < after
                             : before - options_.min_delta > after;
  if (!no_better) return {};
  if (wrapped_ != nullptr) return wrapped_->judge(study, trial);
  return {.prune = true, .new_rungs = {}};
}

}  // namespace thunderline::cerebros::tpe
