#pragma once

#include <memory>

#include "thunderline/base/mutex.h"
#include "thunderline/thunderchief/orchestrator/messages.h"
#include "thunderline/thunderchief/orchestrator/training_schedule.h"

namespace thunderline::thunderchief {

/// Decides what to train and when: enough new rewards, or a live model that got worse. What it decides
/// depends on what it was told alone, so a run that is repeated plans the same.
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

}  // namespace thunderline::thunderchief
