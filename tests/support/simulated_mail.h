#pragma once

#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "thunderline/base/random.h"
#include "thunderline/thunderchief/evaluation/off_policy.h"

namespace thunderline::testing {

/// Mail whose labels are known, judged by an exploring champion: a hold-out, and the true values.
struct SimulatedHoldOut {
  std::vector<thunderchief::LoggedDecision> decisions;
  double true_champion = 0;  ///< Mean reward of the greedy policy on exactly these mails.
  double true_challenger = 0;
};

/// Scores of champion and challenger for one mail.
using ScorePair = std::pair<double, double>;
using Scorers = std::function<ScorePair(bool spam, Random& random)>;

/// A score that knows the label more or less: logit = strength · (±1) + noise of sd 1.
inline double informed_score(bool spam, double strength, Random& random) {
  const double logit = strength * (spam ? 1 : -1) - 0.4 + random.normal();
  return 1 / (1 + std::exp(-logit));
}

inline SimulatedHoldOut simulate_hold_out(Random& random, int count, double epsilon,
                                          const Scorers& scorers) {
  constexpr double kSpamRate = 0.314, kReviewRate = 0.25;
  const thunderchief::RewardValues rewards;
  SimulatedHoldOut result;
  for (int i = 0; i < count; ++i) {
    const bool spam = random.unit() < kSpamRate;
    const auto [champion, challenger] = scorers(spam, random);
    const int greedy = rewards.greedy_action(champion);
    thunderchief::LoggedDecision d;
    d.p_quarantine = epsilon / 2 + (1 - epsilon) * greedy;
    d.action = random.unit() < d.p_quarantine ? 1 : 0;
    d.propensity = d.action == 1 ? d.p_quarantine : 1 - d.p_quarantine;
    d.review_rate = kReviewRate;
    d.seen = d.action == 0 || random.unit() < kReviewRate;
    if (d.seen) d.reward = rewards.value(d.action, spam);
    d.champion_score = champion;
    d.challenger_score = challenger;
    result.true_champion += rewards.value(greedy, spam) / count;
    result.true_challenger += rewards.value(rewards.greedy_action(challenger), spam) / count;
    result.decisions.push_back(d);
  }
  return result;
}

}  // namespace thunderline::testing
