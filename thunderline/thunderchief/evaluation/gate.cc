#include "thunderline/thunderchief/evaluation/gate.h"

#include <cstdio>

namespace thunderline::thunderchief {
namespace {

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

/// Why rule (a) does not hold; empty when it does.
std::string reward_fault(const GateFigures& f, const GateOptions& o) {
  if (!(f.reward.z >= o.min_reward_z)) {
    return "z(reward) " + shown(f.reward.z) + " is below " + shown(o.min_reward_z);
  }
  if (f.differing_seen < o.min_differing_seen) {
    return "the two differ on only " + std::to_string(f.differing_seen) +
           " seen decisions, fewer than " + std::to_string(o.min_differing_seen);
  }
  return "";
}

double lower_bound(const GateFigures& f, const GateOptions& o) {
  return f.reward.difference - o.brier_bound_z * f.reward.standard_error;
}

/// Why rule (b) does not hold; empty when it does.
std::string brier_fault(const GateFigures& f, const GateOptions& o) {
  if (!(f.brier.z >= o.min_brier_z)) {
    return "z(Brier) " + shown(f.brier.z) + " is below " + shown(o.min_brier_z);
  }
  if (!(f.reward.difference >= o.brier_min_difference)) {
    return "the mean reward difference " + shown(f.reward.difference) + " is below " +
           shown(o.brier_min_difference);
  }
  if (!(lower_bound(f, o) > o.brier_min_lower_bound)) {
    return "the lower bound of the reward difference " + shown(lower_bound(f, o)) +
           " is not above " + shown(o.brier_min_lower_bound);
  }
  return "";
}

}  // namespace

GateVerdict judge(const GateFigures& figures, const GateOptions& options) {
  GateVerdict verdict{.figures = figures};
  const std::string no_gain = reward_fault(figures, options);
  const std::string no_calibration = brier_fault(figures, options);
  if (no_gain.empty()) {
    verdict.rule = GateVerdict::Rule::kReward;
    verdict.reason = "the challenger earns " + shown(figures.reward.difference) +
                     " more a decision, z(reward) " + shown(figures.reward.z) + " over " +
                     std::to_string(figures.differing_seen) + " differing seen decisions";
  } else if (no_calibration.empty()) {
    verdict.rule = GateVerdict::Rule::kBrier;
    verdict.reason = "the challenger is better calibrated, z(Brier) " +
                     shown(figures.brier.z) + ", and earns no less, " +
                     shown(figures.reward.difference) + " a decision with lower bound " +
                     shown(lower_bound(figures, options));
  } else {
    verdict.reason = no_gain + ", and " + no_calibration;
  }
  verdict.deploy = verdict.rule != GateVerdict::Rule::kNone;
  return verdict;
}

Result<GateFigures> gate_figures(std::span<const LoggedDecision> decisions,
                                 const RewardValues& rewards) {
  GateFigures figures;
  TL_ASSIGN_OR_RETURN(figures.reward, label_replay(decisions, rewards));
  TL_ASSIGN_OR_RETURN(figures.brier, brier_replay(decisions, rewards));
  TL_ASSIGN_OR_RETURN(figures.ips, ips(decisions, rewards));
  TL_ASSIGN_OR_RETURN(figures.snips, snips(decisions, rewards));
  TL_ASSIGN_OR_RETURN(figures.doubly_robust, doubly_robust(decisions, rewards));
  TL_ASSIGN_OR_RETURN(figures.differing_seen, differing_seen(decisions, rewards));
  return figures;
}

Result<GateVerdict> gate(std::span<const LoggedDecision> decisions, const RewardValues& rewards,
                         const GateOptions& options) {
  TL_ASSIGN_OR_RETURN(const GateFigures figures, gate_figures(decisions, rewards));
  return judge(figures, options);
}

}  // namespace thunderline::thunderchief
