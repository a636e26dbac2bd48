#include "thunderline/thunderbolt/training/joined_steps.h"

#include <unordered_map>

namespace thunderline::thunderbolt {

Status visit_joined_steps(TrajectoryLogger& log, const ReplayOptions& options,
                          const JoinedStepVisitor& visitor) {
  std::unordered_map<Uuid, std::optional<double>> rewards;
  ReplayOptions only_outcomes;
  only_outcomes.kinds = {RecordKind::kOutcome};
  const auto keep_first = [&](uint64_t, const LogRecord& record) -> Status {
    const Outcome& outcome = std::get<Outcome>(record);
    rewards.emplace(outcome.step_id,
                    outcome.seen ? std::optional(outcome.reward) : std::nullopt);
    return {};
  };
  TL_RETURN_IF_ERROR(log.replay(only_outcomes, keep_first));
  ReplayOptions only_steps = options;
  only_steps.kinds = {RecordKind::kStep};
  return log.replay(only_steps, [&](uint64_t, const LogRecord& record) -> Status {
    const Step& step = std::get<Step>(record);
    if (step.reward) return visitor(step, step.reward);
    const auto reward = rewards.find(step.id);
    return visitor(step, reward == rewards.end() ? std::nullopt : reward->second);
  });
}

}  // namespace thunderline::thunderbolt
