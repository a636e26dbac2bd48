#include "thunderline/thunderbit/role_behavior.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace thunderline::thunderbit {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return is_capital(c) || (c >= 'a' && c <= 'z'); }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_live(const Context& context, BitRef ref) {
  return context.find(ref)->status != BitStatus::kRetired;
}

/// The payload, or where there is none what the bit's sources hold, a line each.
SharedText input_of(const Context& context, BitRef ref, const StepEvent& event) {
  if (!event.payload.empty()) return event.payload;
  std::vector<BitRef> sources;
  for (const Relation relation : {Relation::kFeeds, Relation::kRecalls, Relation::kStores}) {
    for (const BitRef source : context.sources(ref, relation)) {
      if (is_live(context, source)) sources.push_back(source);
    }
  }
  if (sources.size() == 1) return context.find(sources[0])->content;
  std::string joined;
  for (const BitRef source : sources) {
    if (!joined.empty()) joined += '\n';
    joined += context.find(source)->content.view();
  }
  return joined;
}

std::string collapse_blanks(std::string_view text) {
  std::string collapsed;
  collapsed.reserve(text.size());
  for (const char c : trimmed(text)) {
    if (!is_blank(c)) {
      collapsed += c;
    } else if (collapsed.back() != ' ') {
      collapsed += ' ';
    }
  }
  return collapsed;
}

std::vector<std::pair<std::string, std::string>> parse_fields(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> fields;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || trimmed(line.substr(0, colon)).empty()) break;
    fields.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return fields;
}

double length_feature(size_t length) {
  return std::min(1.0, std::log1p(static_cast<double>(length)) / std::log1p(65536.0));
}

std::vector<std::pair<std::string, double>> text_features(std::string_view text) {
  size_t letters = 0, digits = 0, capitals = 0, blanks = 0, words = 0;
  bool in_word = false;
  for (const char c : text) {
    letters += is_letter(c);
    digits += is_digit(c);
    capitals += is_capital(c);
    blanks += is_blank(c);
    words += !is_blank(c) && !in_word;
    in_word = !is_blank(c);
  }
  const auto share = [&](size_t count) {
    return text.empty() ? 0.0 : static_cast<double>(count) / static_cast<double>(text.size());
  };
  return {{"length", length_feature(text.size())},
          {"words", length_feature(words)},
          {"letters", share(letters)},
          {"digits", share(digits)},
          {"capitals", share(capitals)},
          {"blanks", share(blanks)},
          {"others", share(text.size() - letters - digits - blanks)}};
}

Result<StepEffect> observe(const StepEvent& event) {
  StepEffect effect;
  effect.output.fields = parse_fields(event.payload.view());
  effect.content = event.payload;
  effect.used.insert(Capability::kReadSensors);
  return effect;
}

Result<StepEffect> transform(const Context& context, BitRef ref, const StepEvent& event) {
  StepEffect effect;
  const SharedText input = input_of(context, ref, event);
  effect.output.text =
      event.transform ? event.transform(input.view()) : collapse_blanks(input.view());
  effect.content = effect.output.text;
  effect.used.insert(Capability::kAccessMemory);
  return effect;
}

Result<StepEffect> store(const Context& context, BitRef ref, const StepEvent& event) {
  StepEffect effect;
  std::string kept = context.find(ref)->content.to_string();
  const SharedText input = input_of(context, ref, event);
  if (!kept.empty() && !input.empty()) kept += '\n';
  kept += input.view();
  if (kept.size() > kMaxStoredBytes) {
    // Whole lines, unless the newest alone is too long.
    const size_t cut = kept.size() - kMaxStoredBytes;
    const size_t line_end = kept.find('\n', cut - 1);
    kept.erase(0, line_end == std::string::npos ? cut : line_end + 1);
  }
  effect.output.text = kept;
  effect.content = effect.output.text;
  effect.used.insert(Capability::kAccessMemory);
  return effect;
}

Result<StepEffect> analyze(const Context& context, BitRef ref, const StepEvent& event) {
  StepEffect effect;
  effect.output.features = text_features(input_of(context, ref, event).view());
  effect.used.insert(Capability::kReadSensors);
  return effect;
}

Result<StepEffect> route(const Context& context, BitRef ref, const StepEvent& event) {
  StepEffect effect;
  std::vector<BitRef> all;
  for (const BitRef target : context.targets(ref, Relation::kRoutesTo)) {
    if (!is_live(context, target)) continue;
    all.push_back(target);
    if (context.find(target)->tags.contains(event.topic)) effect.output.targets.push_back(target);
  }
  if (effect.output.targets.empty()) effect.output.targets = std::move(all);
  effect.used.insert(Capability::kSelectTargets);
  return effect;
}

Result<StepEffect> sequence(const Context& context, BitRef ref) {
  StepEffect effect;
  std::vector<BitRef>& targets = effect.output.targets;
  for (const Relation relation : {Relation::kControls, Relation::kTriggers}) {
    for (const BitRef target : context.targets(ref, relation)) {
      const bool known = std::find(targets.begin(), targets.end(), target) != targets.end();
      if (is_live(context, target) && !known) targets.push_back(target);
    }
  }
  std::stable_sort(targets.begin(), targets.end(), [&](BitRef a, BitRef b) {
    return context.find(a)->priority > context.find(b)->priority;
  });
  effect.used.insert(Capability::kSequenceSteps);
  return effect;
}

Result<StepEffect> judge(const Context& context, BitRef ref, const StepEvent& event) {
  if (!(event.risk >= 0 && event.risk <= 1)) {
    return fail(ErrorCode::kInvalidArgument,
                "the risk " + std::to_string(event.risk) + " is outside [0, 1]",
                "bit " + context.find(ref)->id.to_string() + ", event.risk");
  }
  StepEffect effect;
  const Policy& policy = context.policy();
  effect.used.insert(Capability::kEvaluatePolicy);
  effect.output.verdict = Verdict::kApprove;
  if (event.risk >= policy.veto_risk) {
    effect.output.verdict = Verdict::kVeto;
    effect.used.insert(Capability::kVetoAction);
  } else if (event.risk >= policy.warn_risk) {
    effect.output.verdict = Verdict::kWarn;
  }
  effect.verdict = effect.output.verdict;
  return effect;
}

Result<StepEffect> act(const Context& context, BitRef ref, const StepEvent& event) {
  TL_RETURN_IF_ERROR(check_ethics(context, ref, event.name.view()));
  StepEffect effect;
  effect.output.action = event.name;
  effect.used.insert(Capability::kTriggerAction);
  return effect;
}

Result<StepEffect> behave_by_role(const Context& context, BitRef ref, const StepEvent& event) {
  switch (context.find(ref)->role()) {
    case Role::kObserver: return observe(event);
    case Role::kTransformer: return transform(context, ref, event);
    case Role::kStorage: return store(context, ref, event);
    case Role::kActuator: return act(context, ref, event);
    case Role::kRouter: return route(context, ref, event);
    case Role::kCritic: return judge(context, ref, event);
    case Role::kAnalyzer: return analyze(context, ref, event);
    case Role::kController: return sequence(context, ref);
  }
  TL_CHECK(false);
  return {};
}

}  // namespace

Result<StepEffect> behave(const Context& context, BitRef ref, const StepEvent& event) {
  TL_ASSIGN_OR_RETURN(StepEffect effect, behave_by_role(context, ref, event));
  if (effect.content && effect.content->size() > kMaxContentBytes) {
    return fail(ErrorCode::kResourceLimit,
                "the step made " + std::to_string(effect.content->size()) + " bytes of content",
                "bit " + context.find(ref)->id.to_string(),
                "at most " + std::to_string(kMaxContentBytes) + " are allowed");
  }
  return effect;
}

Status check_ethics(const Context& context, BitRef actuator, std::string_view action) {
  const Bit& bit = *context.find(actuator);
  const std::string where = "bit " + bit.id.to_string() + ", action " + std::string(action);
  for (const BitRef critic : context.sources(actuator, Relation::kValidates)) {
    const Bit& judge = *context.find(critic);
    if (judge.status == BitStatus::kRetired || judge.verdict != Verdict::kVeto) continue;
    return fail(ErrorCode::kRefused, "vetoed by the critic " + judge.id.to_string(), where,
                "the critic must judge anew, or be retired");
  }
  const auto& forbidden = context.policy().forbidden_actions;
  if (std::find(forbidden.begin(), forbidden.end(), action) != forbidden.end()) {
    return fail(ErrorCode::kRefused, "the policy forbids this action", where);
  }
  for (const std::string& maxim : context.active_maxims()) {
    if (!info(bit.category).forbidden_maxims.contains(maxim)) continue;
    return fail(ErrorCode::kRefused, "the maxim \"" + maxim + "\" is active, which forbids to act",
                where);
  }
  return {};
}

}  // namespace thunderline::thunderbit
