#pragma once

#include <map>
#include <memory>
#include <string>

#include "thunderline/base/mutex.h"
#include "thunderline/thunderchief/orchestrator/agent.h"

namespace thunderline::thunderchief {

/// Which request each model is busy with; outlives a restart of the agent.
class OrchestratorState {
 public:
  /// Takes the model for the request, or returns the request that has it.
  std::optional<uint64_t> take(const std::string& model, uint64_t request) TL_EXCLUDES(mutex_);

  /// Keeps a challenger until its hold is resolved; `take_held` gives it back once.
  void hold(const EvaluationComplete& complete) TL_EXCLUDES(mutex_);
  std::optional<EvaluationComplete> take_held(uint64_t request) TL_EXCLUDES(mutex_);

  /// The request is over.
  void release(uint64_t request) TL_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::map<std::string, uint64_t> busy_ TL_GUARDED_BY(mutex_);
  std::map<uint64_t, EvaluationComplete> held_ TL_GUARDED_BY(mutex_);
};

/// Coordinates the others and owns their conflicts: at most one training a model (a second request
/// is merged into the first), and nothing is exported but what an evaluation let through. A challenger
/// on hold waits until a person or the deadline has answered.
class OrchestratorAgent final : public Agent {
 public:
  OrchestratorAgent(std::shared_ptr<OrchestratorState> state, Publish publish)
      : state_(std::move(state)), publish_(std::move(publish)) {}

  Status handle(const Message& message, const std::stop_token& stop) override;

 private:
  Status on_request(const TrainingRequest& request);
  Status on_evaluation(const EvaluationComplete& complete);
  Status on_hold_resolved(const HoldResolved& resolved);

  std::shared_ptr<OrchestratorState> state_;
  Publish publish_;
};

}  // namespace thunderline::thunderchief
