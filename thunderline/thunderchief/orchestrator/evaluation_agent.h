#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/thunderbolt/training/dataset.h"
#include "thunderline/thunderchief/evaluation/gate.h"
#include "thunderline/thunderchief/governance/deploy_rules.h"
#include "thunderline/thunderchief/orchestrator/agent.h"
#include "thunderline/thunderchief/scorer.h"

namespace thunderline::thunderchief {

/// The hold-out as the gate reads it. Shapes: one score of each model a step.
std::vector<LoggedDecision> logged_decisions(const std::vector<thunderbolt::ClosedStep>& steps,
                                             std::span<const float> champion_scores,
                                             std::span<const float> challenger_scores);

/// Compares a challenger with the champion on the held-out steps: metrics, every estimate, and the
/// verdict on them.
/// Answers a TrainingFinished with EvaluationComplete or TrainingFailed.
class EvaluationAgent final : public Agent {
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

  /// The clock must outlive the agent.
  EvaluationAgent(Options options, Champion champion, const Clock& clock, Publish publish)
      : options_(std::move(options)),
        champion_(std::move(champion)),
        clock_(clock),
        publish_(std::move(publish)) {}

  Status handle(const Message& message, const std::stop_token& stop) override;

 private:
  Result<Evaluation> evaluate(const Challenger& challenger) const;

  const Options options_;
  Champion champion_;
  const Clock& clock_;
  Publish publish_;
};

}  // namespace thunderline::thunderchief
