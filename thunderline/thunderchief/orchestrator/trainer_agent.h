#pragma once

#include <functional>

#include "thunderline/base/clock.h"
#include "thunderline/thunderbolt/training/trajectory_logger.h"
#include "thunderline/thunderchief/orchestrator/agent.h"
#include "thunderline/worlds/world.h"

namespace thunderline::thunderchief {

/// Collects the log's closed steps, forms targets, runs the study; reports each trial.
/// Answers a TrainingGranted with TrainingFinished or TrainingFailed.
class TrainerAgent final : public Agent {
 public:
  struct Options {
    std::string source = "bit";
    int64_t state_width = 40;
    worlds::RewardTable table;  ///< Reward and action imply the target: P(spam).
    /// Whether a training is not wanted any more: asked before it and after each trial. May be empty.
    std::function<bool(const Curriculum&)> cancelled = {};
  };

  /// Log and clock must outlive the agent.
  TrainerAgent(Options options, thunderbolt::TrajectoryLogger& log, const Clock& clock,
               Publish publish)
      : options_(std::move(options)), log_(log), clock_(clock), publish_(std::move(publish)) {}

  Status handle(const Message& message, const std::stop_token& stop) override;

 private:
  bool cancelled(const Curriculum& curriculum) const;
  Result<TrainingFinished> train(const TrainingGranted& granted, std::stop_source& wanted);

  const Options options_;
  thunderbolt::TrajectoryLogger& log_;
  const Clock& clock_;
  Publish publish_;
};

}  // namespace thunderline::thunderchief
