#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/mutex.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderchief/conductor.h"
#include "thunderline/thunderchief/model_record.h"
#include "thunderline/thunderchief/orchestrator/messages.h"
#include "thunderline/thunderchief/plan_chief.h"
#include "thunderline/thunderchief/state_store.h"
#include "thunderline/thunderchief/vine_chief.h"

namespace thunderline::thunderchief {

/// The plans of a run, in its home's `state.db`: each training is a plan whose workflow follows the
/// agents' messages. The desk decides nothing of a run but that a cancelled training does not go on;
/// after a kill it goes on with the same plans.
/// Errors: those of the state store.
/// Thread-safety: one thread; `cancelled` from any.
class PlanDesk {
 public:
  /// Where the desk's chiefs log their steps.
  using StepSink = Conductor::StepSink;

  /// Opens `state.db` and goes on with the plans in it. `clock` must outlive the desk.
  static Result<std::unique_ptr<PlanDesk>> open(const std::string& path, const Clock& clock,
                                                StepSink log_step);
  ~PlanDesk();

  /// Follows a message of the agents. Messages of work that is done already change nothing.
  Status follow(const Message& message);

  /// Brings plans that nobody in this process works on to where the log says that they ended: a run
  /// that was killed may have ended a training without the desk's having heard of it.
  Status follow(const std::string& model, const std::vector<ModelRecord>& records);

  /// Lets the chiefs step, and takes up what other processes asked for.
  Status tick();

  /// Cancels a plan at once. Errors: kNotFound; kRefused when it is over.
  Status cancel(const std::string& plan, const std::string& why);

  /// Whether the training of this version is not to go on.
  bool cancelled(const std::string& model, int version) const;

  Result<Plan> plan(const std::string& id) { return plans_->plan(id); }
  /// The workflow of the plan's pipeline. Errors: kNotFound while there is none.
  Result<Workflow> workflow(const std::string& plan);

  std::vector<ChiefState> chief_states() const { return conductor_->get_states(); }

 private:
  class Nodes;
  class Steps;

  explicit PlanDesk(const Clock& clock);

  Status set_up(const std::string& path, StepSink log_step);
  Status take_up(const std::string& plan, const Curriculum& curriculum);
  /// Lets the chiefs step; the plan's workflow, unless one of them is over.
  Result<std::optional<Workflow>> open_workflow(const std::string& plan);
  /// Brings the workflow to where every node before `node` is done; all of them for "".
  Status reach(const std::string& plan, const std::string& node);
  Status skip(const std::string& plan, const std::string& node, const std::string& why);
  Status fail_current(const std::string& plan, const std::string& why);
  Status drop(const std::string& plan, const Evaluation& evaluation,
              const std::optional<Error>& error);
  Status settle(const std::string& plan, const ModelRecord& record);
  void note_cancelled(const std::string& plan);

  const Clock& clock_;
  std::unique_ptr<StateStore> state_;
  std::unique_ptr<Nodes> nodes_;
  std::unique_ptr<Steps> steps_;
  std::unique_ptr<Conductor> conductor_;
  VineChief* vine_ = nullptr;   ///< The conductor's.
  PlanChief* plans_ = nullptr;  ///< The conductor's.
  std::map<uint64_t, std::string> live_;  ///< Plans that agents of this process work on, by request.
  size_t settled_ = 0;                    ///< Records of the log that were looked at.
  int64_t tick_ = 0;
  mutable Mutex mutex_;
  std::set<std::string> cancelled_ TL_GUARDED_BY(mutex_);
};

/// Cancels a plan of a home from outside: asks the process that runs it, or, where none does
/// (`alone`), does it at once. Errors: kNotFound; kRefused when it is over, or when a process judges
/// or deploys its model already.
Status cancel_from_outside(const std::string& state_path, const Clock& clock,
                           const std::string& plan, bool alone);

}  // namespace thunderline::thunderchief
