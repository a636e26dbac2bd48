#pragma once

#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/thunderchief/chief.h"
#include "thunderline/thunderchief/governance/audit_chain.h"
#include "thunderline/thunderchief/governance/governance.h"

namespace thunderline::thunderchief {

/// What CrownChief tells the others.
struct Directive {
  enum class Kind {
    kHoldDeploys,    ///< The loop's monitor raises an alert, or deploying is suspended.
    kResumeDeploys,  ///< It no longer does.
  };

  Kind kind = Kind::kHoldDeploys;
  int64_t tick = 0;
  std::string reason;
};

/// "hold_deploys", "resume_deploys".
const char* directive_name(Directive::Kind kind);

/// Keeps the rules of deployment: puts policies into force, watches for violations, and raises
/// margins, suspends and escalates as the policy says. Verdicts are given by `Governance::rule`.
/// What it does follows from the calls below alone, so a repeated run repeats it.
/// Actions: 0 adjust_threshold, 1 escalate_violation, 2 suspend_policy, 3 resume_policy,
/// 4 emit_directive, 5 audit, 6 wait. Thread-safety: one thread.
class CrownChief final : public Chief {
 public:
  struct Parts {
    Governance& governance;  ///< Must outlive the chief.
    /// The policy that comes into force with this tick, if another one does.
    std::function<Result<std::optional<GovernancePolicy>>(int64_t tick)> next_policy;
    /// Writes an entry to the audit log, once however often it is asked to.
    std::function<Status(AuditEntry)> audit;
    std::function<void(const Directive&)> direct;
    std::string run_id;  ///< Of keys of audit entries.
  };

  explicit CrownChief(Parts parts) : parts_(std::move(parts)) {}

  std::string_view name() const override { return "crown"; }
  std::span<const std::string_view> actions() const override { return kActions; }
  Status begin_tick(int64_t tick) override;
  /// Violations, suspended, alert, raise of the margins, entries to write, deployments in the
  /// budget's window, ticks since the last violation.
  std::vector<float> observe_state() const override;
  int choose_action(std::span<const float> state) override;
  ChiefOutcome apply_action(int action) override;

  /// The monitor's reading after the tick.
  void note_reading(const LoopFacts& reading);
  void note_deployed(int64_t tick);
  /// A challenger passed the margins, but a rule or a person said no.
  void note_violation(int64_t tick);
  /// The live model got worse, or was rolled back: a violation that also raises the margins.
  void note_shock(int64_t tick);

  bool suspended() const { return suspended_; }
  double z_raised() const { return z_raised_; }
  size_t violations() const { return violations_.size(); }

 private:
  static constexpr std::array<std::string_view, 7> kActions = {
      "adjust_threshold", "escalate_violation", "suspend_policy", "resume_policy",
      "emit_directive",   "audit",              "wait"};

  ChiefOutcome adjust_threshold();
  ChiefOutcome escalate();
  ChiefOutcome suspend();
  ChiefOutcome resume();
  ChiefOutcome emit_directive();
  ChiefOutcome write_audit();

  const GovernancePolicy& policy() const { return *policy_; }
  bool quiet() const;
  double highest_raise() const;
  bool may_raise() const { return shocks_ > 0 && z_raised_ < highest_raise(); }
  bool may_lower() const;
  /// Whether deployments are held for more than their own figures.
  bool holds_deploys() const;
  void publish_facts();
  void queue(const char* what, std::string before, std::string after, std::string why);

  const Parts parts_;
  std::shared_ptr<const GovernancePolicy> policy_;
  int64_t tick_ = 0;
  LoopFacts facts_;
  std::deque<int64_t> violations_;  ///< Ticks of those that count.
  int64_t last_violation_ = 0;
  size_t escalated_ = 0;  ///< Violations that counted when they were last escalated.
  int shocks_ = 0;        ///< Not answered yet.
  double z_raised_ = 0.0;
  int64_t last_adjusted_ = 0;
  bool suspended_ = false;
  int64_t suspended_at_ = 0;
  bool directed_hold_ = false;  ///< What the last directive said.
  std::vector<AuditEntry> to_write_;
  size_t queued_this_tick_ = 0;
};

}  // namespace thunderline::thunderchief
