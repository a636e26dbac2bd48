#pragma once

#include "thunderline/base/result.h"

namespace thunderline::thunderchief {

/// How a scored bit is decided between two actions: 0 keeps, 1 intervenes (in the inbox: deliver,
/// quarantine). Greedy on the score, with a share `epsilon` of coin tosses so that a counterfactual
/// estimate has support.
struct DecisionRule {
  double threshold = 0.5;  ///< Intervene when the score is greater. Range: [0, 1].
  double epsilon = 0.02;   ///< Range: [0, 1].
};

struct Decision {
  int action = 0;
  double p_intervene = 0.0;  ///< The probability of action 1 under the rule.
  double propensity = 1.0;   ///< The probability of the action that was taken. Range: (0, 1].
};

/// P(1) = epsilon / 2 + (1 − epsilon) · [score > threshold]; takes action 1 when `u` < P(1).
/// Range: `u` in [0, 1), a fresh uniform number a decision.
/// Source: Horvitz–Thompson logging of propensities; the inbox world's rules, section 7.
Decision decide(const DecisionRule& rule, double score, double u);

/// Errors: kInvalidArgument naming the field that is out of its range.
Status validate(const DecisionRule& rule);

}  // namespace thunderline::thunderchief
