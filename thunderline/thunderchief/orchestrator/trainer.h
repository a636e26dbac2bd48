#pragma once

#include <memory>

#include "thunderline/base/clock.h"
#include "thunderline/thunderbolt/training/trajectory_logger.h"
#include "thunderline/thunderchief/orchestrator/trial_store.h"
#include "thunderline/thunderchief/orchestrator/work.h"
#include "thunderline/worlds/world.h"

namespace thunderline::thunderchief {

/// The trainer's job: collects the log's closed steps, forms targets, runs the study; tells each
/// trial. A study that was interrupted goes on with the trials that it had finished, and gives the
/// same model.
class Trainer {
 public:
  struct Options {
    std::string source = "bit";
    int64_t state_width = 40;
    worlds::RewardTable table;  ///< Reward and action imply the target: P(spam).
  };

  struct Trained {
    std::shared_ptr<const Challenger> challenger;
    StageSeconds seconds;
  };

  /// All must outlive the trainer.
  Trainer(Options options, thunderbolt::TrajectoryLogger& log, TrialStore& trials,
          const Clock& clock)
      : options_(std::move(options)), log_(log), trials_(trials), clock_(clock) {}

  /// Errors: those of the log, the study and the trial store; kInterrupted when it was told to
  /// stop. Thread-safety: any thread.
  Result<Trained> train(const Curriculum& curriculum, const Work& work) const;

 private:
  cerebros::service::StudyHooks hooks(const Curriculum& curriculum, const Work& work) const;

  const Options options_;
  thunderbolt::TrajectoryLogger& log_;
  TrialStore& trials_;
  const Clock& clock_;
};

}  // namespace thunderline::thunderchief
