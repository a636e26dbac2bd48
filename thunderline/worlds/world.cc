#include "thunderline/worlds/world.h"

#include <algorithm>
#include <cmath>

namespace thunderline::worlds {

double RewardTable::value(int action, bool spam) const {
  if (action == kQuarantine) return spam ? quarantine_spam : quarantine_ham;
  return spam ? deliver_spam : deliver_ham;
}

double RewardTable::threshold() const {
  const double lost_on_ham = deliver_ham - quarantine_ham;
  const double won_on_spam = quarantine_spam - deliver_spam;
  return lost_on_ham / (lost_on_ham + won_on_spam);
}

bool RewardTable::implies_spam(int action, double reward) const {
  return std::abs(reward - value(action, true)) < std::abs(reward - value(action, false));
}

double RewardTable::lowest() const {
  return std::min({deliver_ham, deliver_spam, quarantine_ham, quarantine_spam});
}

double RewardTable::highest() const {
  return std::max({deliver_ham, deliver_spam, quarantine_ham, quarantine_spam});
}

Status RewardTable::check() const {
  for (const double value : {deliver_ham, deliver_spam, quarantine_ham, quarantine_spam}) {
    if (!std::isfinite(value)) {
      return fail(ErrorCode::kInvalidArgument, "a reward is not a finite number", "reward table");
    }
  }
  if (deliver_ham <= quarantine_ham) {
    return fail(ErrorCode::kInvalidArgument,
                "delivering ham is not worth more than quarantining it", "reward table",
                "make deliver_ham larger than quarantine_ham");
  }
  if (quarantine_spam <= deliver_spam) {
    return fail(ErrorCode::kInvalidArgument,
                "quarantining spam is not worth more than delivering it", "reward table",
                "make quarantine_spam larger than deliver_spam");
  }
  if (deliver_ham == deliver_spam || quarantine_ham == quarantine_spam) {
    return fail(ErrorCode::kInvalidArgument, "an action earns the same on ham and on spam",
                "reward table", "a reward must tell which of the two the mail was");
  }
  return {};
}

}  // namespace thunderline::worlds
