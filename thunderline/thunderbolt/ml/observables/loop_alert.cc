#include "thunderline/thunderbolt/ml/observables/loop_alert.h"

#include <cstdio>

namespace thunderline::thunderbolt {

const char* loop_alert_name(LoopAlertKind kind) {
  switch (kind) {
    case LoopAlertKind::kLocked: return "locked";
    case LoopAlertKind::kDegenerate: return "degenerate";
    case LoopAlertKind::kChaotic: return "chaotic";
  }
  return "degenerate";
}

std::string LoopAlert::reason() const {
  char text[160];
  std::snprintf(text, sizeof text, " %.3f is %s %.3f", value, value > bound ? "above" : "below",
                bound);
  std::string sentence = what + text;
  if (!band) return sentence;
  std::snprintf(text, sizeof text, " (chance alone: %.3f to %.3f)", band->low, band->high);
  return sentence + text;
}

const thunderflow::Topic<LoopAlert>& loop_topic(LoopAlertKind kind) {
  static const thunderflow::Topic<LoopAlert> kLocked{"ml.loop.locked"};
  static const thunderflow::Topic<LoopAlert> kDegenerate{"ml.loop.degenerate"};
  static const thunderflow::Topic<LoopAlert> kChaotic{"ml.loop.chaotic"};
  switch (kind) {
    case LoopAlertKind::kLocked: return kLocked;
    case LoopAlertKind::kDegenerate: return kDegenerate;
    case LoopAlertKind::kChaotic: return kChaotic;
  }
  return kDegenerate;
}

}  // namespace thunderline::thunderbolt
