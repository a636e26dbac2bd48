#include "thunderline/thunderchief/orchestrator/training_planner_agent.h"

#include "thunderline/base/random.h"

namespace thunderline::thunderchief {

std::optional<Curriculum> PlannerState::observe(int64_t tick, uint64_t seen) {
  MutexLock lock(mutex_);
  const std::optional<std::string> reason = schedule_.observe(seen);
  if (!reason) return std::nullopt;
  Curriculum curriculum = plan_;
  curriculum.version = static_cast<int>(schedule_.trainings());
  curriculum.tick = tick;
  curriculum.reason = *reason;
  curriculum.training.seed = derive_seed(seed_, schedule_.trainings());
  return curriculum;
}

void PlannerState::alarm(uint64_t seen) {
  MutexLock lock(mutex_);
  schedule_.alarm(seen);
}

Status TrainingPlannerAgent::handle(const Message& message, const std::stop_token& /*stop*/) {
  if (const auto* degraded = std::get_if<DegradationDetected>(&message)) {
    state_->alarm(degraded->seen);
    return {};
  }
  const auto* feedback = std::get_if<FeedbackSeen>(&message);
  if (feedback == nullptr) return {};
  std::optional<Curriculum> curriculum = state_->observe(feedback->tick, feedback->seen);
  if (!curriculum) return publish_(NothingDue{feedback->tick});
  const auto id = static_cast<uint64_t>(curriculum->version);
  return publish_(TrainingRequest{id, *std::move(curriculum)});
}

}  // namespace thunderline::thunderchief
