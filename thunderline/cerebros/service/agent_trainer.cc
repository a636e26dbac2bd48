#include "thunderline/cerebros/service/agent_trainer.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "thunderline/base/random.h"
#include "thunderline/cerebros/keras/builders/scoring_mlp.h"
#include "thunderline/cerebros/tpe/study.h"

namespace thunderline::cerebros::service {
namespace {

template <typename T>
Result<T> param(const tpe::Params& params, const char* name) {
  const tpe::ParamValue* value = tpe::find_param(params, name);
  if (value == nullptr) {
    return fail(ErrorCode::kInvalidArgument, "the hyperparameter is missing", name,
                "give the search space a parameter of that name");
  }
  const T* typed = std::get_if<T>(value);
  if (typed == nullptr) {
    return fail(ErrorCode::kInvalidArgument, "the hyperparameter has the wrong type", name,
                "learning_rate and dropout are floats, hidden_dim and num_layers ints, activation "
                "is categorical");
  }
  return *typed;
}

Result<keras::ScoringMlpOptions> mlp_options(const tpe::Params& params, int64_t inputs,
                                             const AgentTrainerOptions& options, uint64_t seed) {
  keras::ScoringMlpOptions mlp;
  mlp.inputs = inputs;
  mlp.head = options.head;
  mlp.loss = options.loss;
  mlp.seed = seed;
  TL_ASSIGN_OR_RETURN(mlp.learning_rate, param<double>(params, "learning_rate"));
  TL_ASSIGN_OR_RETURN(mlp.hidden_dim, param<int64_t>(params, "hidden_dim"));
  TL_ASSIGN_OR_RETURN(const int64_t layers, param<int64_t>(params, "num_layers"));
  mlp.num_layers = static_cast<int>(layers);
  TL_ASSIGN_OR_RETURN(mlp.dropout, param<double>(params, "dropout"));
  TL_ASSIGN_OR_RETURN(const std::string activation, param<std::string>(params, "activation"));
  TL_ASSIGN_OR_RETURN(mlp.activation, keras::parse_activation(activation));
  return mlp;
}

/// What every trial of a study is trained on and with.
struct StudyInput {
  const train::TrainingData& data;
  int64_t inputs;
  const AgentTrainerOptions& options;
  const StudyHooks& hooks;
  const std::stop_token& stop;

  Result<TrainedAgent> train(int number, const tpe::Params& params) const {
    const uint64_t seed = derive_seed(options.seed, static_cast<uint64_t>(number));
    return train_agent_model(params, data, inputs, options, seed, stop, hooks.on_batch);
  }
};

/// A trial of the round that is at hand. One that was recalled is not trained.
struct Running {
  AgentTrial trial;
  bool recalled = false;
  std::optional<TrainedAgent> trained = std::nullopt;
  Error failure = {ErrorCode::kUnavailable, "the trial failed before the study was interrupted", "",
                   ""};
  Status kept = {};
};

void train_one(Running& running, const StudyInput& study) {
  Result<TrainedAgent> trained = study.train(running.trial.number, running.trial.params);
  if (trained) {
    running.trial.val_loss = trained->val_loss;
    running.trial.epochs = static_cast<int>(trained->history.epoch.size());
    running.trial.curves = trained->history.values;
    running.trained = *std::move(trained);
  } else {
    running.failure = std::move(trained).error();
    running.trial.error = to_string(running.failure);
    // A trial that was only stopped has not failed: it is repeated.
    if (study.stop.stop_requested()) return;
  }
  if (study.hooks.keep) running.kept = study.hooks.keep(running.trial);
}

/// Trains every trial of the round on up to `jobs` threads.
void train_round(std::vector<Running>& round, const StudyInput& study) {
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < round.size(); i = next++) {
      if (!round[i].recalled) train_one(round[i], study);
    }
  };
  const auto jobs = static_cast<size_t>(std::max(study.options.jobs, 1));
  const size_t threads = std::min(jobs, round.size());
  std::vector<std::jthread> helpers;
  for (size_t i = 1; i < threads; ++i) helpers.emplace_back(work);
  work();
}

Result<std::vector<Running>> ask_round(tpe::Study& study, const tpe::SearchSpace& space,
                                       const StudyInput& input, int asked) {
  std::vector<Running> round;
  for (int i = 0; i < std::min(input.options.round, input.options.trials - asked); ++i) {
    TL_ASSIGN_OR_RETURN(tpe::Trial trial, study.ask());
    TL_ASSIGN_OR_RETURN(tpe::Params params, trial.suggest_all(space));
    Running running{{trial.number(), std::move(params), std::nullopt, 0, {}, {}}};
    if (input.hooks.recall) {
      if (const auto known = input.hooks.recall(running.trial.number, running.trial.params)) {
        running.trial.val_loss = known->val_loss;
        running.trial.epochs = known->epochs;
        running.recalled = true;
      }
    }
    round.push_back(std::move(running));
  }
  return round;
}

}  // namespace

tpe::SearchSpace scoring_space() {
  constexpr const char* kSpace = R"([
    {"name": "learning_rate", "type": "float", "low": 1e-5, "high": 1e-2, "log": true},
    {"name": "hidden_dim", "type": "int", "low": 32, "high": 256, "step": 32},
    {"name": "num_layers", "type": "int", "low": 1, "high": 4},
    {"name": "dropout", "type": "float", "low": 0.0, "high": 0.5},
    {"name": "activation", "type": "categorical", "choices": ["relu", "gelu", "swish"]}])";
  auto space = tpe::SearchSpace::parse(kSpace, "scoring_space");
  TL_CHECK(space.has_value());
  return *std::move(space);
}

Result<TrainedAgent> train_agent_model(const tpe::Params& params, const train::TrainingData& data,
                                       int64_t inputs, const AgentTrainerOptions& options,
                                       uint64_t seed, const std::stop_token& stop,
                                       const std::function<void()>& on_batch) {
  TL_ASSIGN_OR_RETURN(const keras::ScoringMlpOptions mlp,
                      mlp_options(params, inputs, options, seed));
  TL_ASSIGN_OR_RETURN(const keras::Model model, keras::build_scoring_mlp(mlp));

  train::FitOptions fit;
  fit.epochs = options.epochs;
  fit.batch_size = options.batch_size;
  fit.validation_split = options.validation_split;
  fit.seed = derive_seed(seed, 1);
  fit.early_stopping.emplace();
  fit.early_stopping->monitor = "val_loss";
  fit.early_stopping->patience = options.patience;
  fit.early_stopping->restore_best_weights = true;
  fit.on_epoch = [&](const train::EpochReport&) { return !stop.stop_requested(); };
  fit.on_batch = on_batch;
  TL_ASSIGN_OR_RETURN(train::FitResult fitted, train::fit(model, data, fit));
  if (fitted.stopped_by_caller) {
    return fail(ErrorCode::kInterrupted, "the training was stopped");
  }
  const std::vector<double>& losses = fitted.history.values["val_loss"];
  if (losses.empty()) {
    return fail(ErrorCode::kInvalidArgument, "there is no validation data to judge a trial by",
                "rows=" + std::to_string(data.rows), "give more rows or a larger validation_split");
  }
  const double best = *std::min_element(losses.begin(), losses.end());
  return TrainedAgent{std::move(fitted.model), std::move(fitted.history), best};
}

Result<AgentStudy> run_agent_study(const tpe::SearchSpace& space, const train::TrainingData& data,
                                   int64_t inputs, const AgentTrainerOptions& options,
                                   const StudyHooks& hooks, const std::stop_token& stop) {
  tpe::Study::Options study_options;
  study_options.name = "agent_scoring";
  study_options.seed = options.seed;
  TL_ASSIGN_OR_RETURN(const auto study, tpe::Study::create(std::move(study_options)));

  const StudyInput input{data, inputs, options, hooks, stop};
  AgentStudy result;
  std::optional<TrainedAgent> best;  // Of the trials that were trained here.
  std::optional<double> lowest;
  Error last_failure{ErrorCode::kUnavailable, "the study has no trials", "trials=0", ""};
  while (static_cast<int>(result.trials.size()) < options.trials) {
    const int asked = static_cast<int>(result.trials.size());
    study->reseed_sampler(tpe::resume_seed(options.seed, static_cast<uint64_t>(asked)));
    TL_ASSIGN_OR_RETURN(std::vector<Running> round, ask_round(*study, space, input, asked));
    train_round(round, input);
    if (stop.stop_requested()) return fail(ErrorCode::kInterrupted, "the study was stopped");

    for (Running& running : round) {
      TL_RETURN_IF_ERROR(running.kept);
      const AgentTrial& trial = running.trial;
      if (trial.val_loss) {
        TL_RETURN_IF_ERROR(study->tell(trial.number, *trial.val_loss));
        if (!lowest || *trial.val_loss < *lowest) {
          lowest = trial.val_loss;
          best = std::move(running.trained);
          result.best_trial = trial.number;
        }
      } else {
        last_failure = running.failure;
        TL_RETURN_IF_ERROR(study->tell(trial.number, tpe::TrialState::kFail));
      }
      if (hooks.on_trial) hooks.on_trial(trial);
      result.trials.push_back(std::move(running.trial));
    }
  }
  if (!lowest) {
    return fail(ErrorCode::kUnavailable, "every trial failed: " + to_string(last_failure));
  }
  if (!best) {
    // It was recalled: its training is repeated from its start, and gives the same model.
    const AgentTrial& trial = result.trials[static_cast<size_t>(result.best_trial)];
    TL_ASSIGN_OR_RETURN(best, input.train(trial.number, trial.params));
  }
  result.best = *std::move(best);
  return result;
}

}  // namespace thunderline::cerebros::service
