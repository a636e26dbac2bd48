#pragma once

#include <memory>
#include <optional>

#include "thunderline/base/clock.h"
#include "thunderline/base/mutex.h"
#include "thunderline/thunderchief/governance/deploy_rules.h"

namespace thunderline::thunderchief {

/// The policy in force and what the rules know of the loop, between the chief that keeps them and
/// the agents that ask for a verdict. Thread-safety: any thread.
class Governance {
 public:
  /// The clock must outlive it.
  explicit Governance(const Clock& clock)
      : clock_(clock), policy_(std::make_shared<const GovernancePolicy>()) {}

  void set_policy(GovernancePolicy policy) TL_EXCLUDES(mutex_);
  std::shared_ptr<const GovernancePolicy> policy() const TL_EXCLUDES(mutex_);

  /// Their time is not kept: a verdict is given at the clock's.
  void set_facts(LoopFacts facts) TL_EXCLUDES(mutex_);

  /// The verdict on a request, by the policy in force and the newest facts.
  Ruling rule(const DeployRequest& request) const TL_EXCLUDES(mutex_);

 private:
  const Clock& clock_;
  mutable Mutex mutex_;
  std::shared_ptr<const GovernancePolicy> policy_ TL_GUARDED_BY(mutex_);
  LoopFacts facts_ TL_GUARDED_BY(mutex_);
};

}  // namespace thunderline::thunderchief
