#include "thunderline/cerebros/tpe/frozen_trial.h"

#include <algorithm>

namespace thunderline::cerebros::tpe {

const char* state_name(TrialState state) {
  switch (state) {
    case TrialState::kRunning: return "running";
    case TrialState::kComplete: return "complete";
    case TrialState::kPruned: return "pruned";
    case TrialState::kFail: return "fail";
    case TrialState::kWaiting: return "waiting";
  }
  return "unknown";
}

bool is_finished(TrialState state) {
  return state != TrialState::kRunning && state != TrialState::kWaiting;
}

const char* direction_name(Direction direction) {
  return direction == Direction::kMinimize ? "minimize" : "maximize";
}

const TrialParam* FrozenTrial::find(std::string_view name) const {
  for (const TrialParam& param : params) {
    if (param.name == name) return &param;
  }
  return nullptr;
}

Params FrozenTrial::values() const {
  Params result;
  for (const TrialParam& param : params) result.emplace_back(param.name, param.value);
  return result;
}

bool FrozenTrial::is_feasible() const {
  return std::none_of(constraints.begin(), constraints.end(), [](double c) { return c > 0; });
}

TrialPtr best_of(const std::vector<TrialPtr>& trials, Direction direction) {
  TrialPtr best;
  for (const TrialPtr& trial : trials) {
    if (trial->state != TrialState::kComplete || !trial->is_feasible()) continue;
    if (!best || is_better(*trial->value, *best->value, direction)) best = trial;
  }
  return best;
}

FrozenTrial retry_of(const FrozenTrial& failed) {
  FrozenTrial retry = failed;
  const std::string number = std::to_string(failed.number);
  retry.state = TrialState::kWaiting;
  retry.value.reset();
  retry.objective_values.clear();
  retry.intermediate_values.clear();
  retry.started.clear();
  retry.completed.clear();
  retry.system_attributes.try_emplace("failed_trial", number);
  std::string& history = retry.system_attributes["retry_history"];
  const size_t end = history.rfind(']');
  const bool first = end == history.npos || history.find_first_of("0123456789") == history.npos;
  history = first ? "[" + number + "]" : history.substr(0, end) + ", " + number + "]";
  return retry;
}

}  // namespace thunderline::cerebros::tpe
