#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <toml++/toml.h>

#include "thunderline/base/json_util.h"
#include "thunderline/thunderchief/governance/policy.h"
#include "thunderline/thunderchief/governance/policy_fields.h"
#include "thunderline/thunderchief/governance/utc_text.h"

namespace thunderline::thunderchief {
namespace {

constexpr uint64_t kMaxPolicyBytes = uint64_t{1} << 20;

std::string place(const std::string& path, const toml::source_position& at) {
  return path + " line " + std::to_string(at.line) + " column " + std::to_string(at.column);
}

std::string place(const std::string& path, const toml::node& node) {
  return place(path, node.source().begin);
}

std::string known_keys() {
  std::string names;
  for (const std::string& key : policy_keys()) names += (names.empty() ? "" : ", ") + key;
  return names;
}

// ---- Reading -------------------------------------------------------------------------------------

std::optional<double> number_of(const toml::node& node) {
  if (const auto* real = node.as_floating_point()) return real->get();
  if (const auto* whole = node.as_integer()) return static_cast<double>(whole->get());
  return std::nullopt;
}

std::optional<PolicyValue> band_of(const toml::node& node) {
  const toml::array* pair = node.as_array();
  if (pair == nullptr || pair->size() != 2) return std::nullopt;
  const auto low = number_of((*pair)[0]);
  const auto high = number_of((*pair)[1]);
  if (!low || !high) return std::nullopt;
  return PolicyBand{*low, *high};
}

std::optional<PolicyValue> names_of(const toml::node& node) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::vector<std::string> names;
  for (const toml::node& element : *array) {
    const auto* text = element.as_string();
    if (text == nullptr) return std::nullopt;
    names.push_back(text->get());
  }
  return names;
}

/// The node as the kind of value that the field has.
std::optional<PolicyValue> value_of(const toml::node& node, const PolicyValue& kind) {
  if (std::holds_alternative<PolicyBand>(kind)) return band_of(node);
  if (std::holds_alternative<std::vector<std::string>>(kind)) return names_of(node);
  if (std::holds_alternative<double>(kind)) {
    const auto number = number_of(node);
    return number ? std::optional<PolicyValue>(*number) : std::nullopt;
  }
  if (const auto* flag = node.as_boolean(); flag && std::holds_alternative<bool>(kind)) {
    return flag->get();
  }
  if (const auto* whole = node.as_integer(); whole && std::holds_alternative<int64_t>(kind)) {
    return whole->get();
  }
  if (const auto* text = node.as_string(); text && std::holds_alternative<std::string>(kind)) {
    return text->get();
  }
  return std::nullopt;
}

Status set_field(GovernancePolicy& policy, const PolicyField& field, const toml::node& node,
                 ErrorCode code, const std::string& where) {
  const auto value = value_of(node, field.get(policy));
  if (!value) {
    return fail(code, "\"" + field.key + "\" has a value of the wrong type", where,
                "write " + field.expected);
  }
  if (!field.set(policy, *value)) {
    return fail(code, "\"" + field.key + "\" has a value that it cannot have", where,
                "write " + field.expected);
  }
  return {};
}

const PolicyField* find_field(const std::string& key) {
  for (const PolicyField& field : policy_fields()) {
    if (field.key == key) return &field;
  }
  return nullptr;
}

bool is_section(const std::string& key) {
  return std::any_of(policy_fields().begin(), policy_fields().end(),
                     [&](const PolicyField& field) { return field.key.starts_with(key + "."); });
}

Result<int64_t> freeze_time(const toml::node& node, const std::string& key,
                            const std::string& path) {
  const auto* when = node.as_date_time();
  if (when == nullptr || !when->get().offset) {
    return fail(ErrorCode::kBadData, "\"freeze." + key + "\" is no time with a time zone",
                place(path, node), "write it like 2026-12-24T00:00:00Z");
  }
  const toml::date_time& time = when->get();
  const auto days = std::chrono::sys_days(std::chrono::year(time.date.year) /
                                          std::chrono::month(time.date.month) /
                                          std::chrono::day(time.date.day));
  const int64_t seconds = int64_t{days.time_since_epoch().count()} * 86400 +
                          time.time.hour * 3600 + time.time.minute * 60 + time.time.second -
                          int64_t{time.offset->minutes} * 60;
  return seconds * 1000 + time.time.nanosecond / 1'000'000;
}

Result<DeployFreeze> read_freeze(const toml::table& table, const std::string& path) {
  DeployFreeze freeze;
  for (const auto& [name, node] : table) {
    const std::string key(name.str());
    if (key == "name" && node.as_string() != nullptr) {
      freeze.name = node.as_string()->get();
    } else if (key == "name") {
      return fail(ErrorCode::kBadData, "\"freeze.name\" is no text", place(path, node),
                  "write a name in quotes");
    } else if (key == "from") {
      TL_ASSIGN_OR_RETURN(freeze.from_unix_ms, freeze_time(node, key, path));
    } else if (key == "until") {
      TL_ASSIGN_OR_RETURN(freeze.until_unix_ms, freeze_time(node, key, path));
    } else {
      return fail(ErrorCode::kBadData, "unknown key \"freeze." + key + "\"",
                  place(path, name.source().begin), "a freeze has name, from, until");
    }
  }
  for (const char* key : {"name", "from", "until"}) {
    if (table.contains(key)) continue;
    return fail(ErrorCode::kBadData, std::string("the freeze has no \"") + key + "\"",
                place(path, table), "a freeze has name, from, until");
  }
  return freeze;
}

Status read_freezes(const toml::node& node, const std::string& path, GovernancePolicy& policy) {
  const toml::array* list = node.as_array();
  if (list == nullptr) {
    return fail(ErrorCode::kBadData, "\"freeze\" is no list of tables", place(path, node),
                "begin each freeze with [[freeze]]");
  }
  for (const toml::node& element : *list) {
    const toml::table* table = element.as_table();
    if (table == nullptr) {
      return fail(ErrorCode::kBadData, "\"freeze\" is no list of tables", place(path, element),
                  "begin each freeze with [[freeze]]");
    }
    TL_ASSIGN_OR_RETURN(DeployFreeze freeze, read_freeze(*table, path));
    policy.freezes.push_back(std::move(freeze));
  }
  return {};
}

Status read_format(const toml::node& node, const std::string& path) {
  if (node.as_integer() != nullptr && node.as_integer()->get() == 1) return {};
  return fail(ErrorCode::kBadData, "the policy is of another format", place(path, node),
              "write format = 1");
}

Status read_table(const toml::table& table, const std::string& prefix, const std::string& path,
                  GovernancePolicy& policy) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (const PolicyField* field = find_field(key)) {
      TL_RETURN_IF_ERROR(
          set_field(policy, *field, node, ErrorCode::kBadData, place(path, node)));
    } else if (key == "format") {
      TL_RETURN_IF_ERROR(read_format(node, path));
    } else if (key == "freeze") {
      TL_RETURN_IF_ERROR(read_freezes(node, path, policy));
    } else if (is_section(key)) {
      if (node.as_table() == nullptr) {
        return fail(ErrorCode::kBadData, "\"" + key + "\" is no table", place(path, node),
                    "write [" + key + "] and its keys below");
      }
      TL_RETURN_IF_ERROR(read_table(*node.as_table(), key + ".", path, policy));
    } else {
      return fail(ErrorCode::kBadData, "unknown key \"" + key + "\"",
                  place(path, name.source().begin),
                  "the keys are " + known_keys() + ", and [[freeze]]");
    }
  }
  return {};
}

/// Where a contradiction stands: at its key, else at its table, else at the file's beginning.
std::string place_of(const toml::table& table, const std::string& key, const std::string& path) {
  if (const auto node = table.at_path(key)) return place(path, *node.node());
  if (const auto section = table.at_path(key.substr(0, key.find('.')))) {
    return place(path, *section.node());
  }
  return path + " line 1 column 1";
}

// ---- Writing -------------------------------------------------------------------------------------

/// The shortest text that reads as the same number, and as no whole one.
std::string number_text(double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  std::string number(text, end);
  if (number.find_first_of(".e") == std::string::npos) number += ".0";
  return number;
}

/// A basic string of TOML; JSON's escapes are a subset of its own.
std::string quoted(const std::string& text) { return dump_json(Json(text)); }

struct TomlText {
  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
  std::string operator()(int64_t number) const { return std::to_string(number); }
  std::string operator()(double number) const { return number_text(number); }
  std::string operator()(const std::string& text) const { return quoted(text); }
  std::string operator()(const PolicyBand& band) const {
    return "[" + number_text(band.low) + ", " + number_text(band.high) + "]";
  }
  std::string operator()(const std::vector<std::string>& names) const {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + quoted(name);
    return "[" + text + "]";
  }
};

Json bound_json(double bound) { return std::isinf(bound) ? Json() : Json(bound); }

struct JsonValue {
  OrderedJson operator()(const PolicyBand& band) const {
    return OrderedJson::array({bound_json(band.low), bound_json(band.high)});
  }
  template <typename Value>
  OrderedJson operator()(const Value& value) const {
    return value;
  }
};

}  // namespace

Result<GovernancePolicy> parse_policy(std::string_view text, const std::string& path) {
  toml::table table;
  try {
    table = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::kBadData, std::string(error.description()),
                place(path, error.source().begin), "mend the TOML there");
  }
  GovernancePolicy policy;
  TL_RETURN_IF_ERROR(read_table(table, "", path, policy));
  if (const auto fault = find_contradiction(policy)) {
    return fail(ErrorCode::kBadData, fault->what, place_of(table, fault->key, path), fault->hint);
  }
  return policy;
}

Result<GovernancePolicy> read_policy(FileSystem& files, const std::string& path) {
  TL_ASSIGN_OR_RETURN(const std::string text, read_file(files, path, kMaxPolicyBytes));
  return parse_policy(text, path);
}

Status set_policy_value(GovernancePolicy& policy, const std::string& key,
                        const std::string& value) {
  const PolicyField* field = find_field(key);
  if (field == nullptr) {
    return fail(ErrorCode::kInvalidArgument, "unknown key \"" + key + "\"", key,
                "the keys are " + known_keys() + "; freezes are set by a policy file");
  }
  GovernancePolicy changed = policy;
  toml::table table;
  try {
    table = toml::parse("value = " + value);
  } catch (const toml::parse_error&) {
    table.insert("value", value);  // A bare word is a text.
  }
  const toml::node* node = table.get("value");
  if (table.size() != 1) {
    return fail(ErrorCode::kInvalidArgument, "that is more than one value", key,
                "write " + field->expected);
  }
  TL_RETURN_IF_ERROR(set_field(changed, *field, *node, ErrorCode::kInvalidArgument, key));
  if (const auto fault = find_contradiction(changed)) {
    return fail(ErrorCode::kInvalidArgument, fault->what, fault->key, fault->hint);
  }
  policy = std::move(changed);
  return {};
}

std::string to_toml(const GovernancePolicy& policy) {
  std::string text = "format = 1\n";
  std::string section;
  for (const PolicyField& field : policy_fields()) {
    const size_t dot = field.key.find('.');
    const std::string of = dot == std::string::npos ? "" : field.key.substr(0, dot);
    if (of != section) text += "\n[" + of + "]\n";
    section = of;
    text += (of.empty() ? field.key : field.key.substr(dot + 1)) + " = " +
            std::visit(TomlText{}, field.get(policy)) + "\n";
  }
  for (const DeployFreeze& freeze : policy.freezes) {
    text += "\n[[freeze]]\nname = " + quoted(freeze.name) + "\nfrom = " +
            utc_text(freeze.from_unix_ms) + "\nuntil = " + utc_text(freeze.until_unix_ms) + "\n";
  }
  return text;
}

std::string to_json(const GovernancePolicy& policy) {
  OrderedJson json = {{"format", 1}};
  for (const PolicyField& field : policy_fields()) {
    const size_t dot = field.key.find('.');
    OrderedJson& holder =
        dot == std::string::npos ? json : json[field.key.substr(0, dot)];
    const std::string name = dot == std::string::npos ? field.key : field.key.substr(dot + 1);
    holder[name] = std::visit(JsonValue{}, field.get(policy));
  }
  json["freeze"] = OrderedJson::array();
  for (const DeployFreeze& freeze : policy.freezes) {
    json["freeze"].push_back({{"name", freeze.name},
                              {"from", utc_text(freeze.from_unix_ms)},
                              {"until", utc_text(freeze.until_unix_ms)}});
  }
  return dump_json(json);
}

std::vector<std::string> policy_keys() {
  std::vector<std::string> keys;
  for (const PolicyField& field : policy_fields()) keys.push_back(field.key);
  return keys;
}

}  // namespace thunderline::thunderchief
