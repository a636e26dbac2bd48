#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "thunderline/base/json_util.h"
#include "thunderline/base/random.h"
#include "thunderline/base/uuid.h"
#include "thunderline/cerebros/tpe/study.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/objective.h"
#include "thunderline/cli/output.h"
#include "thunderline/cli/progress.h"
#include "thunderline/cli/pruner_flag.h"
#include "thunderline/cli/tune_loop.h"

namespace thunderline::cli {
namespace {

namespace tpe = cerebros::tpe;

struct TuneOptions {
  std::string space;
  std::optional<std::string> command;
  std::optional<std::string> data;
  std::string model = "mlp";
  TuneLoop loop;
  std::string direction = "minimize";
  std::string sampler = "tpe";
  int startup_trials = 10;
  std::string pruner = "none";
  std::optional<uint32_t> seed;
  std::optional<std::string> study;
  std::string storage = "memory";
  MlpObjectiveOptions mlp;
};

Status check(const TuneOptions& options) {
  if (options.storage != "memory") {
    return fail(ErrorCode::kInvalidArgument,
                "studies are kept in memory only so far; databases come later",
                "--storage " + options.storage, "leave --storage out");
  }
  if (options.command.has_value() == options.data.has_value()) {
    return fail(ErrorCode::kInvalidArgument, "say what a trial is, once", "thunderline tune",
                "give --command 'CMD {name}', or --data D.npz with --model mlp");
  }
  return {};
}

Result<std::unique_ptr<tpe::Study>> make_study(const Session& session, const TuneOptions& options,
                                               uint64_t seed) {
  tpe::Study::Options study;
  study.name = options.study.value_or("");
  if (!options.study) {
    study.name = "study-" + UuidGenerator(entropy_seed()).next(session.clock.unix_ms()).to_string();
  }
  study.direction = options.direction == "maximize" ? tpe::Direction::kMaximize
                                                    : tpe::Direction::kMinimize;
  study.seed = seed;
  tpe::SamplerOptions sampler;
  sampler.startup_trials = options.startup_trials;
  TL_ASSIGN_OR_RETURN(study.sampler, tpe::make_sampler(options.sampler, sampler));
  TL_ASSIGN_OR_RETURN(study.pruner, parse_pruner(options.pruner));
  return tpe::Study::create(std::move(study));
}

OrderedJson json_of(const tpe::Params& params) {
  OrderedJson json = OrderedJson::object();
  for (const auto& [name, value] : params) {
    std::visit([&](const auto& any) { json[name] = any; }, value);
  }
  return json;
}

OrderedJson json_of(const tpe::FrozenTrial& trial, bool with_state) {
  OrderedJson json = {{"number", trial.number}};
  if (with_state) json["state"] = tpe::state_name(trial.state);
  json["value"] = trial.value ? OrderedJson(*trial.value) : OrderedJson(nullptr);
  json["params"] = json_of(trial.values());
  return json;
}

std::string text_of(const tpe::Params& params) {
  std::string text;
  for (const auto& [name, value] : params) {
    text += (text.empty() ? "" : " ") + name + "=" + tpe::to_string(value);
  }
  return text;
}

Status print_study(const Session& session, const tpe::Study& study, const tpe::TrialPtr& best) {
  TL_ASSIGN_OR_RETURN(const std::vector<tpe::TrialPtr> trials, study.trials());
  if (session.json) {
    OrderedJson list = OrderedJson::array();
    for (const tpe::TrialPtr& trial : trials) list.push_back(json_of(*trial, true));
    return print_line(dump_json(
        OrderedJson{{"study", study.name()},
                    {"direction", tpe::direction_name(study.direction())},
                    {"best", best == nullptr ? OrderedJson(nullptr) : json_of(*best, false)},
                    {"trials", std::move(list)}}));
  }
  Table table({"TRIAL", "STATE", "VALUE", "PARAMETERS"});
  for (const tpe::TrialPtr& trial : trials) {
    table.add({std::to_string(trial->number), tpe::state_name(trial->state),
               trial->value ? number_text(*trial->value) : "-", text_of(trial->values())});
  }
  TL_RETURN_IF_ERROR(print_line(study.name() + "\n" + table.text()));
  if (best == nullptr) return {};
  return print_line("best: trial " + std::to_string(best->number) + ", " +
                    number_text(*best->value) + ", " + text_of(best->values()));
}

/// Follows the study for people.
void watch_trials(TuneLoop& loop, Progress& progress, std::string& last_reason, int& failed) {
  loop.on_trial = [&, trials = loop.trials](const tpe::FrozenTrial& trial,
                                            const std::string& reason) {
    if (trial.state == tpe::TrialState::kFail) {
      ++failed;
      last_reason = reason;
      progress.note("trial " + std::to_string(trial.number) + " failed: " + reason);
    }
    const int done = trial.number + 1;
    progress.show("trial " + std::to_string(done) + "/" + std::to_string(trials) + " " +
                  bar(static_cast<double>(done) / trials, 20) + " " +
                  (trial.value ? number_text(*trial.value) : tpe::state_name(trial.state)));
  };
}

Status tune(Session& session, TuneOptions& options) {
  TL_RETURN_IF_ERROR(check(options));
  TL_ASSIGN_OR_RETURN(const std::string text, read_file(session.files, options.space));
  TL_ASSIGN_OR_RETURN(const tpe::SearchSpace space, tpe::SearchSpace::parse(text, options.space));
  const uint64_t seed = options.seed.value_or(static_cast<uint32_t>(entropy_seed()));
  TL_ASSIGN_OR_RETURN(const auto study, make_study(session, options, seed));
  TrainingArrays data;
  Objective objective;
  if (options.data) {
    TL_ASSIGN_OR_RETURN(data, load_training_arrays(session.files, *options.data, {}));
    options.mlp.seed = seed;
    options.mlp.direction = study->direction();
    TL_ASSIGN_OR_RETURN(objective, mlp_objective(session, data, space, options.mlp));
  } else {
    objective = command_objective(session, *options.command);
  }

  Progress progress(session.clock, session.quiet);
  std::string last_reason;
  int failed = 0;
  watch_trials(options.loop, progress, last_reason, failed);
  TL_RETURN_IF_ERROR(run_study(*study, space, objective, options.loop, session.stop));
  progress.finish();
  if (session.stop.stop_requested()) {
    return fail(ErrorCode::kInterrupted, "the study was interrupted", study->name());
  }
  const auto best = study->best_trial();
  TL_RETURN_IF_ERROR(print_study(session, *study, best.value_or(nullptr)));
  session.printed = true;
  if (failed < options.loop.trials) return {};
  return fail(ErrorCode::kUnavailable, "every trial failed, the last one: " + last_reason,
              study->name(), "try the objective by hand");
}

void add_objective_flags(CLI::App& command, TuneOptions& options) {
  command.add_option("--space", options.space, "The parameters and their ranges")
      ->required()
      ->type_name("SPACE.json");
  command.add_option("--command", options.command,
                     "A trial: {name} is a parameter's value, the last line the objective")
      ->type_name("CMD");
  command.add_option("--data", options.data, "A trial trains --model on these arrays")
      ->type_name("D.npz");
  command.add_option("--model", options.model, "mlp")
      ->check(CLI::IsMember({"mlp"}))
      ->capture_default_str();
  command.add_option("--epochs", options.mlp.epochs, "With --data: passes of a trial")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command.add_option("--batch-size", options.mlp.batch_size, "With --data: rows of a step")
      ->capture_default_str();
  command.add_option("--validation-split", options.mlp.validation_split,
                     "With --data: last part of the rows, which judges a trial")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
}

void add_study_flags(CLI::App& command, TuneOptions& options) {
  command.add_option("--trials", options.loop.trials, "Finished trials in all")
      ->required()
      ->check(CLI::Range(1, 1'000'000));
  command.add_option("--jobs", options.loop.jobs, "Trials at once")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command.add_option("--direction", options.direction, "minimize or maximize")
      ->check(CLI::IsMember({"minimize", "maximize"}))
      ->capture_default_str();
  command.add_option("--sampler", options.sampler, "tpe, tpe-univariate or random")
      ->check(CLI::IsMember({"tpe", "tpe-univariate", "random"}))
      ->capture_default_str();
  command.add_option("--startup-trials", options.startup_trials, "Random trials at first")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  command.add_flag("--no-duplicates", options.loop.no_duplicates,
                   "A trial with the values of an earlier one takes its value and is not run");
  command.add_option("--pruner", options.pruner, "none, median, percentile or asha, key=value…")
      ->type_name("NAME[,KEY=VALUE…]")
      ->capture_default_str();
  command.add_option("--seed", options.seed, "0 to 4294967295 (else from the system)");
  command.add_option("--study", options.study, "Its name (else a new one)");
  command.add_option("--storage", options.storage, "memory")->capture_default_str();
}

}  // namespace

void add_tune(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("tune", "Searches for the best hyperparameters");
  command->footer(
      "Example:\n  thunderline tune --space space.json --data d.npz --model mlp --trials 25 --seed 42\n"
      "  thunderline tune --space space.json --command 'python3 fit.py --lr {lr}' --trials 50");
  auto options = std::make_shared<TuneOptions>();
  add_objective_flags(*command, *options);
  add_study_flags(*command, *options);
  command->callback([&session, options] {
    session.action = [&session, options] { return tune(session, *options); };
  });
}

}  // namespace thunderline::cli
