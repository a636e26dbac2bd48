#include <memory>

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

struct WorkerOptions {
  ObjectiveFlags objective;
  TuneLoop loop;
  std::string study;
  std::string storage;
  std::optional<int> trials;
};

Status work(Session& session, WorkerOptions& options) {
  TL_ASSIGN_OR_RETURN(const tpe::SearchSpace space, load_space(session, options.objective));
  TL_ASSIGN_OR_RETURN(const auto storage, open_study_storage(session, options.storage, false));
  TL_ASSIGN_OR_RETURN(const auto study, open_study(storage, options.study, {}));
  TL_ASSIGN_OR_RETURN(const std::optional<StudySettings> kept, kept_settings(study->record()));
  const std::optional<int> total = options.trials ? options.trials
                                   : kept         ? kept->trials
                                                  : std::nullopt;
  if (!total) {
    return fail(ErrorCode::kInvalidArgument, "the study has no total of trials yet", study->name(),
                "give --trials, or start it with thunderline tune");
  }
  options.loop.trials = *total;
  TrainingArrays data;
  TL_ASSIGN_OR_RETURN(
      const Objective objective,
      make_objective(session, space, study->direction(), study->seed(), options.objective, data));
  TrialProgress progress(session, *total);
  int ran = 0;
  options.loop.on_trial = [&ran, show = progress.watcher()](const tpe::FrozenTrial& trial,
                                                            const std::string& reason) {
    ++ran;
    show(trial, reason);
  };
  TL_RETURN_IF_ERROR(run_study(*study, space, objective, options.loop, session.stop));
  progress.finish();
  TL_ASSIGN_OR_RETURN(const std::vector<tpe::TrialPtr> trials, study->trials());
  const tpe::TrialPtr best = best_trial(study->record(), trials);
  const OrderedJson json = {
      {"study", study->name()},
      {"ran", ran},
      {"best", best == nullptr ? OrderedJson(nullptr) : trial_json(*best, false)}};
  return print_line(session.json ? dump_json(json)
                                 : "ran " + std::to_string(ran) + " trials of " + study->name());
}

}  // namespace

void add_worker(Command app, Session& session) {
  Command command = app.add_subcommand("worker", "Runs trials of a study that others run too");
  command.footer(
      "The command comes from this command line, never from the database.\n"
      "Example:\n  thunderline worker --storage sqlite:///studies.db --study fit --space "
      "space.json "
      "--command 'python3 fit.py --lr {lr}'");
  auto options = std::make_shared<WorkerOptions>();
  add_objective_flags(command, options->objective);
  command.add_option("--storage", options->storage, "Where the study is")
      .required()
      .type_name("URL");
  command.add_option("--study", options->study, "Its name").required();
  command.add_option("--jobs", options->loop.jobs, "Trials at once")
      .range(1, 256)
      .capture_default_str();
  command
      .add_option("--trials", options->trials, "Finished trials in all (else what tune was told)")
      .range(1, 1'000'000);
  command.callback([&session, options] {
    session.action = [&session, options] { return work(session, *options); };
  });
}

}  // namespace thunderline::cli
