#include <algorithm>
#include <memory>
#include <optional>

#include "thunderline/base/json_util.h"
#include "thunderline/base/random.h"
#include "thunderline/base/uuid.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/objective_flags.h"
#include "thunderline/cli/output.h"
#include "thunderline/cli/study_output.h"
#include "thunderline/cli/study_settings.h"
#include "thunderline/cli/trial_progress.h"
#include "thunderline/cli/tune_loop.h"

namespace thunderline::cli {
namespace {

namespace tpe = cerebros::tpe;

struct TuneOptions {
  ObjectiveFlags objective;
  StudyFlags study;
  TuneLoop loop;
  std::optional<std::string> name;
  std::optional<std::string> storage;
};

/// Makes the study, or goes on with the one of the name.
Result<std::unique_ptr<tpe::Study>> start_study(const Session& session, TuneOptions& options) {
  const bool given = options.name.has_value();
  if (!given) {
    options.name =
        "study-" + UuidGenerator(entropy_seed()).next(session.clock.unix_ms()).to_string();
  }
  options.study.trials = options.loop.trials;
  TL_ASSIGN_OR_RETURN(const auto storage, open_study_storage(session, options.storage, true));
  if (given) {
    auto study = open_study(storage, *options.name, options.study);
    if (study || study.error().code != ErrorCode::kNotFound) return study;
  }
  auto made = create_study(storage, *options.name, options.study);
  // Another process was faster.
  if (!made && made.error().code == ErrorCode::kRefused) {
    return open_study(storage, *options.name, options.study);
  }
  return made;
}

Status print_study(const Session& session, const tpe::Study& study,
                   const std::vector<tpe::TrialPtr>& trials) {
  return print_line(session.json ? dump_json(study_json(study.record(), trials))
                                 : study_text(study.record(), trials));
}

Status tune(Session& session, TuneOptions& options) {
  TL_ASSIGN_OR_RETURN(const tpe::SearchSpace space, load_space(session, options.objective));
  TL_ASSIGN_OR_RETURN(const auto study, start_study(session, options));
  TrainingArrays data;
  TL_ASSIGN_OR_RETURN(
      const Objective objective,
      make_objective(session, space, study->direction(), study->seed(), options.objective, data));
  TrialProgress progress(session, options.loop.trials);
  options.loop.on_trial = progress.watcher();
  TL_RETURN_IF_ERROR(run_study(*study, space, objective, options.loop, session.stop));
  progress.finish();
  if (session.stop.stop_requested()) {
    return fail(ErrorCode::kInterrupted, "the study was interrupted", study->name(),
                "the same command with --study " + study->name() + " goes on");
  }
  TL_ASSIGN_OR_RETURN(const std::vector<tpe::TrialPtr> trials, study->trials());
  TL_RETURN_IF_ERROR(print_study(session, *study, trials));
  session.printed = true;
  const bool all_failed = std::all_of(trials.begin(), trials.end(), [](const auto& trial) {
    return trial->state == tpe::TrialState::kFail;
  });
  if (!all_failed) return {};
  return fail(ErrorCode::kUnavailable,
              "every trial failed, the last one: " + progress.last_reason(), study->name(),
              "try the objective by hand");
}

void add_flags(Command command, TuneOptions& options) {
  add_objective_flags(command, options.objective);
  command.add_option("--trials", options.loop.trials, "Finished trials in all")
      .required()
      .range(1, 1'000'000);
  command.add_option("--jobs", options.loop.jobs, "Trials at once")
      .range(1, 256)
      .capture_default_str();
  add_study_flags(command, options.study);
  command.add_flag("--no-duplicates", options.loop.no_duplicates,
                   "A trial with the values of an earlier one takes its value and is not run");
  command.add_option("--study", options.name, "Its name (else a new one)");
  add_storage_flag(command, options.storage);
}

}  // namespace

void add_tune(Command app, Session& session) {
  Command command = app.add_subcommand("tune", "Searches for the best hyperparameters");
  command.footer(
      "The same command with --study goes on where it was, up to --trials.\n"
      "Example:\n  thunderline tune --space space.json --data d.npz --model mlp --trials 25 --seed "
      "42\n"
      "  thunderline tune --space space.json --command 'python3 fit.py --lr {lr}' --trials 50 "
      "--study fit");
  auto options = std::make_shared<TuneOptions>();
  add_flags(command, *options);
  command.callback([&session, options] {
    session.action = [&session, options] { return tune(session, *options); };
  });
}

}  // namespace thunderline::cli
