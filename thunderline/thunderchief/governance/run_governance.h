#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "thunderline/base/clock.h"
#include "thunderline/base/file_system.h"
#include "thunderline/thunderchief/governance/audit_log.h"
#include "thunderline/thunderchief/governance/crown_chief.h"
#include "thunderline/thunderchief/governance/loop_governor.h"
#include "thunderline/thunderchief/governance/policy_store.h"
#include "thunderline/thunderchief/orchestrator/evaluator.h"
#include "thunderline/thunderchief/run_recorder.h"
#include "thunderline/thunderflow/event_bus.h"

namespace thunderline::thunderchief {

/// What CrownChief tells the others, on the event bus.
inline const thunderflow::Topic<Directive> kGovernanceTopic{"ml.governance"};

/// CrownChief's place in a run: the home's policies and audit log on one side, the loop and the
/// evaluation agent on the other.
///
/// A policy comes into force at the beginning of a tick and is an event of the run's log, so that a
/// run that is repeated follows the policies it had. Every entry of the audit log has a key made
/// from the run's own event: a repeated run writes none twice.
/// Thread-safety: the loop's thread, but for the ruling, which any thread may ask for.
class RunGovernance final : public LoopGovernor {
 public:
  struct Options {
    std::string home;
    std::string run_id;
    std::string model;
    /// Margins of the run's own settings: those that are not the default win over the policy's.
    GateOptions margins;
  };

  /// Opens the home's policies and audit log. Everything passed in must outlive it.
  /// Errors: those of `PolicyStore` and `AuditLog`.
  static Result<std::unique_ptr<RunGovernance>> open(Options options, FileSystem& files,
                                                     const Clock& clock, RunRecorder& recorder,
                                                     thunderflow::EventBus& bus);

  /// The chief, for the conductor. Must be called once; outlived by this.
  std::unique_ptr<Chief> make_chief();

  /// The evaluation agent's judge: the gate's figures in, CrownChief's verdict out.
  Evaluator::Rule rule() const;

  Status begin_tick(EventField& field) override;
  Status answer_holds() override;
  Status held(const EvaluationComplete& complete) override;
  Status resolved(const ModelRecord& record, const std::string& live, int64_t tick) override;
  Status rolled_back(int version, const std::string& live, const std::string& reason,
                     int64_t tick) override;
  Status changed_by_hand(const std::string& who, bool back, const std::string& before,
                         const std::string& live, const std::string& reason,
                         const std::string& key) override;
  void degraded(int64_t tick) override;
  void read(const thunderbolt::LoopReading& reading) override;

 private:
  RunGovernance(Options options, const Clock& clock, RunRecorder& recorder,
                thunderflow::EventBus& bus, PolicyStore store, AuditLog audit);

  Result<std::optional<GovernancePolicy>> next_policy(int64_t tick);
  Result<GovernancePolicy> with_run_margins(const std::string& toml, const std::string& where) const;
  std::string request_id(int64_t version) const;
  Status audit(AuditEntry entry);

  const Options options_;
  const Clock& clock_;
  RunRecorder& recorder_;
  thunderflow::EventBus& bus_;
  PolicyStore store_;
  AuditLog audit_;
  Governance governance_;
  CrownChief* chief_ = nullptr;  ///< The conductor's.
  std::string in_force_;         ///< The policy's text.
  std::shared_ptr<const GovernancePolicy> applied_;  ///< What the field follows.
  std::map<uint64_t, std::string> holds_;            ///< Requests on hold, by training.
};

}  // namespace thunderline::thunderchief
