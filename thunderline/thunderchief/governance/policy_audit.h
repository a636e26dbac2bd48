#pragma once

#include <string>

#include "thunderline/base/result.h"
#include "thunderline/thunderchief/governance/audit_log.h"
#include "thunderline/thunderchief/governance/policy_store.h"

namespace thunderline::thunderchief {

/// The values that differ between two policies, as lines of TOML joined by "; ".
struct PolicyDifference {
  std::string before;
  std::string after;
};
PolicyDifference difference(const GovernancePolicy& before, const GovernancePolicy& after);

/// Brings into the audit log what people have changed in the store: every version of the policy and
/// every answer to a request, once. Whatever was killed between a change and its entry, the next
/// command or run writes the entry. Errors: those of both.
Status audit_store(PolicyStore& store, AuditLog& log);

}  // namespace thunderline::thunderchief
