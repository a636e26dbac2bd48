#pragma once

#include <span>
#include <string>

#include "thunderline/base/result.h"
#include "thunderline/thunderchief/evaluation/off_policy.h"

namespace thunderline::thunderchief {

/// What a challenger has to show. A challenger is deployed when rule (a) or rule (b) holds:
/// (a) a gain is proven: z(reward) >= min_reward_z, on at least min_differing_seen decisions;
/// (b) it is clearly better calibrated and not worse: z(Brier) >= min_brier_z, mean
///     reward difference >= brier_min_difference, and its lower bound > brier_min_lower_bound.
struct GateOptions {
  double min_reward_z = 2.33;       ///< One-sided 1 %.
  int min_differing_seen = 20;      ///< Seen decisions on which the two differ.
  double min_brier_z = 2.33;
  double brier_min_difference = 0;  ///< Reward a decision.
  double brier_bound_z = 1.64;      ///< The lower bound is mean − brier_bound_z · standard error.
  double brier_min_lower_bound = -0.05;
};

/// What the gate judges by. Label replay decides; the other three are reported beside it.
struct GateFigures {
  Estimate reward;  ///< Label replay.
  Estimate brier;   ///< Label replay's form; difference > 0: the challenger is better.
  Estimate ips;
  Estimate snips;
  Estimate doubly_robust;
  int differing_seen = 0;
};

/// The decision, with everything that led to it.
struct GateVerdict {
  enum class Rule { kNone, kReward, kBrier };

  bool deploy = false;
  Rule rule = Rule::kNone;  ///< The rule that let it in.
  std::string reason;       ///< The figures that decided or failed; fits after "deployed, ".
  GateFigures figures;
};

/// Judges by the figures alone. Pure.
GateVerdict judge(const GateFigures& figures, const GateOptions& options = {});

/// Compares champion and challenger on the hold-out. Errors: those of the estimators.
Result<GateFigures> gate_figures(std::span<const LoggedDecision> decisions,
                                 const RewardValues& rewards);

/// `judge` of `gate_figures`.
Result<GateVerdict> gate(std::span<const LoggedDecision> decisions, const RewardValues& rewards,
                         const GateOptions& options = {});

}  // namespace thunderline::thunderchief
