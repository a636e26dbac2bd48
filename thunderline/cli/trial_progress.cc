#include "thunderline/cli/trial_progress.h"

#include <algorithm>

#include "thunderline/cli/output.h"

namespace thunderline::cli {

namespace tpe = cerebros::tpe;

std::function<void(const tpe::FrozenTrial&, const std::string&)> TrialProgress::watcher() {
  return [this](const tpe::FrozenTrial& trial, const std::string& reason) {
    if (trial.state == tpe::TrialState::kFail) {
      last_reason_ = reason;
      progress_.note("trial " + std::to_string(trial.number) + " failed: " + reason);
    }
    // Other workers' trials have numbers too.
    const int done = std::min(trial.number + 1, trials_);
    progress_.show("trial " + std::to_string(done) + "/" + std::to_string(trials_) + " " +
                   bar(static_cast<double>(done) / trials_, 20) + " " +
                   (trial.value ? number_text(*trial.value) : tpe::state_name(trial.state)));
  };
}

}  // namespace thunderline::cli
