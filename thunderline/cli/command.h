#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "thunderline/base/clock.h"
#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"

namespace CLI {
class App;
}

namespace thunderline::cli {

/// What every command may use. Lifetime: the program's.
struct Session {
  FileSystem& files;
  const Clock& clock;
  std::stop_token stop;  ///< Requested by the first Ctrl-C; the second one ends the process at once.

  // Flags that every command has.
  std::string home = "./.thunderline";
  bool json = false;     ///< One JSON document on stdout, and nothing else there.
  bool quiet = false;    ///< No progress.
  bool verbose = false;  ///< More of it.

  /// What the chosen command does; set while the command line is parsed.
  std::function<Status()> action;

  /// The command printed its JSON document although it fails: no second one for the error.
  bool printed = false;
};

// One function a command: adds the subcommand with its flags, help and example to the app, and sets
// `session.action` when the command is chosen. Each lies in the file of its name.
void add_audit(CLI::App& app, Session& session);
void add_build(CLI::App& app, Session& session);
void add_convert(CLI::App& app, Session& session);
void add_doctor(CLI::App& app, Session& session);
void add_evaluate(CLI::App& app, Session& session);
void add_infer(CLI::App& app, Session& session);
void add_models(CLI::App& app, Session& session);
void add_policies(CLI::App& app, Session& session);
void add_plans(CLI::App& app, Session& session);
void add_run(CLI::App& app, Session& session);
void add_studies(CLI::App& app, Session& session);
void add_train(CLI::App& app, Session& session);
void add_trajectories(CLI::App& app, Session& session);
void add_tune(CLI::App& app, Session& session);
void add_version(CLI::App& app, Session& session);
void add_worker(CLI::App& app, Session& session);

}  // namespace thunderline::cli
