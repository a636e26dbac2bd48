#pragma once

#include <memory>

#include "thunderline/base/mutex.h"
#include "thunderline/thunderchief/orchestrator/agent.h"
#include "thunderline/thunderchief/orchestrator/training_schedule.h"

namespace thunderline::thunderchief {

/// The planner's memory, which outlives a restart of the agent and which a recovering run fills.
/// Thread-safety: any thread.
class PlannerState {
 public:
  PlannerState(TrainingSchedule::Options schedule, Curriculum plan, uint64_t seed)
      : schedule_(schedule), plan_(std::move(plan)), seed_(seed) {}

  /// The plan for a training that is due, or nothing. Each plan has the next version and a seed of
  /// its own.
  std::optional<Curriculum> observe(int64_t tick, uint64_t seen) TL_EXCLUDES(mutex_);
  void alarm(uint64_t seen) TL_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  TrainingSchedule schedule_ TL_GUARDED_BY(mutex_);
  const Curriculum plan_;
  const uint64_t seed_;
};

/// Decides what to train and when: enough new rewards, or a live model that got worse.
/// Answers a FeedbackSeen with a TrainingRequest or with NothingDue.
class TrainingPlannerAgent final : public Agent {
 public:
  TrainingPlannerAgent(std::shared_ptr<PlannerState> state, Publish publish)
      : state_(std::move(state)), publish_(std::move(publish)) {}

  Status handle(const Message& message, const std::stop_token& stop) override;

 private:
  std::shared_ptr<PlannerState> state_;
  Publish publish_;
};

}  // namespace thunderline::thunderchief
