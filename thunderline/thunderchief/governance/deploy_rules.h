#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/thunderchief/governance/policy.h"

namespace thunderline::thunderchief {

/// A challenger that asks to be deployed.
struct DeployRequest {
  std::string id;  ///< The same for the same challenger, also in a run that is repeated.
  std::string model;
  int64_t version = 0;
  GateFigures figures;  ///< The gate's statistics.
  double brier = 0.0;
  double auc = 0.0;
  int trials = 0;
  int64_t data_tick = 0;  ///< When its data was collected.
};

/// What the rules know of the loop when they are asked.
struct LoopFacts {
  int64_t tick = 0;
  int64_t unix_ms = 0;
  std::optional<double> plv;
  std::optional<double> sigma;
  std::optional<double> lambda;
  bool alert = false;      ///< The monitor raises one.
  bool suspended = false;  ///< CrownChief lets nothing pass without a person.
  double z_raised = 0.0;   ///< What CrownChief has added to the z margins. >= 0.
  std::vector<int64_t> deploy_ticks;  ///< Of the deployments so far, rising.
};

/// The verdict on a request, with everything that led to it.
struct Ruling {
  Verdict verdict = Verdict::kDeny;
  std::string reason;  ///< One sentence.
  GateVerdict gate;    ///< What the margins alone say.
};

/// Judges a request: a rule that denies wins over one that holds. With the default policy the
/// verdict and its reason are the gate's. Pure.
Ruling rule_on(const GovernancePolicy& policy, const DeployRequest& request,
               const LoopFacts& facts);

/// Whether a person may deploy a model by hand now: freezes and forbidden names bind people too.
/// Errors: kRefused with the rule.
Status check_manual_deploy(const GovernancePolicy& policy, const std::string& model,
                           int64_t unix_ms);

/// The margins with what CrownChief has added, at most the policy's highest.
GateOptions raised_margins(const GovernancePolicy& policy, double z_raised);

}  // namespace thunderline::thunderchief
