#include "thunderline/thunderchief/orchestrator/messages.h"

#include <array>

namespace thunderline::thunderchief {

const char* message_name(const Message& message) {
  // In the order of the variant's alternatives.
  static constexpr std::array kNames = {
      "degradation_detected", "training_request",  "training_granted",   "conflict_resolved",
      "training_started",     "training_progress", "training_finished",  "training_failed",
      "evaluation_complete",  "export_request",    "export_ready",       "deploy_approved",
      "model_deployed",       "challenger_dropped", "hold_resolved"};
  static_assert(kNames.size() == std::variant_size_v<Message>);
  return kNames[message.index()];
}

}  // namespace thunderline::thunderchief
