#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/model.h"
#include "thunderline/cerebros/tpe/search_space.h"
#include "thunderline/cerebros/train/fit.h"

namespace thunderline::cerebros::service {

/// The search space of the agents' scoring model: learning_rate, hidden_dim, num_layers, dropout,
/// activation. Source: the seed document, section 3, stage 3.
tpe::SearchSpace scoring_space();

/// How one model is trained and a study of them is run.
struct AgentTrainerOptions {
  int trials = 25;
  int round = 4;  ///< Trials asked for before any of them is told: the result depends on it.
  int jobs = 1;   ///< Threads that train a round's trials: the result does not depend on it.
  int epochs = 40;
  int patience = 6;  ///< Epochs without a better val_loss after which a trial ends.
  int64_t batch_size = 64;
  double validation_split = 0.2;  ///< The last rows; a trial's objective is its best loss on them.
  keras::Activation head = keras::Activation::kSigmoid;
  keras::Loss loss = keras::Loss::kBinaryCrossentropy;
  uint64_t seed = 0;
};

/// How one trial went.
struct AgentTrial {
  int number = 0;
  tpe::Params params;
  std::optional<double> val_loss;  ///< Nothing when the trial failed.
  int epochs = 0;
  /// Figures by epoch under Keras's names ("loss", "val_loss", "accuracy", …), for who watches.
  std::map<std::string, std::vector<double>> curves;
  std::string error;  ///< Why it failed; empty when it did not.
};

/// A trained model and what it was trained with.
struct TrainedAgent {
  keras::Model model;
  train::History history;
  double val_loss = 0.0;  ///< Of the best epoch, whose weights the model has.
};

struct AgentStudy {
  TrainedAgent best;
  int best_trial = 0;
  std::vector<AgentTrial> trials;  ///< By number.
};

/// What a study tells and asks while it runs. Each may be empty.
struct StudyHooks {
  /// Called once a trial, in the order of numbers, on the calling thread.
  std::function<void(const AgentTrial&)> on_trial;
  /// A sign of life: called after each batch of each trial, on any thread.
  std::function<void()> on_batch;
  /// What an interrupted run of the same study kept of this trial, or nothing. It is not trained
  /// again.
  std::function<std::optional<AgentTrial>(int number, const tpe::Params& params)> recall;
  /// Called as soon as a trial was trained, on any thread, several at once. An error ends the
  /// study.
  std::function<Status(const AgentTrial&)> keep;
};

/// Builds the scoring MLP for `params` (names of `scoring_space`) and trains it.
/// Shapes: data.x [rows, inputs]. Errors: kInvalidArgument for a parameter that is missing or of
/// another type; those of `train::fit`; kInterrupted when `stop` was requested.
Result<TrainedAgent> train_agent_model(const tpe::Params& params, const train::TrainingData& data,
                                       int64_t inputs, const AgentTrainerOptions& options,
                                       uint64_t seed, const std::stop_token& stop,
                                       const std::function<void()>& on_batch = {});

/// Runs a TPE study over `space` and keeps the best trial's model. The same options but `jobs`, the
/// same data: the same study and the same model, bit for bit. A trial that fails is told as failed
/// and the study goes on. Where `hooks.recall` knows trials, only the others are trained, and the
/// best one once more if it is not among them: a study that was interrupted ends as if it had not
/// been. Errors: kUnavailable when every trial failed (with the last reason); kInterrupted when
/// `stop` was requested; those of `hooks.keep`.
Result<AgentStudy> run_agent_study(const tpe::SearchSpace& space, const train::TrainingData& data,
                                   int64_t inputs, const AgentTrainerOptions& options,
                                   const StudyHooks& hooks, const std::stop_token& stop);

}  // namespace thunderline::cerebros::service
