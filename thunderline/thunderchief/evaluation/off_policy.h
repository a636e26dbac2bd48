#pragma once

#include <cstddef>
#include <span>

#include "thunderline/base/result.h"

namespace thunderline::thunderchief {

/// The rewards of the two actions on the two kinds of mail. Range: any finite numbers with
/// deliver_ham > quarantine_ham and quarantine_spam > deliver_spam.
struct RewardValues {
  double deliver_ham = 1;
  double deliver_spam = -1;
  double quarantine_ham = -1;
  double quarantine_spam = 0.5;

  /// Reward of `action` (0 deliver, 1 quarantine).
  double value(int action, bool spam) const;

  /// Expected reward of `action` where spam has this probability.
  double expected(int action, double spam_probability) const;

  /// A mail is better quarantined above this probability of spam.
  double threshold() const;

  /// What a greedy policy does with this score.
  int greedy_action(double score) const { return score > threshold() ? 1 : 0; }
};

/// One decision of the hold-out, with what both models say of it. Forced ones are left out.
struct LoggedDecision {
  int action = 0;              ///< 0 deliver, 1 quarantine.
  double reward = 0;           ///< For the decision, without waiting. Read only where `seen`.
  bool seen = false;           ///< Whether the reward came.
  double propensity = 1;       ///< Of the action taken, as logged. (0, 1].
  double p_quarantine = 0;     ///< As logged. [0, 1].
  double review_rate = 0.25;   ///< Chance that a quarantined mail's reward is seen. [0, 1].
  double champion_score = 0;   ///< P(spam), [0, 1].
  double challenger_score = 0;
};

/// Two policies compared on the same decisions.
struct Estimate {
  double value_champion = 0;
  double value_challenger = 0;
  double difference = 0;      ///< Mean of the paired differences; > 0: the challenger is better.
  double standard_error = 0;  ///< Of `difference`: sd / √n.
  double z = 0;               ///< difference / standard_error; 0 where nothing varies.
  size_t n = 0;               ///< Decisions.
  double effective_sample_size = 0;  ///< (Σw)² / Σw² of the weights in use.
  double ci95_low = 0;        ///< difference ± 1.96 standard errors.
  double ci95_high = 0;
};

/// Estimators of the value of the greedy champion and challenger from what another, exploring
/// policy logged. π₁ is the action a greedy policy would take, w = s / P(reward seen) with
/// P = (1 − p_quarantine) + p_quarantine · review_rate, and μ = propensity · (1 if delivered, else
/// review_rate). Errors, for all: kInvalidArgument for an empty hold-out, a field out of range, a
/// seen reward that could not have been seen, or a table that does not tell the kinds apart.

/// Label replay: a seen reward gives the label away, the label both rewards. V = Σ w v / Σ w;
/// paired dᵢ = (wᵢ / mean w)(Δᵢ − V) + V. Errors: kInvalidArgument too when no reward was seen.
Result<Estimate> label_replay(std::span<const LoggedDecision> decisions,
                              const RewardValues& rewards);

/// The Brier score of both models, in the same form. The values are Brier scores (smaller is
/// better); `difference` is champion − challenger (larger is better).
Result<Estimate> brier_replay(std::span<const LoggedDecision> decisions,
                              const RewardValues& rewards);

/// Inverse propensity scoring: mean of s·[π₁ = a]/μ · r. (Horvitz and Thompson 1952.)
Result<Estimate> ips(std::span<const LoggedDecision> decisions, const RewardValues& rewards);

/// Self-normalised: Σ s·[π₁ = a]/μ · r / Σ s·[π₁ = a]/μ (Swaminathan and Joachims 2015). For
/// reports only: with little exploration its interval does not see the steps that did not happen.
Result<Estimate> snips(std::span<const LoggedDecision> decisions, const RewardValues& rewards);

/// Doubly robust: mean of r̂(π₁) + s·[π₁ = a]/μ · (r − r̂(a)) (Dudík et al. 2011); r̂ from the
/// challenger's score and the table, so the challenger must have been fitted before the hold-out.
/// Where few steps support an action the score alone speaks: a score that is no probability praises
/// itself (two arbitrary scorers, ε 0.02: z > 2.33 in 39 % of hold-outs; with a fitted one 0.2 %).
Result<Estimate> doubly_robust(std::span<const LoggedDecision> decisions,
                               const RewardValues& rewards);

/// Seen decisions on which the two greedy policies differ. Errors: as above.
Result<int> differing_seen(std::span<const LoggedDecision> decisions, const RewardValues& rewards);

}  // namespace thunderline::thunderchief
