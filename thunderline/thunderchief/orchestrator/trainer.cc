#include "thunderline/thunderchief/orchestrator/trainer.h"

#include "thunderline/base/json_util.h"
#include "thunderline/thunderchief/model_record.h"
#include "thunderline/thunderchief/orchestrator/stopwatch.h"

namespace thunderline::thunderchief {

using cerebros::service::AgentTrial;
using cerebros::service::StudyHooks;
using thunderbolt::ClosedStep;
using thunderbolt::Dataset;

namespace {

/// All that decides the numbers of a study; `jobs` does not.
std::string identity(const Curriculum& curriculum, size_t rows) {
  const auto& training = curriculum.training;
  OrderedJson json = {{"seed", training.seed},
                      {"tick", curriculum.tick},
                      {"hold_out", curriculum.hold_out},
                      {"rows", rows},
                      {"trials", training.trials},
                      {"round", training.round},
                      {"epochs", training.epochs},
                      {"patience", training.patience},
                      {"batch_size", training.batch_size},
                      {"validation_split", training.validation_split},
                      {"head", static_cast<int>(training.head)},
                      {"loss", static_cast<int>(training.loss)}};
  return dump_json(json);
}

}  // namespace

StudyHooks Trainer::hooks(const Curriculum& curriculum, const Work& work) const {
  StudyHooks hooks;
  hooks.on_batch = work.beat;
  hooks.keep = [this, &curriculum](const AgentTrial& trial) {
    return trials_.keep(curriculum.model, curriculum.version, trial);
  };
  hooks.recall = [this, &curriculum](int number, const cerebros::tpe::Params& params) {
    // One that cannot be read is trained again, with the same result.
    return trials_.recall(curriculum.model, curriculum.version, number, params)
        .value_or(std::nullopt);
  };
  hooks.on_trial = [&curriculum, &work, done = 0,
                    best = std::optional<double>()](const AgentTrial& trial) mutable {
    ++done;
    if (trial.val_loss && (!best || *trial.val_loss < *best)) best = trial.val_loss;
    work.say(TrainingProgress{work.id, done, curriculum.training.trials, best, trial.val_loss,
                              trial.epochs, params_json(trial.params), trial.curves,
                              trial.error});
  };
  return hooks;
}

Result<Trainer::Trained> Trainer::train(const Curriculum& curriculum, const Work& work) const {
  StageSeconds seconds;
  Stopwatch watch(clock_);
  auto dataset = std::make_shared<Dataset>();
  TL_ASSIGN_OR_RETURN(*dataset,
                      thunderbolt::build_dataset(log_, {options_.source, options_.state_width,
                                                        curriculum.tick, curriculum.hold_out}));
  seconds.collect = watch.lap();
  work.beat();

  std::vector<float> x, y;
  for (const ClosedStep& step : dataset->training) {
    x.insert(x.end(), step.state.begin(), step.state.end());
    y.push_back(options_.table.implies_spam(step.action, step.reward) ? 1.0f : 0.0f);
  }
  seconds.feature = watch.lap();
  work.beat();
  const auto rows = static_cast<int64_t>(y.size());
  TL_RETURN_IF_ERROR(
      trials_.begin(curriculum.model, curriculum.version, identity(curriculum, y.size())));
  work.say(TrainingStarted{work.id, curriculum.version, curriculum.training.trials, y.size()});

  auto challenger = std::make_shared<Challenger>();
  challenger->curriculum = curriculum;
  TL_ASSIGN_OR_RETURN(challenger->study, cerebros::service::run_agent_study(
                                             cerebros::service::scoring_space(), {x, y, {}, rows},
                                             options_.state_width, curriculum.training,
                                             hooks(curriculum, work), work.stop));
  seconds.tpe_train = watch.lap();
  challenger->dataset = std::move(dataset);
  return Trained{std::move(challenger), seconds};
}

}  // namespace thunderline::thunderchief
