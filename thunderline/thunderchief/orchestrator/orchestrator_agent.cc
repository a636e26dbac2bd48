#include "thunderline/thunderchief/orchestrator/orchestrator_agent.h"

namespace thunderline::thunderchief {

std::optional<uint64_t> OrchestratorState::take(const std::string& model, uint64_t request) {
  MutexLock lock(mutex_);
  const auto [it, taken] = busy_.emplace(model, request);
  if (taken || it->second == request) return std::nullopt;
  return it->second;
}

void OrchestratorState::hold(const EvaluationComplete& complete) {
  MutexLock lock(mutex_);
  held_[complete.id] = complete;
}

std::optional<EvaluationComplete> OrchestratorState::take_held(uint64_t request) {
  MutexLock lock(mutex_);
  const auto it = held_.find(request);
  if (it == held_.end()) return std::nullopt;
  EvaluationComplete complete = std::move(it->second);
  held_.erase(it);
  return complete;
}

void OrchestratorState::release(uint64_t request) {
  MutexLock lock(mutex_);
  std::erase_if(busy_, [&](const auto& entry) { return entry.second == request; });
}

Status OrchestratorAgent::handle(const Message& message, const std::stop_token& /*stop*/) {
  if (const auto* request = std::get_if<TrainingRequest>(&message)) return on_request(*request);
  if (const auto* complete = std::get_if<EvaluationComplete>(&message)) {
    return on_evaluation(*complete);
  }
  if (const auto* resolved = std::get_if<HoldResolved>(&message)) {
    return on_hold_resolved(*resolved);
  }
  if (const auto* failed = std::get_if<TrainingFailed>(&message)) {
    return publish_(ChallengerDropped{failed->id, nullptr, {}, failed->error, {}});
  }
  if (const auto* deployed = std::get_if<ModelDeployed>(&message)) state_->release(deployed->id);
  if (const auto* dropped = std::get_if<ChallengerDropped>(&message)) state_->release(dropped->id);
  return {};
}

Status OrchestratorAgent::on_request(const TrainingRequest& request) {
  const std::optional<uint64_t> holder = state_->take(request.curriculum.model, request.id);
  if (holder) return publish_(ConflictResolved{request.id, *holder});
  return publish_(TrainingGranted{request.id, request.curriculum});
}

Status OrchestratorAgent::on_evaluation(const EvaluationComplete& complete) {
  if (!complete.evaluation.held_request.empty()) {
    state_->hold(complete);
    return {};
  }
  if (complete.evaluation.deploy) {
    return publish_(ExportRequest{complete.id, complete.challenger, complete.evaluation,
                                  complete.seconds});
  }
  return publish_(ChallengerDropped{complete.id, complete.challenger, complete.evaluation,
                                    std::nullopt, complete.seconds});
}

Status OrchestratorAgent::on_hold_resolved(const HoldResolved& resolved) {
  std::optional<EvaluationComplete> held = state_->take_held(resolved.id);
  if (!held) return {};
  held->evaluation.held_request.clear();
  held->evaluation.deploy = resolved.approved;
  held->evaluation.reason += " " + resolved.reason;
  return on_evaluation(*held);
}

}  // namespace thunderline::thunderchief
