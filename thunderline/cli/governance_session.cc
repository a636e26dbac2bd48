#include "thunderline/cli/governance_session.h"

#include <unistd.h>

#include <cstdlib>

#include "thunderline/base/random.h"
#include "thunderline/base/uuid.h"
#include "thunderline/thunderchief/governance/audit_log.h"
#include "thunderline/thunderchief/governance/deploy_rules.h"
#include "thunderline/thunderchief/governance/policy_store.h"

namespace thunderline::cli {

namespace chief = thunderchief;

std::string user_name() {
  for (const char* variable : {"USER", "LOGNAME"}) {
    const char* name = std::getenv(variable);
    if (name != nullptr && *name != '\0') return name;
  }
  return "uid " + std::to_string(::getuid());
}

Status audit_act(const Session& session, const ManualAct& act) {
  TL_ASSIGN_OR_RETURN(chief::AuditLog log,
                      chief::AuditLog::open(session.files, session.clock,
                                            {.folder = chief::audit_folder(session.home)}));
  chief::AuditEntry entry{.who = user_name(), .what = act.what, .subject = act.subject};
  entry.before = act.before;
  entry.after = act.after;
  entry.why = act.why;
  // Each command is a happening of its own.
  entry.key = "command/" +
              UuidGenerator(entropy_seed()).next(session.clock.unix_ms()).to_string();
  TL_RETURN_IF_ERROR(log.append(std::move(entry)));
  return {};
}

Status may_deploy(const Session& session, const std::string& model) {
  if (!session.files.exists(join_path(session.home, "state.db"))) return {};  // The default lets.
  TL_ASSIGN_OR_RETURN(chief::PolicyStore store,
                      chief::PolicyStore::open(session.files, session.home));
  TL_ASSIGN_OR_RETURN(const chief::StoredPolicy active, store.active());
  TL_ASSIGN_OR_RETURN(const chief::GovernancePolicy policy,
                      chief::parse_policy(active.toml, "policy " + std::to_string(active.version)));
  const Status allowed = check_manual_deploy(policy, model, session.clock.unix_ms());
  if (!allowed) {
    TL_RETURN_IF_ERROR(
        audit_act(session, {"refuse", model, "", "", to_string(allowed.error())}));
  }
  return allowed;
}

}  // namespace thunderline::cli
