#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/service/agent_trainer.h"
#include "thunderline/thunderbolt/training/dataset.h"
#include "thunderline/thunderflow/event_bus.h"

/// What the orchestrator agents tell the loop, the plans and the pages of a training, on one topic of
/// the event bus (docs/formats/messages.md); what they say to each other are signals
/// (protocol/signal.h). Every message of a training carries the id of its request.
namespace thunderline::thunderchief {

/// What to train, decided by the planner.
struct Curriculum {
  std::string model;  ///< Name in the repository.
  int version = 0;    ///< Number of the challenger; refused ones keep theirs.
  int64_t tick = 0;   ///< Train on what was known at the end of this tick.
  cerebros::service::AgentTrainerOptions training;
  size_t hold_out = 400;
  std::string reason;
};

/// A trained challenger with the data that it is to be judged by.
struct Challenger {
  Curriculum curriculum;
  cerebros::service::AgentStudy study;
  std::shared_ptr<const thunderbolt::Dataset> dataset;
};

/// How a challenger did against the champion, and what follows.
struct Evaluation {
  bool deploy = false;
  std::string reason;  ///< The figures that decided, as of GateVerdict.
  double champion_value = 0.0;
  double challenger_value = 0.0;
  double brier = 0.0;  ///< The challenger's, on the hold-out.
  double auc = 0.0;
  std::string held_request;  ///< Set when a person has to approve it: the id to answer to.
  std::string figures_json;  ///< Every estimate with n, effective sample size and interval.
};

/// Units: seconds, of one training.
struct StageSeconds {
  double collect = 0.0;
  double feature = 0.0;
  double tpe_train = 0.0;
  double evaluate = 0.0;
  double export_model = 0.0;
  double deploy = 0.0;
};

/// The live model got worse.
struct DegradationDetected {
  int64_t tick = 0;
  uint64_t seen = 0;
  double statistic = 0.0;
};
struct TrainingRequest {
  uint64_t id = 0;
  Curriculum curriculum;
};
/// The orchestrator lets a request begin.
struct TrainingGranted {
  uint64_t id = 0;
  Curriculum curriculum;
};
/// The orchestrator merged a request into one that runs.
struct ConflictResolved {
  uint64_t id = 0;
  uint64_t merged_into = 0;
};
struct TrainingStarted {
  uint64_t id = 0;
  int version = 0;
  int trials = 0;
  size_t rows = 0;
};
struct TrainingProgress {
  uint64_t id = 0;
  int trial = 0;  ///< Finished ones.
  int trials = 0;
  std::optional<double> best;   ///< Lowest val_loss so far.
  std::optional<double> value;  ///< This trial's; nothing when it failed.
  int epochs = 0;               ///< This trial's.
  std::string params_json;      ///< This trial's, an object.
  /// This trial's figures by epoch: "loss", "val_loss", "accuracy", "val_accuracy".
  std::map<std::string, std::vector<double>> curves;
  std::string error;  ///< Why this trial failed, if it did.
};
struct TrainingFinished {
  uint64_t id = 0;
  std::shared_ptr<const Challenger> challenger;
  StageSeconds seconds;
};
struct TrainingFailed {
  uint64_t id = 0;
  Error error;
};
struct EvaluationComplete {
  uint64_t id = 0;
  std::shared_ptr<const Challenger> challenger;
  Evaluation evaluation;
  StageSeconds seconds;
};
/// The orchestrator has a challenger that passed exported.
struct ExportRequest {
  uint64_t id = 0;
  std::shared_ptr<const Challenger> challenger;
  Evaluation evaluation;
  StageSeconds seconds;
};
/// A challenger on hold was approved or denied, by a person or by the deadline.
struct HoldResolved {
  uint64_t id = 0;
  bool approved = false;
  std::string reason;  ///< One sentence.
};
/// The model lies verified in the repository; it is not live yet.
struct ExportReady {
  uint64_t id = 0;
  std::string onnx_path;
  int version = 0;
  std::shared_ptr<const Challenger> challenger;
  Evaluation evaluation;
  StageSeconds seconds;
};
/// The deployment stands in the log: the swap may happen.
struct DeployApproved {
  uint64_t id = 0;
  int version = 0;
};
struct ModelDeployed {
  uint64_t id = 0;
  std::string model;
  int version = 0;
  double deploy_seconds = 0.0;
};
/// A challenger that was not deployed, refused or failed.
struct ChallengerDropped {
  uint64_t id = 0;
  std::shared_ptr<const Challenger> challenger;  ///< Null when there was none to be had.
  Evaluation evaluation;
  std::optional<Error> error;  ///< Set when it failed.
  StageSeconds seconds;
};

using Message =
    std::variant<DegradationDetected, TrainingRequest, TrainingGranted, ConflictResolved,
                 TrainingStarted, TrainingProgress, TrainingFinished, TrainingFailed,
                 EvaluationComplete, ExportRequest, ExportReady, DeployApproved, ModelDeployed,
                 ChallengerDropped, HoldResolved>;

/// The topic that all of them are published on.
inline const thunderflow::Topic<Message> kOrchestratorTopic{"ml.orchestrator"};

/// The stable name of a message, e.g. "training_request".
const char* message_name(const Message& message);

}  // namespace thunderline::thunderchief
