#pragma once

#include <functional>
#include <string>

#include "thunderline/cerebros/tpe/frozen_trial.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/progress.h"

namespace thunderline::cli {

/// Shows a study's trials as they end. Lifetime: the session must outlive it. Thread-safety: one
/// thread.
class TrialProgress {
 public:
  /// `trials`: the total, for the bar.
  TrialProgress(const Session& session, int trials)
      : progress_(session.clock, session.quiet), trials_(trials) {}

  /// What `TuneLoop::on_trial` takes. It uses this object.
  std::function<void(const cerebros::tpe::FrozenTrial&, const std::string&)> watcher();

  void note(const std::string& line) { progress_.note(line); }
  void finish() { progress_.finish(); }

  /// Why the last trial that failed did.
  const std::string& last_reason() const { return last_reason_; }

 private:
  Progress progress_;
  const int trials_;
  std::string last_reason_;
};

}  // namespace thunderline::cli
