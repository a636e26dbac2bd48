#include "thunderline/thunderchief/orchestrator/planner_state.h"

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

}  // namespace thunderline::thunderchief
