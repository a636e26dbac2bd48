#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "thunderline/thunderbolt/training/dataset.h"
#include "thunderline/thunderchief/evaluation/gate.h"
#include "thunderline/thunderchief/governance/deploy_rules.h"
#include "thunderline/thunderchief/orchestrator/messages.h"
#include "thunderline/thunderchief/scorer.h"

namespace thunderline::thunderchief {

/// The hold-out as the gate reads it. Shapes: one score of each model a step.
std::vector<LoggedDecision> logged_decisions(const std::vector<thunderbolt::ClosedStep>& steps,
                                             std::span<const float> champion_scores,
                                             std::span<const float> challenger_scores);

/// Compares a challenger with the champion on the held-out steps: metrics, every estimate, and the
/// verdict on them. The evaluation agent's job.
class Evaluator {
 public:
  /// The scorer that is live when it is asked.
  using Champion = std::function<Result<std::shared_ptr<const Scorer>>()>;

  /// A verdict, and under which id a person can answer when it is a hold.
  struct Ruled {
    Ruling ruling;
    std::string request_id;
  };
  /// Who decides, from the gate's figures and the challenger's Brier score and AUC on the hold-out.
  using Rule = std::function<Ruled(const GateFigures&, const Challenger&, double, double)>;

  struct Options {
    RewardValues rewards;
    Rule rule;
  };

  Evaluator(Options options, Champion champion)
      : options_(std::move(options)), champion_(std::move(champion)) {}

  /// The same challenger and champion, the same figures. Thread-safety: any thread.
  Result<Evaluation> evaluate(const Challenger& challenger) const;

 private:
  const Options options_;
  const Champion champion_;
};

}  // namespace thunderline::thunderchief
