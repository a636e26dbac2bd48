#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/thunderbit/context.h"

namespace thunderline::thunderbit {

/// Most text that a storage bit keeps; older lines go first.
inline constexpr size_t kMaxStoredBytes = 65536;

/// What happens to a bit in a step. Which fields count depends on the role.
struct StepEvent {
  SharedText name;     ///< What it is called in transitions and logs; the action of an actuator.
  SharedText payload;  ///< Empty: transformer, analyzer and storage take their sources' content.
  std::string topic;   ///< Router: targets with this tag; empty or unknown to all: every target.
  float risk = 0;      ///< Critic: of what is judged. Range: [0, 1].
  /// Transformer. Empty: blanks are collapsed.
  std::function<std::string(std::string_view)> transform;
};

/// What a step gave, besides the new context.
struct StepOutput {
  SharedText text;                                          ///< Transformer, storage: new content.
  std::vector<std::pair<std::string, std::string>> fields;  ///< Observer: the `name: value` lines.
  std::vector<std::pair<std::string, double>> features;     ///< Analyzer: named numbers in [0, 1].
  std::vector<BitRef> targets;                              ///< Router, controller: live bits.
  Verdict verdict = Verdict::kNone;                         ///< Critic.
  SharedText action;                                        ///< Actuator: what was done.
};

/// What a step changes in the bit itself.
struct StepEffect {
  StepOutput output;
  std::optional<SharedText> content;
  std::optional<Verdict> verdict;
  CapabilitySet used;
};

/// What the bit does by its role; a pure function.
/// - observer: the payload becomes its content; lines `name: value` at the front are parsed as
///   fields.
/// - transformer: `transform` of the payload or its sources' content becomes its content.
/// - storage: the payload or its sources' content is added to its content as a line.
/// - analyzer: features of the payload or its sources' content: share of letters, digits, capitals,
///   blanks and other bytes, and the lengths log1p(n) / log1p(65536) in bytes and words, capped.
/// - router: the live `routes_to` targets that carry the topic as a tag, else all of them.
/// - controller: the live `controls` and `triggers` targets, highest priority first, then as
///   linked.
/// - critic: veto from the policy's veto_risk on, warn from warn_risk on, else approve.
/// - actuator: acts, if the ethics check lets it.
/// Sources are the live bits at the other end of `feeds`, `recalls` and `stores` links.
/// Errors: kRefused from the ethics check; kInvalidArgument for a risk outside [0, 1];
/// kResourceLimit for content that became too large.
Result<StepEffect> behave(const Context& context, BitRef ref, const StepEvent& event);

/// Whether the actuator may do `action`: no live critic that validates it has a veto standing, the
/// policy does not forbid the action, and no maxim that its category forbids is active.
/// Errors: kRefused that says which.
Status check_ethics(const Context& context, BitRef actuator, std::string_view action);

}  // namespace thunderline::thunderbit
