#include "thunderline/thunderchief/governance/governance.h"

namespace thunderline::thunderchief {

void Governance::set_policy(GovernancePolicy policy) {
  auto changed = std::make_shared<const GovernancePolicy>(std::move(policy));
  MutexLock lock(mutex_);
  policy_ = std::move(changed);
}

std::shared_ptr<const GovernancePolicy> Governance::policy() const {
  MutexLock lock(mutex_);
  return policy_;
}

void Governance::set_facts(LoopFacts facts) {
  MutexLock lock(mutex_);
  facts_ = std::move(facts);
}

Ruling Governance::rule(const DeployRequest& request) const {
  std::shared_ptr<const GovernancePolicy> policy;
  LoopFacts facts;
  {
    MutexLock lock(mutex_);
    policy = policy_;
    facts = facts_;
  }
  facts.unix_ms = clock_.unix_ms();
  return rule_on(*policy, request, facts);
}

}  // namespace thunderline::thunderchief
