#include "thunderline/thunderchief/run_settings.h"

#include <cmath>
#include <functional>

#include "thunderline/base/json_util.h"

namespace thunderline::thunderchief {
namespace {

/// One setting: its name, its value as JSON, and how to set it from JSON (false: wrong type).
struct Field {
  std::string key;
  std::function<Json(const RunSettings&)> get;
  std::function<bool(RunSettings&, const Json&)> set;
};

/// A field for a member that is a number or a flag, reached by `member(settings)`.
template <typename Member>
Field field(const char* key, Member member) {
  using Value = std::remove_cvref_t<decltype(member(std::declval<RunSettings&>()))>;
  return {key,
          [member](const RunSettings& settings) {
            return Json(member(const_cast<RunSettings&>(settings)));
          },
          [member](RunSettings& settings, const Json& json) {
            if constexpr (std::is_same_v<Value, bool>) {
              if (!json.is_boolean()) return false;
            } else if constexpr (std::is_integral_v<Value>) {
              if (!json.is_number_integer()) return false;
              if (json.is_number_integer() && !json.is_number_unsigned() &&
                  json.get<int64_t>() < 0) {
                return false;
              }
            } else {
              if (!json.is_number()) return false;
            }
            member(settings) = json.get<Value>();
            return true;
          }};
}

#define TL_SETTING(key, member) field(key, [](RunSettings& s) -> auto& { return s.member; })

const std::vector<Field>& fields() {
  static const std::vector<Field> all = {
      TL_SETTING("seed", world.seed),
      TL_SETTING("placebo", world.placebo),
      TL_SETTING("limit", world.limit),
      TL_SETTING("epsilon", epsilon),
      {"strategy", [](const RunSettings& s) { return Json(strategy_name(s.strategy)); },
       [](RunSettings& s, const Json& json) {
         if (!json.is_string()) return false;
         const auto parsed = parse_strategy(json.get<std::string>());
         if (parsed) s.strategy = *parsed;
         return parsed.has_value();
       }},
      TL_SETTING("checkpoint_every_ticks", checkpoint_every_ticks),
      TL_SETTING("worlds.inbox.reward.deliver_ham", world.reward.deliver_ham),
      TL_SETTING("worlds.inbox.reward.deliver_spam", world.reward.deliver_spam),
      TL_SETTING("worlds.inbox.reward.quarantine_ham", world.reward.quarantine_ham),
      TL_SETTING("worlds.inbox.reward.quarantine_spam", world.reward.quarantine_spam),
      TL_SETTING("worlds.inbox.waiting_cost", world.waiting_cost),
      TL_SETTING("worlds.inbox.review_rate", world.review_rate),
      TL_SETTING("worlds.inbox.max_wait_ticks", world.max_wait_ticks),
      TL_SETTING("worlds.inbox.drift_at", world.drift_at),
      TL_SETTING("worlds.inbox.energy_per_tick", world.energy_per_tick),
      TL_SETTING("worlds.inbox.energy_cap", world.energy_cap),
      TL_SETTING("worlds.inbox.energy_cost", world.energy_cost),
      TL_SETTING("training.first", schedule.first),
      TL_SETTING("training.every", schedule.every),
      TL_SETTING("training.after_alarm", schedule.after_alarm),
      TL_SETTING("training.last", schedule.last),
      TL_SETTING("training.hold_out", hold_out),
      TL_SETTING("training.trials", training.trials),
      TL_SETTING("training.round", training.round),
      TL_SETTING("training.epochs", training.epochs),
      TL_SETTING("training.patience", training.patience),
      TL_SETTING("training.batch_size", training.batch_size),
      TL_SETTING("training.validation_split", training.validation_split),
      TL_SETTING("gate.min_reward_z", gate.min_reward_z),
      TL_SETTING("gate.min_differing_seen", gate.min_differing_seen),
      TL_SETTING("gate.min_brier_z", gate.min_brier_z),
  };
  return all;
}

#undef TL_SETTING

Status check(const RunSettings& settings) {
  TL_RETURN_IF_ERROR(settings.world.check());
  const auto positive = [](const char* key, double value) -> Status {
    if (value > 0) return {};
    return fail(ErrorCode::kInvalidArgument, "the setting must be greater than 0", key);
  };
  if (!(settings.epsilon >= 0 && settings.epsilon <= 1)) {
    return fail(ErrorCode::kInvalidArgument, "epsilon must lie in [0, 1]", "epsilon");
  }
  TL_RETURN_IF_ERROR(positive("training.every", static_cast<double>(settings.schedule.every)));
  TL_RETURN_IF_ERROR(positive("training.hold_out", static_cast<double>(settings.hold_out)));
  TL_RETURN_IF_ERROR(positive("training.trials", settings.training.trials));
  TL_RETURN_IF_ERROR(positive("training.round", settings.training.round));
  TL_RETURN_IF_ERROR(positive("training.epochs", settings.training.epochs));
  TL_RETURN_IF_ERROR(
      positive("training.batch_size", static_cast<double>(settings.training.batch_size)));
  return positive("training.validation_split", settings.training.validation_split);
}

Status set_json(RunSettings& settings, const std::string& key, const Json& value) {
  for (const Field& known : fields()) {
    if (known.key != key) continue;
    RunSettings changed = settings;
    if (!known.set(changed, value)) {
      return fail(ErrorCode::kInvalidArgument, "the setting cannot be " + dump_json(value), key,
                  "it is " + dump_json(known.get(settings)) + " now");
    }
    TL_RETURN_IF_ERROR(check(changed));
    settings = std::move(changed);
    return {};
  }
  std::string names;
  for (const Field& known : fields()) names += (names.empty() ? "" : ", ") + known.key;
  return fail(ErrorCode::kInvalidArgument, "unknown setting", key, "there are " + names);
}

}  // namespace

Status set_setting(RunSettings& settings, const std::string& key, const std::string& value) {
  // Numbers and flags read as JSON; everything else is a word.
  const auto parsed = parse_json(value, key);
  return set_json(settings, key, parsed ? *parsed : Json(value));
}

std::vector<std::string> setting_keys() {
  std::vector<std::string> keys;
  for (const Field& known : fields()) keys.push_back(known.key);
  return keys;
}

std::string to_json(const RunSettings& settings) {
  OrderedJson json = OrderedJson::object();
  for (const Field& known : fields()) json[known.key] = known.get(settings);
  return dump_json(json, 1);
}

Result<RunSettings> run_settings_from_json(const std::string& text, const std::string& where) {
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(text, where));
  if (!json.is_object()) return fail(ErrorCode::kBadData, "expected an object of settings", where);
  RunSettings settings;
  for (const auto& [key, value] : json.items()) {
    TL_RETURN_IF_ERROR(set_json(settings, key, value));
  }
  return settings;
}

}  // namespace thunderline::thunderchief
