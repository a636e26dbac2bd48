#pragma once

#include <string>

#include "thunderline/base/result.h"
#include "thunderline/cli/command.h"

namespace thunderline::cli {

/// Who runs the program, for the audit log: the user's name, or "uid N".
std::string user_name();

/// One thing that a command did by hand, or was refused. `what` is the audit log's word.
struct ManualAct {
  std::string what;
  std::string subject;
  std::string before;
  std::string after;
  std::string why;
};

/// Writes it into the home's audit log, durably. Errors: those of the log.
Status audit_act(const Session& session, const ManualAct& act);

/// Whether the home's policy lets a person deploy this model now; a refusal is audited.
Status may_deploy(const Session& session, const std::string& model);

}  // namespace thunderline::cli
