#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/result.h"

namespace thunderline::cli {

/// What came of a shell command.
struct CommandResult {
  int exit_status = 0;   ///< As the shell would say it: 128 + signal for one that was killed.
  bool stopped = false;  ///< We ended it: `on_line` or the stop token asked for it.
};

/// Runs a command by /bin/sh in a process group of its own, its stdin empty, its stderr ours.
/// `on_line` gets each line of its stdout; false ends the command: SIGTERM to the group, SIGKILL 5 s
/// later. Errors: kUnavailable when no process can be made.
Result<CommandResult> run_shell(const std::string& command,
                                const std::vector<std::string>& environment, const Clock& clock,
                                const std::stop_token& stop,
                                const std::function<bool(const std::string& line)>& on_line);

}  // namespace thunderline::cli
