#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "thunderline/cli/command.h"
#include "thunderline/cli/error_json.h"
#include "thunderline/cli/interrupt.h"
#include "thunderline/cli/option_defaults.h"
#include "thunderline/cli/output.h"

namespace thunderline::cli {
namespace {

constexpr int kUsageExit = 2;

void add_general_flags(CLI::App& app, Session& session) {
  app.add_option("--home", session.home, "Folder that remembers everything")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_flag("--json", session.json, "One JSON document on stdout, nothing else there");
  app.add_flag("--quiet", session.quiet, "No progress");
  app.add_flag("--verbose", session.verbose, "More progress");
  // Read before the parsing, by apply_option_defaults.
  app.add_option("--config", "Configuration file (./thunderline.toml where there is one)")
      ->type_name("FILE");
}

void add_commands(Command app, Session& session) {
  add_run(app, session);
  add_build(app, session);
  add_train(app, session);
  add_tune(app, session);
  add_studies(app, session);
  add_worker(app, session);
  add_convert(app, session);
  add_infer(app, session);
  add_evaluate(app, session);
  add_trajectories(app, session);
  add_models(app, session);
  add_policies(app, session);
  add_audit(app, session);
  add_plans(app, session);
  add_doctor(app, session);
  add_version(app, session);
}

/// Errors of the parser come before `--json` is known.
bool asks_for_json(const std::vector<std::string>& arguments) {
  const char* variable = std::getenv("THUNDERLINE_JSON");
  if (variable != nullptr && std::string(variable) != "0" && std::string(variable) != "false") {
    return true;
  }
  return std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

/// Says what went wrong; returns the exit code.
int report(const Error& error, bool json) {
  std::fprintf(stderr, "error: %s\n", one_line(to_string(error)).c_str());
  if (json) {
    // Whoever closed stdout reads the exit code.
    (void)print_line(dump_json(OrderedJson{{"error", error_json(error)}}));
  }
  return exit_code(error.code);
}

/// "thunderline models deploy": what the parser got to.
std::string command_path(const CLI::App& app) {
  const std::vector<CLI::App*> commands = app.get_subcommands();
  if (commands.empty()) return app.get_name();
  return app.get_name() + " " + command_path(*commands.front());
}

Error usage_error(const CLI::App& app, const CLI::ParseError& parse_error) {
  const std::string path = command_path(app);
  return {ErrorCode::kInvalidArgument, one_line(parse_error.what()), path,
          path + " --help shows the usage"};
}

int no_command(const CLI::App& app, bool json) {
  if (json) {
    return report({ErrorCode::kInvalidArgument, "a command is missing", "thunderline",
                   "thunderline --help lists the commands"},
                  true);
  }
  std::fprintf(stderr, "%s", app.help().c_str());
  return kUsageExit;
}

int run_program(Session& session, const std::vector<std::string>& arguments) {
  CLI::App app("Agents that learn: train, convert, serve and log their models.", "thunderline");
  app.fallthrough();
  app.require_subcommand(0, 1);
  app.footer("Example:\n  thunderline COMMAND --help");
  add_general_flags(app, session);
  add_commands(Command(app), session);

  const bool json = asks_for_json(arguments);
  if (Status status = apply_option_defaults(app, arguments, session.files); !status) {
    return report(status.error(), json);
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    const Status printed = print_line(app.help());
    return printed ? 0 : report(printed.error(), false);
  } catch (const CLI::ParseError& error) {
    return report(usage_error(app, error), json);
  }
  if (!session.action) return no_command(app, session.json);
  const Status status = session.action();
  if (status) return 0;
  return report(status.error(), session.json && !session.printed);
}

}  // namespace
}  // namespace thunderline::cli

int main(int argc, char** argv) {
  // First, so that every thread inherits its signal mask.
  const thunderline::cli::InterruptWatcher watcher;
  const thunderline::SystemClock clock;
  thunderline::cli::Session session{thunderline::posix_file_system(), clock, watcher.token()};
  try {
    return thunderline::cli::run_program(session, {argv + 1, argv + argc});
  } catch (const std::exception& error) {
    // Only memory can get here: everything else is an error as a value.
    std::fprintf(stderr, "error: %s (thunderline); try a smaller input\n", error.what());
    return thunderline::exit_code(thunderline::ErrorCode::kResourceLimit);
  }
}
