#include "thunderline/thunderchief/governance/policy_fields.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "thunderline/thunderbit/category.h"

namespace thunderline::thunderchief {
namespace {

constexpr int64_t kMostTicks = 1'000'000'000;
constexpr int64_t kMostSeconds = 366LL * 24 * 3600;

std::optional<Verdict> parse_verdict(const std::string& text) {
  for (const Verdict verdict : {Verdict::kAllow, Verdict::kDeny, Verdict::kHold}) {
    if (text == verdict_name(verdict)) return verdict;
  }
  return std::nullopt;
}

bool set_verdict(Verdict& member, const PolicyValue& value, bool may_hold) {
  const auto verdict = parse_verdict(std::get<std::string>(value));
  if (!verdict || (!may_hold && *verdict == Verdict::kHold)) return false;
  member = *verdict;
  return true;
}

bool set_number(double& member, const PolicyValue& value, double low, double high) {
  const double number = std::get<double>(value);
  if (!(number >= low && number <= high)) return false;
  member = number;
  return true;
}

template <typename Integer>
bool set_integer(Integer& member, const PolicyValue& value, int64_t low, int64_t high) {
  const int64_t number = std::get<int64_t>(value);
  if (number < low || number > high) return false;
  member = static_cast<Integer>(number);
  return true;
}

bool set_band(PolicyBand& member, const PolicyValue& value) {
  const PolicyBand band = std::get<PolicyBand>(value);
  if (std::isnan(band.low) || std::isnan(band.high)) return false;
  member = band;
  return true;
}

bool set_names(std::vector<std::string>& member, const PolicyValue& value) {
  member = std::get<std::vector<std::string>>(value);
  return std::none_of(member.begin(), member.end(), [](const auto& name) { return name.empty(); });
}

bool set_categories(std::vector<std::string>& member, const PolicyValue& value) {
  const auto& names = std::get<std::vector<std::string>>(value);
  const bool known = std::all_of(names.begin(), names.end(), [](const std::string& name) {
    return thunderbit::parse_category(name).has_value();
  });
  if (known) member = names;
  return known;
}

bool set_name(std::string& member, const PolicyValue& value) {
  const std::string& name = std::get<std::string>(value);
  if (name.empty() || name.size() > 64) return false;
  member = name;
  return true;
}

#define TL_FIELD(key, expected, member, type, ...)                                        \
  PolicyField {                                                                           \
    key, expected, [](const GovernancePolicy& p) { return PolicyValue(type(p.member)); }, \
        [](GovernancePolicy& p, const PolicyValue& value) { return __VA_ARGS__; }         \
  }
#define TL_NUMBER(key, member, low, high, expected) \
  TL_FIELD(key, expected, member, double, set_number(p.member, value, low, high))
#define TL_TICKS(key, member) \
  TL_FIELD(key, "a whole number from 0 to 1000000000", member, int64_t, \
           set_integer(p.member, value, 0, kMostTicks))
#define TL_BAND(key, member) \
  TL_FIELD(key, "[lowest, highest], two numbers; inf is none", member, PolicyBand, \
           set_band(p.member, value))
#define TL_VERDICT(key, member) \
  TL_FIELD(key, "\"allow\", \"deny\" or \"hold\"", member, verdict_name, \
           set_verdict(p.member, value, true))

std::vector<PolicyField> make_fields() {
  return {
      TL_FIELD("name", "a text of 1 to 64 bytes", name, std::string, set_name(p.name, value)),
      TL_NUMBER("margins.min_reward_z", margins.min_reward_z, -1e6, 1e6, "a number"),
      TL_FIELD("margins.min_differing_seen", "a whole number from 0 to 1000000000",
               margins.min_differing_seen, int64_t,
               set_integer(p.margins.min_differing_seen, value, 0, kMostTicks)),
      TL_NUMBER("margins.min_brier_z", margins.min_brier_z, -1e6, 1e6, "a number"),
      TL_NUMBER("margins.brier_min_difference", margins.brier_min_difference, -1e6, 1e6,
                "a number"),
      TL_NUMBER("margins.brier_bound_z", margins.brier_bound_z, 0, 1e6, "a number from 0 on"),
      TL_NUMBER("margins.brier_min_lower_bound", margins.brier_min_lower_bound, -1e6, 1e6,
                "a number"),
      TL_BAND("bands.brier", bands.brier),
      TL_BAND("bands.auc", bands.auc),
      TL_BAND("bands.plv", bands.plv),
      TL_BAND("bands.sigma", bands.sigma),
      TL_BAND("bands.lambda", bands.lambda),
      TL_VERDICT("bands.outside", bands.outside),
      TL_VERDICT("bands.alert", bands.alert),
      TL_TICKS("budgets.deploys", budgets.deploys),
      TL_TICKS("budgets.window_ticks", budgets.window_ticks),
      TL_TICKS("budgets.pause_ticks", budgets.pause_ticks),
      TL_TICKS("budgets.trials", budgets.trials),
      TL_TICKS("budgets.data_age_ticks", budgets.data_age_ticks),
      TL_FIELD("forbidden.categories", "a list of names of categories, e.g. [\"motor\"]",
               forbidden.categories, std::vector<std::string>,
               set_categories(p.forbidden.categories, value)),
      TL_FIELD("forbidden.models", "a list of names of models", forbidden.models,
               std::vector<std::string>, set_names(p.forbidden.models, value)),
      TL_FIELD("approval.required", "true or false", approval.required, bool,
               (p.approval.required = std::get<bool>(value), true)),
      TL_FIELD("approval.deadline_s", "a whole number of seconds from 1 to 31622400",
               approval.deadline_s, int64_t,
               set_integer(p.approval.deadline_s, value, 1, kMostSeconds)),
      TL_FIELD("approval.on_deadline", "\"allow\" or \"deny\"", approval.on_deadline, verdict_name,
               set_verdict(p.approval.on_deadline, value, false)),
      TL_TICKS("watch.window_ticks", watch.window_ticks),
      TL_TICKS("watch.escalate_after", watch.escalate_after),
      TL_TICKS("watch.suspend_after", watch.suspend_after),
      TL_TICKS("watch.quiet_ticks", watch.quiet_ticks),
      TL_NUMBER("watch.z_step", watch.z_step, 0, 1e6, "a number from 0 on"),
      TL_NUMBER("watch.max_reward_z", watch.max_reward_z, -1e6, 1e6, "a number"),
  };
}

#undef TL_FIELD
#undef TL_NUMBER
#undef TL_TICKS
#undef TL_BAND
#undef TL_VERDICT

std::optional<PolicyFault> band_fault(const GovernancePolicy& p) {
  const std::pair<const char*, const PolicyBand&> bands[] = {{"bands.brier", p.bands.brier},
                                                             {"bands.auc", p.bands.auc},
                                                             {"bands.plv", p.bands.plv},
                                                             {"bands.sigma", p.bands.sigma},
                                                             {"bands.lambda", p.bands.lambda}};
  for (const auto& [key, band] : bands) {
    if (band.low <= band.high) continue;
    return PolicyFault{key, "the band's lowest value is above its highest, so nothing lies in it",
                       "swap the two numbers"};
  }
  return std::nullopt;
}

std::optional<PolicyFault> budget_fault(const GovernancePolicy& p) {
  if (p.budgets.deploys > 0 && p.budgets.window_ticks == 0) {
    return PolicyFault{"budgets.deploys", "a budget of deployments needs a window",
                       "set budgets.window_ticks too, or budgets.deploys to 0"};
  }
  if (p.budgets.window_ticks > 0 && p.budgets.deploys == 0) {
    return PolicyFault{"budgets.window_ticks", "the window has no budget of deployments",
                       "set budgets.deploys too, or budgets.window_ticks to 0"};
  }
  return std::nullopt;
}

std::optional<PolicyFault> watch_fault(const GovernancePolicy& p) {
  const bool reacts = p.watch.escalate_after > 0 || p.watch.suspend_after > 0;
  if (reacts && p.watch.window_ticks == 0) {
    return PolicyFault{"watch.window_ticks", "violations that count for no time are never enough",
                       "set it to 1 or more, or escalate_after and suspend_after to 0"};
  }
  if (p.watch.suspend_after > 0 && p.watch.quiet_ticks == 0) {
    return PolicyFault{"watch.quiet_ticks", "a suspension would end before it began",
                       "set it to 1 or more, or suspend_after to 0"};
  }
  const double margin = std::max(p.margins.min_reward_z, p.margins.min_brier_z);
  if (p.watch.z_step > 0 && p.watch.max_reward_z < margin) {
    return PolicyFault{"watch.max_reward_z", "the highest margin is below the one it begins with",
                       "raise it to margins.min_reward_z and margins.min_brier_z at least, or set "
                       "watch.z_step to 0"};
  }
  return std::nullopt;
}

std::optional<PolicyFault> freeze_fault(const GovernancePolicy& p) {
  std::set<std::string> names;
  for (const DeployFreeze& freeze : p.freezes) {
    if (freeze.from_unix_ms >= freeze.until_unix_ms) {
      return PolicyFault{"freeze", "the freeze \"" + freeze.name + "\" ends before it begins",
                         "let until be later than from"};
    }
    if (!names.insert(freeze.name).second) {
      return PolicyFault{"freeze", "two freezes have the name \"" + freeze.name + "\"",
                         "name one of them otherwise"};
    }
  }
  return std::nullopt;
}

}  // namespace

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAllow: return "allow";
    case Verdict::kDeny: return "deny";
    case Verdict::kHold: return "hold";
  }
  return "deny";
}

const std::vector<PolicyField>& policy_fields() {
  static const std::vector<PolicyField> fields = make_fields();
  return fields;
}

std::optional<PolicyFault> find_contradiction(const GovernancePolicy& policy) {
  for (const auto find : {band_fault, budget_fault, watch_fault, freeze_fault}) {
    if (auto fault = find(policy)) return fault;
  }
  return std::nullopt;
}

}  // namespace thunderline::thunderchief
