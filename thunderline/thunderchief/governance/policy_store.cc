#include "thunderline/thunderchief/governance/policy_store.h"

namespace thunderline::thunderchief {
namespace {

constexpr const char* kSchema = R"(
  CREATE TABLE policies (
    version INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    set_unix_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL
  );
  CREATE TABLE policies_requests (
    id TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    version INTEGER NOT NULL,
    reason TEXT NOT NULL,
    opened_unix_ms INTEGER NOT NULL,
    deadline_unix_ms INTEGER NOT NULL,
    on_deadline TEXT NOT NULL,
    state TEXT NOT NULL,
    decided_unix_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL
  );
)";

constexpr const char* kHoldColumns =
    "SELECT id, model, version, reason, opened_unix_ms, deadline_unix_ms, on_deadline, state, "
    "decided_unix_ms, who, why FROM policies_requests ";

StoredPolicy policy_row(const SqlStatement& row) {
  return {row.integer(0), row.text(1), row.integer(2), row.text(3), row.text(4)};
}

DeployHold hold_row(const SqlStatement& row) {
  DeployHold hold;
  hold.id = row.text(0);
  hold.model = row.text(1);
  hold.version = row.integer(2);
  hold.reason = row.text(3);
  hold.opened_unix_ms = row.integer(4);
  hold.deadline_unix_ms = row.integer(5);
  hold.on_deadline = row.text(6) == "allow" ? Verdict::kAllow : Verdict::kDeny;
  const std::string state = row.text(7);
  hold.state = state == "pending"    ? DeployHold::State::kPending
               : state == "approved" ? DeployHold::State::kApproved
                                     : DeployHold::State::kDenied;
  hold.decided_unix_ms = row.integer(8);
  hold.who = row.text(9);
  hold.why = row.text(10);
  return hold;
}

}  // namespace

const char* hold_state_name(DeployHold::State state) {
  switch (state) {
    case DeployHold::State::kPending: return "pending";
    case DeployHold::State::kApproved: return "approved";
    case DeployHold::State::kDenied: return "denied";
  }
  return "denied";
}

Result<PolicyStore> PolicyStore::open(FileSystem& files, const std::string& home) {
  TL_RETURN_IF_ERROR(files.create_folders(home));
  TL_ASSIGN_OR_RETURN(auto state, StateStore::open(join_path(home, "state.db")));
  TL_RETURN_IF_ERROR(state->register_part({"policies", {kSchema}}));
  return PolicyStore(std::move(state));
}

Result<StoredPolicy> PolicyStore::active() {
  TL_ASSIGN_OR_RETURN(SqlStatement newest,
                      db_->prepare("SELECT version, body, set_unix_ms, who, why FROM policies "
                                  "ORDER BY version DESC LIMIT 1"));
  TL_ASSIGN_OR_RETURN(const bool found, newest.step());
  if (found) return policy_row(newest);
  StoredPolicy standard;
  standard.toml = to_toml(GovernancePolicy{});
  return standard;
}

Result<int64_t> PolicyStore::put(const GovernancePolicy& policy, const std::string& who,
                                 const std::string& why, int64_t unix_ms) {
  TL_ASSIGN_OR_RETURN(SqlStatement insert,
                      db_->prepare("INSERT INTO policies (body, set_unix_ms, who, why) "
                                  "VALUES (?, ?, ?, ?)"));
  const std::string body = to_toml(policy);
  TL_RETURN_IF_ERROR(insert.bind(1, body).bind(2, unix_ms).bind(3, who).bind(4, why).run());
  return db_->last_insert_rowid();
}

Result<std::vector<StoredPolicy>> PolicyStore::history() {
  TL_ASSIGN_OR_RETURN(SqlStatement rows,
                      db_->prepare("SELECT version, body, set_unix_ms, who, why FROM policies "
                                  "ORDER BY version"));
  std::vector<StoredPolicy> all;
  while (true) {
    TL_ASSIGN_OR_RETURN(const bool more, rows.step());
    if (!more) return all;
    all.push_back(policy_row(rows));
  }
}

Status PolicyStore::open_request(const DeployHold& hold) {
  TL_ASSIGN_OR_RETURN(
      SqlStatement insert,
      db_->prepare("INSERT OR IGNORE INTO policies_requests VALUES "
                  "(?, ?, ?, ?, ?, ?, ?, 'pending', 0, '', '')"));
  return insert.bind(1, hold.id)
      .bind(2, hold.model)
      .bind(3, hold.version)
      .bind(4, hold.reason)
      .bind(5, hold.opened_unix_ms)
      .bind(6, hold.deadline_unix_ms)
      .bind(7, verdict_name(hold.on_deadline))
      .run();
}

Result<std::optional<DeployHold>> PolicyStore::find(const std::string& id) {
  TL_ASSIGN_OR_RETURN(SqlStatement row, db_->prepare(std::string(kHoldColumns) + "WHERE id = ?"));
  row.bind(1, id);
  TL_ASSIGN_OR_RETURN(const bool found, row.step());
  if (!found) return std::nullopt;
  return hold_row(row);
}

Status PolicyStore::close(const std::string& id, bool approve, const std::string& who,
                          const std::string& why, int64_t unix_ms) {
  // Whoever comes second, of two people or a person and the deadline, changes nothing.
  TL_ASSIGN_OR_RETURN(SqlStatement update,
                      db_->prepare("UPDATE policies_requests SET state = ?, decided_unix_ms = ?, "
                                  "who = ?, why = ? WHERE id = ? AND state = 'pending'"));
  return update.bind(1, approve ? "approved" : "denied")
      .bind(2, unix_ms)
      .bind(3, who)
      .bind(4, why)
      .bind(5, id)
      .run();
}

Status PolicyStore::decide(const std::string& id, bool approve, const std::string& who,
                           const std::string& why, int64_t unix_ms) {
  TL_ASSIGN_OR_RETURN(const DeployHold hold, settle(id, unix_ms));
  const auto refused = [&](const DeployHold& decided) {
    return fail(ErrorCode::kRefused,
                std::string("the request is ") + hold_state_name(decided.state) + " by " +
                    decided.who + " already",
                id, "thunderline policies requests shows those that wait");
  };
  if (hold.state != DeployHold::State::kPending) return refused(hold);
  TL_RETURN_IF_ERROR(close(id, approve, who, why, unix_ms));
  if (db_->changes() == 1) return {};
  TL_ASSIGN_OR_RETURN(const DeployHold other, settle(id, unix_ms));
  return refused(other);
}

Result<DeployHold> PolicyStore::settle(const std::string& id, int64_t unix_ms) {
  TL_ASSIGN_OR_RETURN(std::optional<DeployHold> hold, find(id));
  if (!hold) {
    return fail(ErrorCode::kNotFound, "there is no such request", id,
                "thunderline policies requests lists them");
  }
  if (hold->state != DeployHold::State::kPending || unix_ms < hold->deadline_unix_ms) return *hold;
  TL_RETURN_IF_ERROR(close(id, hold->on_deadline == Verdict::kAllow, "deadline",
                           "nobody decided in time", unix_ms));
  TL_ASSIGN_OR_RETURN(hold, find(id));
  TL_CHECK(hold.has_value());
  return *hold;
}

Result<std::vector<DeployHold>> PolicyStore::requests() {
  TL_ASSIGN_OR_RETURN(SqlStatement rows,
                      db_->prepare(std::string(kHoldColumns) + "ORDER BY opened_unix_ms, id"));
  std::vector<DeployHold> all;
  while (true) {
    TL_ASSIGN_OR_RETURN(const bool more, rows.step());
    if (!more) return all;
    all.push_back(hold_row(rows));
  }
}

}  // namespace thunderline::thunderchief
