#include "thunderline/thunderchief/governance/deploy_rules.h"

#include <algorithm>
#include <cstdio>

#include "thunderline/thunderchief/governance/utc_text.h"

namespace thunderline::thunderchief {
namespace {

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

/// The rules' objections, gathered.
struct Objections {
  std::vector<std::string> denials;
  std::vector<std::string> holds;

  void add(Verdict verdict, std::string why) {
    if (verdict == Verdict::kDeny) denials.push_back(std::move(why));
    if (verdict == Verdict::kHold) holds.push_back(std::move(why));
  }
};

std::string joined(const std::vector<std::string>& reasons) {
  std::string text;
  for (const std::string& reason : reasons) text += (text.empty() ? "" : ", and ") + reason;
  return text;
}

const DeployFreeze* freeze_at(const GovernancePolicy& policy, int64_t unix_ms) {
  for (const DeployFreeze& freeze : policy.freezes) {
    if (freeze.from_unix_ms <= unix_ms && unix_ms < freeze.until_unix_ms) return &freeze;
  }
  return nullptr;
}

std::string freeze_text(const DeployFreeze& freeze) {
  return "the freeze \"" + freeze.name + "\" lasts until " + utc_text(freeze.until_unix_ms);
}

bool forbids(const GovernancePolicy& policy, const std::string& model) {
  const auto& names = policy.forbidden.models;
  return std::find(names.begin(), names.end(), model) != names.end();
}

void check_bands(const GovernancePolicy& policy, const DeployRequest& request,
                 const LoopFacts& facts, Objections& objections) {
  const struct {
    const char* name;
    const PolicyBand& band;
    std::optional<double> value;
  } figures[] = {{"the Brier score", policy.bands.brier, request.brier},
                 {"the AUC", policy.bands.auc, request.auc},
                 {"the loop's PLV", policy.bands.plv, facts.plv},
                 {"the loop's sigma", policy.bands.sigma, facts.sigma},
                 {"the loop's lambda", policy.bands.lambda, facts.lambda}};
  for (const auto& [name, band, value] : figures) {
    if (!value || band.contains(*value)) continue;
    objections.add(policy.bands.outside, std::string(name) + " " + shown(*value) +
                                             " is outside [" + shown(band.low) + ", " +
                                             shown(band.high) + "]");
  }
  if (facts.alert) objections.add(policy.bands.alert, "the loop's monitor raises an alert");
}

void check_budgets(const GovernancePolicy& policy, const DeployRequest& request,
                   const LoopFacts& facts, Objections& objections) {
  const auto& budgets = policy.budgets;
  const auto recent = std::count_if(
      facts.deploy_ticks.begin(), facts.deploy_ticks.end(),
      [&](int64_t tick) { return facts.tick - tick < budgets.window_ticks; });
  if (budgets.deploys > 0 && recent >= budgets.deploys) {
    objections.add(Verdict::kDeny, "the budget of " + std::to_string(budgets.deploys) +
                                       " deployments in " + std::to_string(budgets.window_ticks) +
                                       " ticks is used up");
  }
  if (budgets.pause_ticks > 0 && !facts.deploy_ticks.empty() &&
      facts.tick - facts.deploy_ticks.back() < budgets.pause_ticks) {
    objections.add(Verdict::kDeny, "the last deployment is only " +
                                       std::to_string(facts.tick - facts.deploy_ticks.back()) +
                                       " ticks ago, fewer than " +
                                       std::to_string(budgets.pause_ticks));
  }
  if (budgets.trials > 0 && request.trials > budgets.trials) {
    objections.add(Verdict::kDeny, "its study took " + std::to_string(request.trials) +
                                       " trials, more than " + std::to_string(budgets.trials));
  }
  const int64_t age = facts.tick - request.data_tick;
  if (budgets.data_age_ticks > 0 && age > budgets.data_age_ticks) {
    objections.add(Verdict::kDeny, "its data is " + std::to_string(age) + " ticks old, more than " +
                                       std::to_string(budgets.data_age_ticks));
  }
}

}  // namespace

GateOptions raised_margins(const GovernancePolicy& policy, double z_raised) {
  GateOptions margins = policy.margins;
  if (z_raised <= 0) return margins;
  const auto raise = [&](double& z) {
    z = std::max(z, std::min(z + z_raised, policy.watch.max_reward_z));
  };
  raise(margins.min_reward_z);
  raise(margins.min_brier_z);
  return margins;
}

Ruling rule_on(const GovernancePolicy& policy, const DeployRequest& request,
               const LoopFacts& facts) {
  Ruling ruling;
  ruling.gate = judge(request.figures, raised_margins(policy, facts.z_raised));
  ruling.reason = ruling.gate.reason;
  if (!ruling.gate.deploy) return ruling;

  Objections objections;
  if (forbids(policy, request.model)) {
    objections.add(Verdict::kDeny, "deploying " + request.model + " is forbidden");
  }
  if (const DeployFreeze* freeze = freeze_at(policy, facts.unix_ms)) {
    objections.add(Verdict::kDeny, freeze_text(*freeze));
  }
  check_bands(policy, request, facts, objections);
  check_budgets(policy, request, facts, objections);
  if (policy.approval.required) objections.add(Verdict::kHold, "every deployment needs approval");
  if (facts.suspended) {
    objections.add(Verdict::kHold, "deploying without a person is suspended");
  }
  const std::string by = " (policy " + policy.name + ").";
  if (!objections.denials.empty()) {
    ruling.verdict = Verdict::kDeny;
    ruling.reason = "Refused: the gate lets it in, but " + joined(objections.denials) + by;
  } else if (!objections.holds.empty()) {
    ruling.verdict = Verdict::kHold;
    ruling.reason = "Held: the gate lets it in, but " + joined(objections.holds) + by;
  } else {
    ruling.verdict = Verdict::kAllow;
  }
  return ruling;
}

Status check_manual_deploy(const GovernancePolicy& policy, const std::string& model,
                           int64_t unix_ms) {
  if (forbids(policy, model)) {
    return fail(ErrorCode::kRefused, "the policy forbids to deploy this model", model,
                "take it out of forbidden.models, or deploy under another name");
  }
  if (const DeployFreeze* freeze = freeze_at(policy, unix_ms)) {
    return fail(ErrorCode::kRefused, freeze_text(*freeze), "policy " + policy.name,
                "wait for its end, or apply a policy without it");
  }
  return {};
}

}  // namespace thunderline::thunderchief
