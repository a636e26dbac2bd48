#include "thunderline/thunderchief/orchestrator/trainer_agent.h"

#include "thunderline/thunderchief/model_record.h"
#include "thunderline/thunderchief/orchestrator/stopwatch.h"

namespace thunderline::thunderchief {

using cerebros::service::AgentTrial;
using thunderbolt::ClosedStep;
using thunderbolt::Dataset;

namespace {

Error cancellation(const Curriculum& curriculum) {
  return {ErrorCode::kRefused, "the training was cancelled",
          curriculum.model + " " + std::to_string(curriculum.version), ""};
}

}  // namespace

Status TrainerAgent::handle(const Message& message, const std::stop_token& stop) {
  const auto* granted = std::get_if<TrainingGranted>(&message);
  if (granted == nullptr) return {};
  // Ends with the agent's own life, or when the training is cancelled.
  std::stop_source wanted;
  const std::stop_callback follow(stop, [&wanted] { wanted.request_stop(); });
  auto finished = train(*granted, wanted);
  if (!finished && cancelled(granted->curriculum)) {
    return publish_(TrainingFailed{granted->id, cancellation(granted->curriculum)});
  }
  if (!finished) return publish_(TrainingFailed{granted->id, finished.error()});
  return publish_(*std::move(finished));
}

bool TrainerAgent::cancelled(const Curriculum& curriculum) const {
  return options_.cancelled && options_.cancelled(curriculum);
}

Result<TrainingFinished> TrainerAgent::train(const TrainingGranted& granted,
                                             std::stop_source& wanted) {
  const Curriculum& curriculum = granted.curriculum;
  if (cancelled(curriculum)) return tl::unexpected<Error>(cancellation(curriculum));
  StageSeconds seconds;
  Stopwatch watch(clock_);
  auto dataset = std::make_shared<Dataset>();
  TL_ASSIGN_OR_RETURN(*dataset, thunderbolt::build_dataset(
                                    log_, {options_.source, options_.state_width, curriculum.tick,
                                           curriculum.hold_out}));
  seconds.collect = watch.lap();

  std::vector<float> x, y;
  for (const ClosedStep& step : dataset->training) {
    x.insert(x.end(), step.state.begin(), step.state.end());
    y.push_back(options_.table.implies_spam(step.action, step.reward) ? 1.0f : 0.0f);
  }
  seconds.feature = watch.lap();
  const auto rows = static_cast<int64_t>(y.size());
  TL_RETURN_IF_ERROR(publish_(TrainingStarted{granted.id, curriculum.version,
                                              curriculum.training.trials, y.size()}));

  std::optional<double> best;
  int done = 0;
  const auto on_trial = [&](const AgentTrial& trial) {
    ++done;
    if (cancelled(curriculum)) wanted.request_stop();
    if (trial.val_loss && (!best || *trial.val_loss < *best)) best = trial.val_loss;
    // Progress is for watchers: a training does not fail for want of one.
    (void)publish_(TrainingProgress{granted.id, done, curriculum.training.trials, best, trial.val_loss,
                                    trial.epochs, params_json(trial.params), trial.curves,
                                    trial.error});
  };
  auto challenger = std::make_shared<Challenger>();
  challenger->curriculum = curriculum;
  TL_ASSIGN_OR_RETURN(challenger->study,
                      cerebros::service::run_agent_study(
                          cerebros::service::scoring_space(), {x, y, {}, rows},
                          options_.state_width, curriculum.training, on_trial, wanted.get_token()));
  seconds.tpe_train = watch.lap();
  challenger->dataset = std::move(dataset);
  return TrainingFinished{granted.id, std::move(challenger), seconds};
}

}  // namespace thunderline::thunderchief
