#include "thunderline/thunderchief/decision.h"

#include "thunderline/worlds/decision.h"

namespace thunderline::thunderchief {
namespace {

bool in_unit_interval(double value) { return value >= 0.0 && value <= 1.0; }

}  // namespace

Decision decide(const DecisionRule& rule, double score, double u) {
  Decision decision;
  decision.p_intervene = worlds::quarantine_probability(score, rule.threshold, rule.epsilon);
  decision.action = u < decision.p_intervene ? 1 : 0;
  decision.propensity = decision.action == 1 ? decision.p_intervene : 1 - decision.p_intervene;
  return decision;
}

Status validate(const DecisionRule& rule) {
  if (!in_unit_interval(rule.threshold)) {
    return fail(ErrorCode::kInvalidArgument, "the threshold must lie in [0, 1]",
                "threshold=" + std::to_string(rule.threshold));
  }
  if (!in_unit_interval(rule.epsilon)) {
    return fail(ErrorCode::kInvalidArgument, "epsilon must lie in [0, 1]",
                "epsilon=" + std::to_string(rule.epsilon));
  }
  return {};
}

}  // namespace thunderline::thunderchief
