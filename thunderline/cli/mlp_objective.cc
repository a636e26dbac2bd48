#include <algorithm>
#include <cmath>

#include "thunderline/base/random.h"
#include "thunderline/cerebros/keras/builders/scoring_mlp.h"
#include "thunderline/cerebros/train/fit.h"
#include "thunderline/cli/objective.h"

namespace thunderline::cli {
namespace {

namespace keras = cerebros::keras;
namespace tpe = cerebros::tpe;
namespace train = cerebros::train;

/// What a trial's parameters set.
struct Candidate {
  keras::ScoringMlpOptions mlp;
  int64_t batch_size = 0;
};

tl::unexpected<Error> wrong_type(const std::string& name, const char* expected) {
  return fail(ErrorCode::kInvalidArgument, "the parameter must be " + std::string(expected), name,
              "change its type in the search space");
}

Result<double> real(const std::string& name, const tpe::ParamValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* number = std::get_if<int64_t>(&value)) return static_cast<double>(*number);
  return wrong_type(name, "a number");
}

Result<int64_t> whole(const std::string& name, const tpe::ParamValue& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return *number;
  return wrong_type(name, "an int");
}

Status set_param(const std::string& name, const tpe::ParamValue& value, Candidate& candidate) {
  keras::ScoringMlpOptions& mlp = candidate.mlp;
  if (name == "learning_rate" || name == "lr") {
    TL_ASSIGN_OR_RETURN(mlp.learning_rate, real(name, value));
  } else if (name == "hidden_dim" || name == "units") {
    TL_ASSIGN_OR_RETURN(mlp.hidden_dim, whole(name, value));
  } else if (name == "num_layers") {
    TL_ASSIGN_OR_RETURN(const int64_t layers, whole(name, value));
    mlp.num_layers = static_cast<int>(std::clamp<int64_t>(layers, -1, 1 << 20));
  } else if (name == "dropout") {
    TL_ASSIGN_OR_RETURN(mlp.dropout, real(name, value));
  } else if (name == "batch_size") {
    TL_ASSIGN_OR_RETURN(candidate.batch_size, whole(name, value));
  } else if (name == "activation" || name == "act") {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return wrong_type(name, "a categorical of names");
    TL_ASSIGN_OR_RETURN(mlp.activation, keras::parse_activation(*text));
  } else {
    return fail(ErrorCode::kInvalidArgument, "--model mlp has no such parameter", name,
                "it knows learning_rate, hidden_dim, num_layers, dropout, activation, batch_size");
  }
  return {};
}

/// Whether rows, columns and labels are those of classes 0 and 1.
bool has_labels(const TrainingArrays& data) {
  return std::all_of(data.y.begin(), data.y.end(), [](float y) { return y == 0 || y == 1; });
}

/// Trains one candidate and follows its values by epoch.
class MlpTrial {
 public:
  MlpTrial(const Session& session, const MlpObjectiveOptions& options, tpe::Trial& trial)
      : session_(session), options_(options), trial_(trial) {
    monitor_ = options.direction == tpe::Direction::kMinimize ? "val_loss" : "val_accuracy";
  }

  TrialEnd run(const Candidate& candidate, const TrainingArrays& data) {
    const auto model = keras::build_scoring_mlp(candidate.mlp);
    if (!model) return failed(model.error());
    train::FitOptions fit;
    fit.epochs = options_.epochs;
    fit.batch_size = candidate.batch_size;
    fit.validation_split = options_.validation_split;
    fit.seed = derive_seed(candidate.mlp.seed, 1);
    fit.early_stopping.emplace();
    fit.early_stopping->monitor = monitor_;
    fit.early_stopping->patience = options_.patience;
    fit.on_epoch = [this](const train::EpochReport& report) { return on_epoch(report); };
    const auto fitted = train::fit(*model, data.view(), fit);
    if (!fitted) return failed(fitted.error());
    if (session_.stop.stop_requested()) return {tpe::TrialState::kFail, {}, "interrupted"};
    if (pruned_) return {tpe::TrialState::kPruned, {}, ""};
    return {tpe::TrialState::kComplete, best_, ""};
  }

 private:
  static TrialEnd failed(const Error& error) {
    return {tpe::TrialState::kFail, {}, to_string(error)};
  }

  bool on_epoch(const train::EpochReport& report) {
    const double value = report.values.at(monitor_);
    if (!best_ || tpe::is_better(value, *best_, options_.direction)) best_ = value;
    pruned_ = trial_.report(report.epoch, value) && trial_.should_prune().value_or(false);
    return !pruned_ && !session_.stop.stop_requested();
  }

  const Session& session_;
  const MlpObjectiveOptions& options_;
  tpe::Trial& trial_;
  std::string monitor_;
  std::optional<double> best_;
  bool pruned_ = false;
};

/// A value of the parameter, to see whether it can be set at all.
tpe::ParamValue some_value(const tpe::Distribution& distribution) {
  if (const auto* range = std::get_if<tpe::FloatDistribution>(&distribution)) return range->low;
  if (const auto* range = std::get_if<tpe::IntDistribution>(&distribution)) return range->low;
  return std::get<tpe::CategoricalDistribution>(distribution).choices.front();
}

}  // namespace

Result<Objective> mlp_objective(const Session& session, const TrainingArrays& data,
                                const tpe::SearchSpace& space,
                                const MlpObjectiveOptions& options) {
  Candidate base;
  base.batch_size = options.batch_size;
  base.mlp.inputs = data.inputs;
  base.mlp.outputs = data.outputs;
  if (!has_labels(data)) {
    base.mlp.loss = keras::Loss::kMeanSquaredError;
    base.mlp.head = keras::Activation::kLinear;
    if (options.direction == tpe::Direction::kMaximize) {
      return fail(ErrorCode::kInvalidArgument, "there is no accuracy to maximise", "--data",
                  "y has other numbers than 0 and 1: take --direction minimize");
    }
  }
  if (static_cast<int64_t>(std::floor(static_cast<double>(data.rows) * options.validation_split)) < 1) {
    return fail(ErrorCode::kInvalidArgument, "no rows are left to judge a trial by",
                "--validation-split", "give more rows or a larger split");
  }
  for (const tpe::Parameter& parameter : space.parameters()) {
    Candidate probe = base;
    TL_RETURN_IF_ERROR(set_param(parameter.name, some_value(parameter.distribution), probe));
  }
  return Objective([&session, &data, base, options](tpe::Trial& trial, const tpe::Params& params) {
    Candidate candidate = base;
    candidate.mlp.seed = derive_seed(options.seed, static_cast<uint64_t>(trial.number()));
    for (const auto& [name, value] : params) {
      if (Status status = set_param(name, value, candidate); !status) {
        return TrialEnd{tpe::TrialState::kFail, {}, to_string(status.error())};
      }
    }
    return MlpTrial(session, options, trial).run(candidate, data);
  });
}

}  // namespace thunderline::cli
