#include "thunderline/thunderchief/orchestrator/training_schedule.h"

#include <algorithm>

namespace thunderline::thunderchief {

std::optional<std::string> TrainingSchedule::observe(uint64_t seen) {
  if (seen < due_at_) return std::nullopt;
  if (options_.last > 0 && seen > options_.last) return std::nullopt;
  std::string reason = alarmed_ ? "the live model got worse"
                                : std::to_string(trainings_ == 0 ? options_.first : options_.every) +
                                      " new rewards were seen";
  // One training, however many marks were passed at once.
  while (due_at_ <= seen) due_at_ += options_.every;
  alarmed_ = false;
  ++trainings_;
  return reason;
}

void TrainingSchedule::alarm(uint64_t seen) {
  if (trainings_ == 0) return;
  alarmed_ = true;
  due_at_ = std::min(due_at_, seen + options_.after_alarm);
}

}  // namespace thunderline::thunderchief
