#pragma once

#include <functional>
#include <string>
#include <vector>

#include "thunderline/thunderbolt/training/trajectory_logger.h"
#include "thunderline/thunderchief/conductor.h"
#include "thunderline/thunderchief/decision_loop.h"
#include "thunderline/thunderflow/event_bus.h"
#include "thunderline/thunderflow/supervisor.h"

namespace thunderline::thunderchief {

struct RunProgress;
struct RunReport;

/// What of a run its observer may use, until `RunObserver::closed`.
struct RunAccess {
  std::string run_id;
  std::string world;
  uint64_t seed = 0;
  double rate = 0;  ///< Ticks a second; 0: as fast as it goes.
  size_t events_in_all = 0;
  thunderflow::EventBus& bus;           ///< Any thread.
  thunderbolt::TrajectoryLogger& log;   ///< Any thread.
  const DecisionLoop& loop;             ///< The run's thread only, within `advanced`.
  Conductor& conductor;                 ///< Pause and resume: any thread; the rest as `loop`.
  std::function<std::vector<thunderflow::ChildInfo>()> agents;  ///< Any thread.
  std::string state_path;  ///< The home's `state.db`.
  /// Asks for another live model (DecisionLoop::ask_for_model); any thread.
  std::function<Status(const ModelWish&)> ask_for_model;
};

/// Watches a run from outside. Nothing that it does may change what the run decides; it can only hold
/// the run up (`Conductor::pause`).
/// Thread-safety: all are called on the run's thread.
class RunObserver {
 public:
  virtual ~RunObserver() = default;

  virtual void opened(const RunAccess& access) = 0;

  /// After every tick, and now and then during a training. Must be quick.
  virtual void advanced(const RunProgress& progress) = 0;

  /// The run is over; what `access` gave is still there.
  virtual void finished(const RunReport& report) = 0;

  /// What `access` gave goes away when this returns.
  virtual void closed() = 0;
};

}  // namespace thunderline::thunderchief
