#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderchief/governance/policy.h"
#include "thunderline/thunderchief/state_store.h"

namespace thunderline::thunderchief {

/// A policy as it was put into force.
struct StoredPolicy {
  int64_t version = 0;  ///< From 1; 0: the default, which nobody has changed.
  std::string toml;
  int64_t set_unix_ms = 0;
  std::string who;
  std::string why;
};

/// A deployment that waits for a person, or did.
struct DeployHold {
  enum class State { kPending, kApproved, kDenied };

  std::string id;
  std::string model;
  int64_t version = 0;
  std::string reason;  ///< Why it is held.
  int64_t opened_unix_ms = 0;
  int64_t deadline_unix_ms = 0;
  Verdict on_deadline = Verdict::kDeny;
  State state = State::kPending;
  int64_t decided_unix_ms = 0;
  std::string who;  ///< Who decided; "deadline" when nobody did.
  std::string why;
};

/// "pending", "approved", "denied".
const char* hold_state_name(DeployHold::State state);

/// The policies of a home, with their history, and the deployments that wait for approval: tables
/// `policies` and `policies_requests` of `state.db` (docs/formats/policy.md).
/// Several processes may use it at a time. Thread-safety: one thread an object.
/// Errors: those of `StateStore`.
class PolicyStore {
 public:
  /// Opens `state.db` in the home, which is made when it is missing.
  static Result<PolicyStore> open(FileSystem& files, const std::string& home);

  /// The policy in force.
  Result<StoredPolicy> active();

  /// Puts a policy into force as the next version; returns that.
  Result<int64_t> put(const GovernancePolicy& policy, const std::string& who,
                      const std::string& why, int64_t unix_ms);

  /// Every version, oldest first.
  Result<std::vector<StoredPolicy>> history();

  /// Opens a request. One that is there already stays as it is, with its deadline.
  Status open_request(const DeployHold& hold);

  /// Approves or denies a request. Errors: kNotFound; kRefused when it is decided or too late.
  Status decide(const std::string& id, bool approve, const std::string& who,
                const std::string& why, int64_t unix_ms);

  /// The request as it stands at this time: one whose deadline is over is decided by it.
  /// Errors: kNotFound.
  Result<DeployHold> settle(const std::string& id, int64_t unix_ms);

  /// All requests, oldest first.
  Result<std::vector<DeployHold>> requests();

 private:
  explicit PolicyStore(std::unique_ptr<StateStore> state)
      : state_(std::move(state)), db_(&state_->database()) {}

  Result<std::optional<DeployHold>> find(const std::string& id);
  Status close(const std::string& id, bool approve, const std::string& who,
               const std::string& why, int64_t unix_ms);

  std::unique_ptr<StateStore> state_;
  Database* db_;  ///< The state's.
};

}  // namespace thunderline::thunderchief
