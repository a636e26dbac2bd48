#include "thunderline/thunderchief/governance/policy_audit.h"

#include <algorithm>
#include <sstream>

namespace thunderline::thunderchief {
namespace {

/// "margins.min_reward_z = 2.33", …: the file's lines with their sections' names.
std::vector<std::string> dotted_lines(const GovernancePolicy& policy) {
  std::vector<std::string> lines;
  std::istringstream text(to_toml(policy));
  std::string section;
  for (std::string line; std::getline(text, line);) {
    if (line.empty()) continue;
    if (line.starts_with("[[")) {
      section = line.substr(2, line.size() - 4) + ".";
    } else if (line.front() == '[') {
      section = line.substr(1, line.size() - 2) + ".";
    } else {
      lines.push_back(section + line);
    }
  }
  return lines;
}

std::string missing_from(const std::vector<std::string>& lines,
                         const std::vector<std::string>& others) {
  std::string text;
  for (const std::string& line : lines) {
    if (std::find(others.begin(), others.end(), line) != others.end()) continue;
    text += (text.empty() ? "" : "; ") + line;
  }
  return text;
}

Status audit_policies(PolicyStore& store, AuditLog& log) {
  TL_ASSIGN_OR_RETURN(const std::vector<StoredPolicy> versions, store.history());
  GovernancePolicy before;
  for (const StoredPolicy& stored : versions) {
    const std::string name = "policy " + std::to_string(stored.version);
    TL_ASSIGN_OR_RETURN(GovernancePolicy policy, parse_policy(stored.toml, name));
    const PolicyDifference changed = difference(before, policy);
    before = std::move(policy);
    AuditEntry entry{.unix_ms = stored.set_unix_ms, .who = stored.who, .what = "policy"};
    entry.subject = name;
    entry.before = changed.before;
    entry.after = changed.after;
    entry.why = stored.why;
    entry.key = "policy/" + std::to_string(stored.version);
    if (!log.contains(entry.key)) TL_RETURN_IF_ERROR(log.append(std::move(entry)));
  }
  return {};
}

Status audit_requests(PolicyStore& store, AuditLog& log) {
  TL_ASSIGN_OR_RETURN(const std::vector<DeployHold> requests, store.requests());
  for (const DeployHold& hold : requests) {
    if (hold.state == DeployHold::State::kPending) continue;
    const bool approved = hold.state == DeployHold::State::kApproved;
    AuditEntry entry{.unix_ms = hold.decided_unix_ms, .who = hold.who};
    entry.what = approved ? "approve" : "deny";
    entry.subject = hold.id;
    entry.before = "pending";
    entry.after = hold_state_name(hold.state);
    entry.why = hold.why;
    entry.key = "answer/" + hold.id;
    if (!log.contains(entry.key)) TL_RETURN_IF_ERROR(log.append(std::move(entry)));
  }
  return {};
}

}  // namespace

PolicyDifference difference(const GovernancePolicy& before, const GovernancePolicy& after) {
  const std::vector<std::string> old_lines = dotted_lines(before);
  const std::vector<std::string> new_lines = dotted_lines(after);
  return {missing_from(old_lines, new_lines), missing_from(new_lines, old_lines)};
}

Status audit_store(PolicyStore& store, AuditLog& log) {
  TL_RETURN_IF_ERROR(audit_policies(store, log));
  return audit_requests(store, log);
}

}  // namespace thunderline::thunderchief
