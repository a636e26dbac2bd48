#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "thunderline/base/clock.h"
#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"
#include "thunderline/cli/command_line.h"

namespace thunderline::cli {

/// What every command may use. Lifetime: the program's.
struct Session {
  FileSystem& files;
  const Clock& clock;
  std::stop_token
      stop;  ///< Requested by the first Ctrl-C; the second one ends the process at once.

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
void add_audit(Command app, Session& session);
void add_build(Command app, Session& session);
void add_convert(Command app, Session& session);
void add_doctor(Command app, Session& session);
void add_evaluate(Command app, Session& session);
void add_infer(Command app, Session& session);
void add_models(Command app, Session& session);
void add_policies(Command app, Session& session);
void add_plans(Command app, Session& session);
void add_run(Command app, Session& session);
void add_studies(Command app, Session& session);
void add_train(Command app, Session& session);
void add_trajectories(Command app, Session& session);
void add_tune(Command app, Session& session);
void add_version(Command app, Session& session);
void add_worker(Command app, Session& session);

}  // namespace thunderline::cli
