#include "thunderline/thunderbolt/training/record_rules.h"

#include <bit>
#include <cmath>

#include "thunderline/base/json_util.h"
#include "thunderline/thunderbolt/training/json_check.h"

namespace thunderline::thunderbolt {
namespace {

tl::unexpected<Error> broken_rule(std::string message, std::string where, std::string hint = "") {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint));
}

/// Place of the first NaN or infinity, or the size. The loop has no early exit: it is nearly always
/// walked to the end.
size_t first_not_finite(std::span<const float> values) {
  constexpr uint32_t kExponent = 0x7f800000;
  uint32_t any = 0;
  for (const float value : values) {
    any |= static_cast<uint32_t>((std::bit_cast<uint32_t>(value) & kExponent) == kExponent);
  }
  if (any == 0) return values.size();
  size_t i = 0;
  while (std::isfinite(values[i])) ++i;
  return i;
}

Status check_numbers(std::span<const float> values, const char* field) {
  if (values.size() > kMaxStateWidth) {
    return broken_rule("a state of " + std::to_string(values.size()) + " numbers is too wide",
                       field, "at most " + std::to_string(kMaxStateWidth) + " are taken");
  }
  const size_t bad = first_not_finite(values);
  if (bad == values.size()) return {};
  return broken_rule(std::string(std::isnan(values[bad]) ? "NaN" : "an infinite number") +
                         " cannot be logged",
                     std::string(field) + "[" + std::to_string(bad) + "]");
}

Status check_states(std::span<const float> state, std::span<const float> next_state) {
  TL_RETURN_IF_ERROR(check_numbers(state, "state"));
  TL_RETURN_IF_ERROR(check_numbers(next_state, "next_state"));
  if (next_state.empty() || next_state.size() == state.size()) return {};
  return broken_rule("next_state has " + std::to_string(next_state.size()) +
                         " numbers, state has " + std::to_string(state.size()),
                     "next_state", "give as many as the state has, or none");
}

Status check_text(std::string_view text, const char* field, size_t limit = kMaxTextBytes) {
  if (text.size() > limit) {
    return broken_rule("a text of " + std::to_string(text.size()) + " bytes is too long", field,
                       "at most " + std::to_string(limit) + " bytes are taken");
  }
  if (!is_utf8(text) || text.find('\0') != std::string_view::npos) {
    return broken_rule("not UTF-8 text without NUL", field);
  }
  return {};
}

Status check_name(std::string_view text, const char* field) {
  if (text.empty()) return broken_rule("it must not be empty", field);
  return check_text(text, field, kMaxSourceBytes);
}

Status check_reward(double reward) {
  if (std::isfinite(reward)) return {};
  return broken_rule("a reward must be a finite number", "reward");
}

Status check_metadata(std::string_view metadata) {
  if (metadata.empty()) return {};
  if (metadata.size() > kMaxMetadataBytes) {
    return broken_rule("metadata of " + std::to_string(metadata.size()) + " bytes is too long",
                       "metadata", "at most 1 MiB is taken");
  }
  if (!is_json_object(metadata)) return broken_rule("not the text of a JSON object", "metadata");
  return {};
}

bool is_forced(std::string_view metadata) {
  const auto json = parse_json(metadata, "metadata");
  if (!json || !json->is_object()) return false;
  const auto forced = json->find("forced");
  return forced != json->end() && forced->is_boolean() && forced->get<bool>();
}

Status check_propensity(const StepView& step) {
  if (step.propensity) {
    if (*step.propensity > 0.0 && *step.propensity <= 1.0) return {};
    return broken_rule("a propensity of " + std::to_string(*step.propensity) + " is not in (0, 1]",
                       "propensity", "log the probability with which the action was taken");
  }
  if (is_forced(step.metadata)) return {};
  return broken_rule("only a forced step may lack its propensity", "propensity",
                     "log the probability of the action, or set metadata.forced to true");
}

}  // namespace

Status check_record(const StepView& step) {
  if (step.id.is_nil()) return broken_rule("a step needs an id", "id");
  TL_RETURN_IF_ERROR(check_name(step.source, "source"));
  TL_RETURN_IF_ERROR(check_text(step.episode, "episode"));
  TL_RETURN_IF_ERROR(check_states(step.state, step.next_state));
  if (step.reward) TL_RETURN_IF_ERROR(check_reward(*step.reward));
  TL_RETURN_IF_ERROR(check_metadata(step.metadata));
  return check_propensity(step);
}

Status check_record(const Outcome& outcome) {
  if (outcome.step_id.is_nil()) return broken_rule("an outcome needs a step's id", "step_id");
  if (!outcome.seen && outcome.reward != 0.0) {
    return broken_rule("an unseen outcome cannot have a reward", "reward",
                       "set seen to true, or the reward to 0");
  }
  return check_reward(outcome.reward);
}

Status check_record(const ChiefStep& step) {
  TL_RETURN_IF_ERROR(check_name(step.source, "source"));
  TL_RETURN_IF_ERROR(check_states(step.state, step.next_state));
  return check_reward(step.reward);
}

Status check_record(const Transition& transition) {
  if (transition.bit.is_nil()) return broken_rule("a transition needs a bit's id", "bit");
  TL_RETURN_IF_ERROR(check_text(transition.episode, "episode"));
  TL_RETURN_IF_ERROR(check_name(transition.verb, "verb"));
  TL_RETURN_IF_ERROR(check_text(transition.from, "from"));
  TL_RETURN_IF_ERROR(check_text(transition.to, "to"));
  return check_text(transition.reason, "reason");
}

Status check_record(const LogEvent& event) {
  TL_RETURN_IF_ERROR(check_name(event.kind, "kind"));
  if (event.json.size() > kMaxMetadataBytes || !is_json(event.json)) {
    return broken_rule("not a JSON text of up to 1 MiB", "json");
  }
  return {};
}

Status check_episode(std::span<const StepView> steps) {
  for (size_t i = 0; i < steps.size(); ++i) {
    if (Status status = check_record(steps[i]); !status) {
      Error error = std::move(status).error();
      error.where = "steps[" + std::to_string(i) + "]." + error.where;
      return tl::unexpected<Error>(std::move(error));
    }
  }
  return {};
}

}  // namespace thunderline::thunderbolt
