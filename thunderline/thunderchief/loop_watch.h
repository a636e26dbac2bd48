#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/thunderbolt/ml/observables/loop_monitor.h"
#include "thunderline/thunderchief/run_recorder.h"
#include "thunderline/thunderflow/event_bus.h"

namespace thunderline::thunderchief {

/// What the watch is told of a tick.
struct WatchedTick {
  int64_t tick = 0;
  /// Of the events that were scored for the first time, in order. One that waits is scored again at
  /// every tick: counted each time, the queue's length would look like a change of the model.
  std::vector<float> first_scores;
  double reward = 0.0;
  double waiting = 0.0;
  double energy = 0.0;
};

/// An alert of a run, for its report.
struct LoopAlarm {
  int64_t tick = 0;
  std::string model_version;  ///< What scored.
  thunderbolt::LoopAlert alert;
};

/// Joins the loop monitor to a run: every alert becomes a record of the log, then an event on
/// `ml.loop.*`, and stands until it is over or another scorer answers.
/// Thread-safety: one thread. Lifetime: `recorder` and `bus` must outlive it.
class LoopWatch {
 public:
  /// Errors: those of LoopMonitor.
  static Result<LoopWatch> create(const thunderbolt::LoopMonitor::Options& options,
                                  RunRecorder& recorder, thunderflow::EventBus& bus);

  /// Takes a tick; returns the alerts that it raised. Errors: those of the log.
  Result<std::vector<thunderbolt::LoopAlert>> end_tick(const WatchedTick& tick,
                                                       const std::string& model_version);

  /// Another scorer answers from now on.
  void restart();

  /// What stands against the scorer that answers now: a deployment waits for an empty list.
  const std::vector<thunderbolt::LoopAlert>& standing() const { return monitor_.standing(); }

  const thunderbolt::LoopMonitor& monitor() const { return monitor_; }

  /// All alerts of the run, oldest first.
  const std::vector<LoopAlarm>& alarms() const { return alarms_; }

 private:
  LoopWatch(thunderbolt::LoopMonitor monitor, RunRecorder& recorder, thunderflow::EventBus& bus)
      : monitor_(std::move(monitor)), recorder_(&recorder), bus_(&bus) {}

  thunderbolt::LoopMonitor monitor_;
  RunRecorder* recorder_;
  thunderflow::EventBus* bus_;
  double mean_score_ = 0.5;  ///< Of the newest tick that had scores.
  std::vector<LoopAlarm> alarms_;
};

/// An alert as JSON: {"kind","what","value","bound","band":[low,high]|null,"tick","model_version"}.
std::string to_json(const LoopAlarm& alarm);

/// For the report: the newest value of each observable (null where there never was one), under "mean"
/// and "share_healthy" how it did over the run, and the "alerts".
std::string observables_json(const thunderbolt::LoopSummary& summary,
                             const std::vector<LoopAlarm>& alarms);

/// The same for people: a line an observable, and what follows from those outside their range.
std::string observables_text(const thunderbolt::LoopSummary& summary,
                             const std::vector<LoopAlarm>& alarms);

}  // namespace thunderline::thunderchief
