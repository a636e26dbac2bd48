#pragma once

#include <functional>
#include <optional>
#include <string>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/trial.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/training_arrays.h"

namespace thunderline::cli {

/// How a trial ended: complete (with a value), pruned, or failed (with the reason).
struct TrialEnd {
  cerebros::tpe::TrialState state = cerebros::tpe::TrialState::kFail;
  std::optional<double> value;
  std::string reason;
};

/// Runs one trial with its values. Called by several threads at once where there are several jobs.
using Objective = std::function<TrialEnd(cerebros::tpe::Trial& trial,
                                         const cerebros::tpe::Params& params)>;

/// How `mlp_objective` trains.
struct MlpObjectiveOptions {
  int epochs = 40;
  int patience = 6;  ///< Epochs without a better objective after which a trial ends.
  int64_t batch_size = 64;
  double validation_split = 0.2;
  uint64_t seed = 0;  ///< A trial's weights and shuffles come from it and the trial's number.
  cerebros::tpe::Direction direction = cerebros::tpe::Direction::kMinimize;
};

/// Trains a scoring MLP on the data; the value is the best val_loss (to be maximised: val_accuracy).
/// Parameters that it knows: learning_rate (lr), hidden_dim (units), num_layers, dropout, activation
/// (act), batch_size. Lifetime: the data and the session must outlive it.
/// Errors: kInvalidArgument for a parameter that it does not know.
Result<Objective> mlp_objective(const Session& session, const TrainingArrays& data,
                                const cerebros::tpe::SearchSpace& space,
                                const MlpObjectiveOptions& options);

/// Runs `command` by /bin/sh. `{name}` in it stands for a parameter's value, PARAM_name in its
/// environment too; a line `report STEP VALUE` of its stdout is an intermediate value, its last line
/// the objective. A pruned trial's command gets SIGTERM, and SIGKILL 5 s later.
Objective command_objective(const Session& session, std::string command);

/// `command` with the values in place of their names in braces, quoted for the shell where needed.
std::string fill_in(std::string command, const cerebros::tpe::Params& params);

}  // namespace thunderline::cli
