#include "thunderline/thunderchief/orchestrator/evaluator.h"

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/train/fit.h"
#include "thunderline/thunderchief/evaluation/classification_metrics.h"

namespace thunderline::thunderchief {
namespace {

using thunderbolt::ClosedStep;

OrderedJson to_json(const Estimate& estimate) {
  return {{"champion", estimate.value_champion},
          {"challenger", estimate.value_challenger},
          {"difference", estimate.difference},
          {"standard_error", estimate.standard_error},
          {"z", estimate.z},
          {"n", estimate.n},
          {"effective_sample_size", estimate.effective_sample_size},
          {"ci95", {estimate.ci95_low, estimate.ci95_high}}};
}

/// With what a rule beyond the margins said, if one said anything.
std::string to_json(const GateFigures& figures, const Ruling& ruling) {
  OrderedJson json = {{"replay", to_json(figures.reward)},
                            {"brier", to_json(figures.brier)},
                            {"ips", to_json(figures.ips)},
                            {"snips", to_json(figures.snips)},
                            {"doubly_robust", to_json(figures.doubly_robust)},
                            {"differing_seen", figures.differing_seen}};
  if (ruling.gate.deploy && ruling.verdict != Verdict::kAllow) {
    json["governance"] = {{"verdict", verdict_name(ruling.verdict)}, {"reason", ruling.reason}};
  }
  return dump_json(json);
}

}  // namespace

std::vector<LoggedDecision> logged_decisions(const std::vector<ClosedStep>& steps,
                                             std::span<const float> champion_scores,
                                             std::span<const float> challenger_scores) {
  TL_CHECK(champion_scores.size() == steps.size() && challenger_scores.size() == steps.size());
  std::vector<LoggedDecision> decisions;
  for (size_t i = 0; i < steps.size(); ++i) {
    const ClosedStep& step = steps[i];
    decisions.push_back({step.action, step.reward, step.seen, step.propensity, step.p_intervene,
                         step.review_rate, champion_scores[i], challenger_scores[i]});
  }
  return decisions;
}

Result<Evaluation> Evaluator::evaluate(const Challenger& challenger) const {
  const std::vector<ClosedStep>& steps = challenger.dataset->hold_out;
  const auto rows = static_cast<int64_t>(steps.size());
  std::vector<float> states;
  for (const ClosedStep& step : steps) {
    states.insert(states.end(), step.state.begin(), step.state.end());
  }
  TL_ASSIGN_OR_RETURN(const auto champion, champion_());
  std::vector<float> champion_scores(steps.size());
  TL_RETURN_IF_ERROR(champion->score(states, rows, champion_scores));
  TL_ASSIGN_OR_RETURN(const std::vector<float> challenger_scores,
                      cerebros::train::predict(challenger.study.best.model, states, rows));

  const std::vector<LoggedDecision> decisions =
      logged_decisions(steps, champion_scores, challenger_scores);
  std::vector<double> seen_scores;
  std::vector<uint8_t> seen_labels;
  for (size_t i = 0; i < steps.size(); ++i) {
    const ClosedStep& step = steps[i];
    if (!step.seen) continue;
    seen_scores.push_back(challenger_scores[i]);
    const bool spam = step.reward == options_.rewards.value(step.action, true);
    seen_labels.push_back(spam ? 1 : 0);
  }
  TL_ASSIGN_OR_RETURN(const GateFigures figures, gate_figures(decisions, options_.rewards));

  Evaluation evaluation;
  evaluation.champion_value = figures.reward.value_champion;
  evaluation.challenger_value = figures.reward.value_challenger;
  evaluation.brier = figures.brier.value_challenger;
  // Where the seen ones are all of a kind there is nothing to rank: no AUC tells from 0.5.
  evaluation.auc = auc(seen_scores, seen_labels).value_or(0.5);
  const Ruled ruled = options_.rule(figures, challenger, evaluation.brier, evaluation.auc);
  evaluation.deploy = ruled.ruling.verdict == Verdict::kAllow;
  evaluation.reason = ruled.ruling.reason;
  if (ruled.ruling.verdict == Verdict::kHold) evaluation.held_request = ruled.request_id;
  evaluation.figures_json = to_json(figures, ruled.ruling);
  return evaluation;
}

}  // namespace thunderline::thunderchief
