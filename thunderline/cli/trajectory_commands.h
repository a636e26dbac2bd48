#pragma once

#include <memory>
#include <string>

#include "thunderline/base/result.h"
#include "thunderline/cli/command.h"
#include "thunderline/thunderbolt/training/log_trajectory_logger.h"

namespace thunderline::cli {

/// What a command does with the log.
enum class LogUse {
  kRead,     ///< Needs no lock; the log must be there.
  kAppend,   ///< Makes the log where there is none.
  kRewrite,  ///< The log must be there.
};

/// The folder of the home's log. Errors: kNotFound when it is not there.
Result<std::string> existing_log(const Session& session);

/// Opens the home's log. Errors: kNotFound; those of LogTrajectoryLogger::open.
Result<std::unique_ptr<thunderbolt::LogTrajectoryLogger>> open_log(const Session& session,
                                                                   LogUse use);

/// Flags of `trajectories import`.
struct ImportCommand {
  std::string file;  ///< "-": stdin.
  bool ack = false;
};

/// Logs the steps of a file. Errors: kBadData when lines were rejected (the others are kept).
Status import_steps(Session& session, const ImportCommand& command);

/// Prints the records, a line each; `{"records":[…]}` as JSON.
Status replay_records(const Session& session, const std::string& episode);

}  // namespace thunderline::cli
