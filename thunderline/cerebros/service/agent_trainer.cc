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

/// A trial of the round that is being trained.
struct Running {
  tpe::Trial trial;
  tpe::Params params;
  Result<TrainedAgent> trained = fail(ErrorCode::kInternal, "the trial was not trained");
};

/// Trains every trial of the round on up to `jobs` threads.
void train_round(std::vector<Running>& round, const train::TrainingData& data, int64_t inputs,
                 const AgentTrainerOptions& options, const std::stop_token& stop) {
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < round.size(); i = next++) {
      const uint64_t seed =
          derive_seed(options.seed, static_cast<uint64_t>(round[i].trial.number()));
      round[i].trained =
          train_agent_model(round[i].params, data, inputs, options, seed, stop);
    }
  };
  const size_t threads = std::min(static_cast<size_t>(std::max(options.jobs, 1)), round.size());
  std::vector<std::jthread> helpers;
  for (size_t i = 1; i < threads; ++i) helpers.emplace_back(work);
  work();
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
                                       uint64_t seed, const std::stop_token& stop) {
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
                                   const OnTrial& on_trial, const std::stop_token& stop) {
  tpe::Study::Options study_options;
  study_options.name = "agent_scoring";
  study_options.seed = options.seed;
  TL_ASSIGN_OR_RETURN(const auto study, tpe::Study::create(std::move(study_options)));

  AgentStudy result;
  std::optional<TrainedAgent> best;
  Error last_failure{ErrorCode::kUnavailable, "the study has no trials", "trials=0", ""};
  while (static_cast<int>(result.trials.size()) < options.trials) {
    const int asked = static_cast<int>(result.trials.size());
    study->reseed_sampler(tpe::resume_seed(options.seed, static_cast<uint64_t>(asked)));
    std::vector<Running> round;
    for (int i = 0; i < std::min(options.round, options.trials - asked); ++i) {
      TL_ASSIGN_OR_RETURN(tpe::Trial trial, study->ask());
      TL_ASSIGN_OR_RETURN(tpe::Params params, trial.suggest_all(space));
      round.push_back({trial, std::move(params)});
    }
    train_round(round, data, inputs, options, stop);
    if (stop.stop_requested()) return fail(ErrorCode::kInterrupted, "the study was stopped");

    for (Running& running : round) {
      const int number = running.trial.number();
      AgentTrial report{number, running.params, std::nullopt, 0, {}, {}};
      if (running.trained) {
        report.val_loss = running.trained->val_loss;
        report.epochs = static_cast<int>(running.trained->history.epoch.size());
        report.curves = running.trained->history.values;
        TL_RETURN_IF_ERROR(study->tell(number, running.trained->val_loss));
        if (!best || running.trained->val_loss < best->val_loss) {
          best = std::move(*running.trained);
          result.best_trial = number;
        }
      } else {
        last_failure = running.trained.error();
        report.error = to_string(last_failure);
        TL_RETURN_IF_ERROR(study->tell(number, tpe::TrialState::kFail));
      }
      if (on_trial) on_trial(report);
      result.trials.push_back(std::move(report));
    }
  }
  if (!best) {
    return fail(ErrorCode::kUnavailable, "every trial failed: " + to_string(last_failure));
  }
  result.best = *std::move(best);
  return result;
}

}  // namespace thunderline::cerebros::service
