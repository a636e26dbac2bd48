#include <memory>

#include "thunderline/cli/command.h"
#include "thunderline/cli/study_commands.h"

namespace thunderline::cli {
namespace {

using Action = Status (*)(const Session&, const StudyArguments&);

/// Adds an action; the caller adds its arguments.
Command add_action(Command parent, Session& session, const char* name, const char* help,
                   const char* example, Action action,
                   const std::shared_ptr<StudyArguments>& arguments) {
  Command command = parent.add_subcommand(name, help);
  command.footer(std::string("Example:\n  thunderline studies ") + example);
  add_storage_flag(command, arguments->storage);
  command.callback([&session, arguments, action] {
    session.action = [&session, arguments, action] { return action(session, *arguments); };
  });
  return command;
}

Command add_named(Command parent, Session& session, const char* name, const char* help,
                  const char* example, Action action,
                  const std::shared_ptr<StudyArguments>& arguments) {
  Command command = add_action(parent, session, name, help, example, action, arguments);
  command.add_option("name", arguments->name, "The study").required().type_name("NAME");
  return command;
}

std::shared_ptr<StudyArguments> fresh() { return std::make_shared<StudyArguments>(); }

void add_readers(Command parent, Session& session) {
  add_action(parent, session, "list", "Every study", "list --json", list_studies, fresh());
  add_named(parent, session, "show", "A study's trials", "show fit", show_study, fresh());
  add_named(parent, session, "best", "A study's best trial", "best fit --json", best_of_study,
            fresh());
  add_named(parent, session, "export", "All that is known of a study, as JSON",
            "export fit > fit.json", export_study, fresh());
}

void add_trial(Command command, const std::shared_ptr<StudyArguments>& arguments) {
  command.add_option("trial", arguments->trial, "Its number")
      .required()
      .range(0, INT32_MAX)
      .type_name("TRIAL");
}

void add_writers(Command parent, Session& session) {
  auto made = fresh();
  Command create = add_named(parent, session, "create", "Makes a study",
                             "create fit --direction maximize --seed 42", create_named_study, made);
  add_study_flags(create, made->flags);
  add_named(parent, session, "delete", "Removes a study with its trials", "delete fit",
            delete_study, fresh());

  auto queued = fresh();
  add_named(parent, session, "enqueue", "Queues a trial (or a list of them) with these values",
            "enqueue fit params.json", enqueue_trials, queued)
      .add_option("params", queued->file, R"({"lr": 0.001})")
      .required()
      .type_name("PARAMS.json");

  auto asked = fresh();
  add_named(parent, session, "ask", "The next trial to run", "ask fit --space space.json",
            ask_study, asked)
      .add_option("--space", asked->file, "The parameters and their ranges")
      .required()
      .type_name("SPACE.json");
}

void add_outcomes(Command parent, Session& session) {
  auto told = fresh();
  Command tell =
      add_named(parent, session, "tell", "How a trial ended", "tell fit 3 0.25", tell_study, told);
  add_trial(tell, told);
  tell.add_option("value", told->value, "The objective's").type_name("VALUE");
  tell.add_option("--state", told->state, "fail or pruned").one_of({"fail", "pruned"});

  auto reported = fresh();
  Command report =
      add_named(parent, session, "report", "An intermediate value; prints whether to prune",
                "report fit 3 10 0.25", report_to_study, reported);
  add_trial(report, reported);
  report.add_option("step", reported->step, "From 0").required().type_name("STEP");
  report.add_option("value", reported->value, "").required().type_name("VALUE");
  report.add_option("--pruner", reported->flags.pruner, "Instead of the study's own");
}

}  // namespace

void add_studies(Command app, Session& session) {
  Command command = app.add_subcommand("studies", "Studies, shared with Optuna");
  command.require_subcommand();
  command.footer("Example:\n  thunderline studies list");
  add_readers(command, session);
  add_writers(command, session);
  add_outcomes(command, session);
}

}  // namespace thunderline::cli
