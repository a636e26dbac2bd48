#include "thunderline/thunderchief/evaluation/off_policy.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

namespace thunderline::thunderchief {
namespace {

bool is_probability(double p) { return p >= 0 && p <= 1; }

double chance_of_seeing(const LoggedDecision& d) {
  return (1 - d.p_quarantine) + d.p_quarantine * d.review_rate;
}

Status check_rewards(const RewardValues& r) {
  const bool finite = std::isfinite(r.deliver_ham) && std::isfinite(r.deliver_spam) &&
                      std::isfinite(r.quarantine_ham) && std::isfinite(r.quarantine_spam);
  const bool sensible = r.deliver_ham > r.quarantine_ham && r.quarantine_spam > r.deliver_spam &&
                        r.deliver_ham != r.deliver_spam && r.quarantine_ham != r.quarantine_spam;
  if (finite && sensible) return {};
  return fail(ErrorCode::kInvalidArgument,
              "the reward table does not tell ham from spam by the reward", "rewards",
              "ham must earn more delivered, spam more quarantined, and each action must earn "
              "differently on the two");
}

/// The name of the first field that is out of range, or null.
const char* faulty_field(const LoggedDecision& d) {
  if (d.action != 0 && d.action != 1) return "action";
  if (d.seen && !std::isfinite(d.reward)) return "reward";
  if (!(d.propensity > 0 && d.propensity <= 1)) return "propensity";
  if (!is_probability(d.p_quarantine)) return "p_quarantine";
  if (!is_probability(d.review_rate)) return "review_rate";
  if (!is_probability(d.champion_score)) return "champion_score";
  if (!is_probability(d.challenger_score)) return "challenger_score";
  const bool unseeable = (d.action == 1 && d.review_rate == 0) || chance_of_seeing(d) == 0;
  if (d.seen && unseeable) return "seen";
  return nullptr;
}

Status check(std::span<const LoggedDecision> decisions, const RewardValues& rewards) {
  TL_RETURN_IF_ERROR(check_rewards(rewards));
  if (decisions.empty()) {
    return fail(ErrorCode::kInvalidArgument, "the hold-out is empty", "decisions",
                "wait for more closed steps");
  }
  for (size_t i = 0; i < decisions.size(); ++i) {
    if (const char* field = faulty_field(decisions[i])) {
      return fail(ErrorCode::kInvalidArgument,
                  std::string("the field \"") + field + "\" is out of range",
                  "decision " + std::to_string(i), "see LoggedDecision for the ranges");
    }
  }
  return {};
}

/// The kind whose reward for the action taken is nearer to the one seen.
bool is_spam(const LoggedDecision& d, const RewardValues& rewards) {
  return std::abs(d.reward - rewards.value(d.action, true)) <
         std::abs(d.reward - rewards.value(d.action, false));
}

/// w of label replay: the inverse of the chance that this mail's reward is seen.
double replay_weight(const LoggedDecision& d) {
  if (!d.seen) return 0;
  return 1.0 / chance_of_seeing(d);
}

/// s·[π₁ = a]/μ of the importance estimators.
double importance_weight(const LoggedDecision& d, int policy_action) {
  if (!d.seen || d.action != policy_action) return 0;
  return 1.0 / (d.propensity * (d.action == 1 ? d.review_rate : 1.0));
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double effective_size(const std::vector<double>& weights) {
  double sum = 0, squares = 0;
  for (double w : weights) {
    sum += w;
    squares += w * w;
  }
  return squares > 0 ? sum * sum / squares : 0;
}

/// The figures of paired differences. Precondition: not empty.
Estimate estimate_of(const std::vector<double>& differences, double value_champion,
                     double value_challenger, const std::vector<double>& weights) {
  Estimate e{.value_champion = value_champion, .value_challenger = value_challenger};
  e.n = differences.size();
  e.difference = mean(differences);
  double squares = 0;
  for (double d : differences) squares += (d - e.difference) * (d - e.difference);
  const auto n = static_cast<double>(e.n);
  if (e.n > 1) e.standard_error = std::sqrt(squares / (n - 1) / n);
  // What rounding leaves of equal differences is no spread.
  const double noise = 1e-12 * std::max(1.0, std::abs(e.difference));
  if (e.standard_error < noise) e.standard_error = 0;
  if (e.standard_error > 0) e.z = e.difference / e.standard_error;
  e.effective_sample_size = effective_size(weights);
  e.ci95_low = e.difference - 1.96 * e.standard_error;
  e.ci95_high = e.difference + 1.96 * e.standard_error;
  return e;
}

/// V and the linearised terms of a weighted mean: their plain mean is V again.
std::vector<double> ratio_terms(const std::vector<double>& weights,
                                const std::vector<double>& values, double& value) {
  const double mean_weight = mean(weights);
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) sum += weights[i] * values[i];
  value = mean_weight > 0 ? sum / (mean_weight * static_cast<double>(values.size())) : 0;
  std::vector<double> terms(values.size(), value);
  for (size_t i = 0; i < values.size() && mean_weight > 0; ++i) {
    terms[i] += weights[i] / mean_weight * (values[i] - value);
  }
  return terms;
}

struct ReplayPair {
  double champion = 0;
  double challenger = 0;
};

/// Weighted mean over the seen decisions of what `worth(decision, spam)` says of both policies;
/// `sign` is −1 where smaller is better.
template <typename Worth>
Result<Estimate> replay(std::span<const LoggedDecision> decisions, const RewardValues& rewards,
                        double sign, Worth worth) {
  TL_RETURN_IF_ERROR(check(decisions, rewards));
  std::vector<double> weights, champion, challenger, differences;
  for (const LoggedDecision& d : decisions) {
    const ReplayPair pair = d.seen ? worth(d, is_spam(d, rewards)) : ReplayPair{};
    weights.push_back(replay_weight(d));
    champion.push_back(pair.champion);
    challenger.push_back(pair.challenger);
    differences.push_back(sign * (pair.challenger - pair.champion));
  }
  if (mean(weights) == 0) {
    return fail(ErrorCode::kInvalidArgument, "no reward of the hold-out was seen", "decisions",
                "wait for feedback");
  }
  double value_champion = 0, value_challenger = 0, difference = 0;
  ratio_terms(weights, champion, value_champion);
  ratio_terms(weights, challenger, value_challenger);
  const std::vector<double> terms = ratio_terms(weights, differences, difference);
  return estimate_of(terms, value_champion, value_challenger, weights);
}

/// Terms of both policies, whose means are the values.
struct PolicyTerms {
  std::vector<double> champion, challenger, weights;
};

template <typename Term>
Result<PolicyTerms> policy_terms(std::span<const LoggedDecision> decisions,
                                 const RewardValues& rewards, Term term) {
  TL_RETURN_IF_ERROR(check(decisions, rewards));
  PolicyTerms terms;
  for (const LoggedDecision& d : decisions) {
    const int champion = rewards.greedy_action(d.champion_score);
    const int challenger = rewards.greedy_action(d.challenger_score);
    terms.champion.push_back(term(d, champion, importance_weight(d, champion)));
    terms.challenger.push_back(term(d, challenger, importance_weight(d, challenger)));
    terms.weights.push_back(importance_weight(d, challenger));
  }
  return terms;
}

Estimate paired(const std::vector<double>& champion, const std::vector<double>& challenger,
                const std::vector<double>& weights) {
  std::vector<double> differences;
  for (size_t i = 0; i < champion.size(); ++i) differences.push_back(challenger[i] - champion[i]);
  return estimate_of(differences, mean(champion), mean(challenger), weights);
}

}  // namespace

double RewardValues::value(int action, bool spam) const {
  if (action == 0) return spam ? deliver_spam : deliver_ham;
  return spam ? quarantine_spam : quarantine_ham;
}

double RewardValues::expected(int action, double spam_probability) const {
  return spam_probability * value(action, true) + (1 - spam_probability) * value(action, false);
}

double RewardValues::threshold() const {
  const double ham_loss = deliver_ham - quarantine_ham;
  return ham_loss / (ham_loss + (quarantine_spam - deliver_spam));
}

Result<Estimate> label_replay(std::span<const LoggedDecision> decisions,
                              const RewardValues& rewards) {
  return replay(decisions, rewards, 1, [&](const LoggedDecision& d, bool spam) {
    return ReplayPair{rewards.value(rewards.greedy_action(d.champion_score), spam),
                      rewards.value(rewards.greedy_action(d.challenger_score), spam)};
  });
}

Result<Estimate> brier_replay(std::span<const LoggedDecision> decisions,
                              const RewardValues& rewards) {
  return replay(decisions, rewards, -1, [](const LoggedDecision& d, bool spam) {
    const double label = spam ? 1 : 0;
    return ReplayPair{(d.champion_score - label) * (d.champion_score - label),
                      (d.challenger_score - label) * (d.challenger_score - label)};
  });
}

Result<Estimate> ips(std::span<const LoggedDecision> decisions, const RewardValues& rewards) {
  const auto term = [](const LoggedDecision& d, int, double weight) {
    return weight > 0 ? weight * d.reward : 0;
  };
  TL_ASSIGN_OR_RETURN(const PolicyTerms terms, policy_terms(decisions, rewards, term));
  return paired(terms.champion, terms.challenger, terms.weights);
}

Result<Estimate> snips(std::span<const LoggedDecision> decisions, const RewardValues& rewards) {
  const auto weight_of = [](const LoggedDecision&, int, double weight) { return weight; };
  TL_ASSIGN_OR_RETURN(const PolicyTerms weights, policy_terms(decisions, rewards, weight_of));
  std::vector<double> seen_rewards;
  for (const LoggedDecision& d : decisions) seen_rewards.push_back(d.seen ? d.reward : 0);
  double ignored = 0;
  return paired(ratio_terms(weights.champion, seen_rewards, ignored),
                ratio_terms(weights.challenger, seen_rewards, ignored), weights.weights);
}

Result<Estimate> doubly_robust(std::span<const LoggedDecision> decisions,
                               const RewardValues& rewards) {
  const auto term = [&](const LoggedDecision& d, int action, double weight) {
    const double model = rewards.expected(action, d.challenger_score);
    return weight > 0
               ? model + weight * (d.reward - rewards.expected(d.action, d.challenger_score))
               : model;
  };
  TL_ASSIGN_OR_RETURN(const PolicyTerms terms, policy_terms(decisions, rewards, term));
  return paired(terms.champion, terms.challenger, terms.weights);
}

Result<int> differing_seen(std::span<const LoggedDecision> decisions,
                           const RewardValues& rewards) {
  TL_RETURN_IF_ERROR(check(decisions, rewards));
  return static_cast<int>(std::count_if(decisions.begin(), decisions.end(), [&](const auto& d) {
    return d.seen && rewards.greedy_action(d.champion_score) !=
                         rewards.greedy_action(d.challenger_score);
  }));
}

}  // namespace thunderline::thunderchief
