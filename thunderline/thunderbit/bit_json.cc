#include "thunderline/thunderbit/bit_json.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "thunderline/base/json_util.h"
#include "thunderline/thunderbit/context_editor.h"
#include "thunderline/thunderbit/wiring.h"

namespace thunderline::thunderbit {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr uint32_t kMaxDepth = uint32_t{1} << 31;  // leaves room for links to come

// ---- Writing ----

/// Length of the UTF-8 sequence at the front of `text`, 0 where there is none (RFC 3629).
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                        : lead >= 0xE0 && lead <= 0xEF ? 3
                        : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                       : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  const bool no_character = (lead == 0xED && byte(1) > 0x9F) || (lead == 0xF4 && byte(1) > 0x8F);
  return overlong || no_character ? 0 : length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

Json text_json(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::string hex;
  hex.reserve(text.size() * 2);
  for (const char c : text) {
    hex += kHexDigits[static_cast<unsigned char>(c) >> 4];
    hex += kHexDigits[static_cast<unsigned char>(c) & 15];
  }
  return {{"hex", hex}};
}

template <typename Texts>
Json texts_json(const Texts& texts) {
  Json list = Json::array();
  for (const auto& text : texts) list.push_back(text_json(text));
  return list;
}

template <typename List>
Json names_json(const List& items) {
  Json list = Json::array();
  for (const auto& item : items) list.push_back(name_of(item));
  return list;
}

template <typename Enum>
Json set_json(const EnumSet<Enum>& set, size_t count) {
  Json list = Json::array();
  for (size_t i = 0; i < count; ++i) {
    if (set.contains(static_cast<Enum>(i))) list.push_back(name_of(static_cast<Enum>(i)));
  }
  return list;
}

Json score_json(const Score& score) {
  return {{"score", score.score},
          {"confidence", score.confidence},
          {"label", name_of(score.label)},
          {"suggested_action", text_json(score.suggested_action.view())},
          {"model_version", text_json(score.model_version.view())}};
}

Json bit_json(const Bit& bit) {
  Json json = {{"id", bit.id.to_string()},
               {"category", name_of(bit.category)},
               {"role", name_of(bit.role())},
               {"status", name_of(bit.status)},
               {"verdict", name_of(bit.verdict)},
               {"capabilities_used", set_json(bit.capabilities_used, kCapabilityCount)},
               {"energy", bit.energy},
               {"salience", bit.salience},
               {"health", bit.health},
               {"priority", bit.priority},
               {"chain_depth", bit.chain_depth},
               {"transition_count", bit.transition_count},
               {"spawned_tick", bit.spawned_tick},
               {"last_evaluated_tick", bit.last_evaluated_tick},
               {"channels", bit.channels.view()},
               {"content", text_json(bit.content.view())},
               {"kind", text_json(bit.kind.view())},
               {"owner", text_json(bit.owner.view())},
               {"zone", text_json(bit.zone.view())},
               {"tags", texts_json(bit.tags.view())}};
  json["score"] = bit.score ? score_json(*bit.score) : Json(nullptr);
  return json;
}

Json options_json(const ContextOptions& options) {
  Json metadata = Json::array();
  for (const auto& [key, value] : options.metadata) {
    metadata.push_back(Json::array({text_json(key), text_json(value)}));
  }
  return {{"scope",
           {{"pac_id", text_json(options.scope.pac_id.view())},
            {"graph_id", text_json(options.scope.graph_id.view())},
            {"zone", text_json(options.scope.zone.view())}}},
          {"policy",
           {{"forbidden_categories",
             set_json(options.policy.forbidden_categories, kCategoryCount)},
            {"forbidden_actions", texts_json(options.policy.forbidden_actions)},
            {"warn_risk", options.policy.warn_risk},
            {"veto_risk", options.policy.veto_risk}}},
          {"active_maxims", texts_json(options.active_maxims)},
          {"channel_names", texts_json(options.channel_names)},
          {"metadata", std::move(metadata)},
          {"event_log_capacity", options.event_log_capacity}};
}

Json edge_json(const Edge& edge) {
  return {{"from", edge.from.to_string()},
          {"to", edge.to.to_string()},
          {"relation", name_of(edge.relation)},
          {"strength", edge.strength},
          {"closes_cycle", edge.closes_cycle}};
}

Json event_json(const ContextEvent& event) {
  return {{"sequence", event.sequence},
          {"tick", event.tick},
          {"verb", name_of(event.verb)},
          {"bit", event.bit.to_string()},
          {"detail", text_json(event.detail.view())}};
}

// ---- Reading ----

tl::unexpected<Error> bad(std::string message, const std::string& where) {
  return fail(ErrorCode::kBadData, std::move(message), where);
}

/// An error of a check as one of the data that were read.
template <typename T>
Result<T> as_bad_data(Result<T> result, const std::string& where) {
  if (result) return result;
  Error error = std::move(result).error();
  error.code = ErrorCode::kBadData;
  error.where = where + (error.where.empty() ? "" : ": " + error.where);
  return tl::unexpected<Error>(std::move(error));
}

Result<const Json*> member(const Json& object, const char* field, const std::string& where) {
  if (!object.is_object() || !object.contains(field)) {
    return bad(std::string("the field \"") + field + "\" is missing", where);
  }
  return &object.at(field);
}

Result<const Json*> array_member(const Json& object, const char* field, const std::string& where) {
  TL_ASSIGN_OR_RETURN(const Json* list, member(object, field, where));
  if (!list->is_array()) return bad(std::string("\"") + field + "\" must be an array", where);
  return list;
}

int hex_value(char c) {
  const std::string_view digits(kHexDigits, 16);
  const size_t at = digits.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

Result<std::string> read_text(const Json& value, const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  TL_ASSIGN_OR_RETURN(const std::string hex, json_string(value, "hex", where));
  if (hex.size() % 2 != 0) return bad("an odd number of hexadecimal digits", where);
  std::string text;
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_value(hex[i]), low = hex_value(hex[i + 1]);
    if (high < 0 || low < 0) return bad("not lower-case hexadecimal digits", where);
    text += static_cast<char>(high << 4 | low);
  }
  return text;
}

Status read(const Json& object, const char* field, const std::string& where, SharedText& out) {
  TL_ASSIGN_OR_RETURN(const Json* value, member(object, field, where));
  TL_ASSIGN_OR_RETURN(out, read_text(*value, where + "." + field));
  return {};
}

Status read(const Json& object, const char* field, const std::string& where,
            std::vector<std::string>& out) {
  TL_ASSIGN_OR_RETURN(const Json* list, array_member(object, field, where));
  out.clear();
  for (const Json& value : *list) {
    TL_ASSIGN_OR_RETURN(std::string text, read_text(value, where + "." + field));
    out.push_back(std::move(text));
  }
  return {};
}

Status read(const Json& object, const char* field, const std::string& where, float& out) {
  TL_ASSIGN_OR_RETURN(const double value, json_number(object, field, where));
  out = static_cast<float>(value);
  return {};
}

Status read(const Json& object, const char* field, const std::string& where, bool& out) {
  TL_ASSIGN_OR_RETURN(out, json_bool(object, field, where));
  return {};
}

Status read(const Json& object, const char* field, const std::string& where, int64_t& out) {
  TL_ASSIGN_OR_RETURN(out, json_integer(object, field, where));
  return {};
}

Status read(const Json& object, const char* field, const std::string& where, uint64_t& out) {
  TL_ASSIGN_OR_RETURN(const int64_t value, json_integer(object, field, where));
  if (value < 0) return bad(std::string("\"") + field + "\" is negative", where);
  out = static_cast<uint64_t>(value);
  return {};
}

Status read(const Json& object, const char* field, const std::string& where, uint32_t& out) {
  uint64_t value = 0;
  TL_RETURN_IF_ERROR(read(object, field, where, value));
  if (value > std::numeric_limits<uint32_t>::max()) {
    return bad(std::string("\"") + field + "\" is too large", where);
  }
  out = static_cast<uint32_t>(value);
  return {};
}

Status read(const Json& object, const char* field, const std::string& where, Uuid& out) {
  TL_ASSIGN_OR_RETURN(const std::string text, json_string(object, field, where));
  TL_ASSIGN_OR_RETURN(out, as_bad_data(Uuid::parse(text), where + "." + field));
  return {};
}

/// A field that holds an enumerator's name; `parse` is its parser.
template <typename Enum>
Status read_name(const Json& object, const char* field, const std::string& where,
                 Result<Enum> (*parse)(std::string_view), Enum& out) {
  TL_ASSIGN_OR_RETURN(const std::string name, json_string(object, field, where));
  TL_ASSIGN_OR_RETURN(out, as_bad_data(parse(name), where + "." + field));
  return {};
}

template <typename Enum>
Status read_names(const Json& object, const char* field, const std::string& where,
                  Result<Enum> (*parse)(std::string_view), EnumSet<Enum>& out) {
  std::vector<std::string> names;
  TL_RETURN_IF_ERROR(read(object, field, where, names));
  for (const std::string& name : names) {
    TL_ASSIGN_OR_RETURN(const Enum item, as_bad_data(parse(name), where + "." + field));
    out.insert(item);
  }
  return {};
}

Result<Score> read_score(const Json& json, const std::string& where) {
  Score score;
  TL_RETURN_IF_ERROR(read(json, "score", where, score.score));
  TL_RETURN_IF_ERROR(read(json, "confidence", where, score.confidence));
  TL_RETURN_IF_ERROR(read_name(json, "label", where, parse_score_label, score.label));
  TL_RETURN_IF_ERROR(read(json, "suggested_action", where, score.suggested_action));
  TL_RETURN_IF_ERROR(read(json, "model_version", where, score.model_version));
  return score;
}

Status read_channels(const Json& json, const std::string& where, Channels& out) {
  TL_ASSIGN_OR_RETURN(const Json* list, array_member(json, "channels", where));
  std::vector<float> values;
  for (const Json& value : *list) {
    if (!value.is_number()) return bad("a channel must be a number", where + ".channels");
    values.push_back(value.get<float>());
  }
  TL_ASSIGN_OR_RETURN(out, as_bad_data(Channels::from(values), where));
  return {};
}

Status read_levels(const Json& json, const std::string& where, Bit& bit) {
  TL_RETURN_IF_ERROR(read(json, "energy", where, bit.energy));
  TL_RETURN_IF_ERROR(read(json, "salience", where, bit.salience));
  TL_RETURN_IF_ERROR(read(json, "health", where, bit.health));
  TL_RETURN_IF_ERROR(read(json, "priority", where, bit.priority));
  TL_RETURN_IF_ERROR(read(json, "chain_depth", where, bit.chain_depth));
  TL_RETURN_IF_ERROR(read(json, "transition_count", where, bit.transition_count));
  TL_RETURN_IF_ERROR(read(json, "spawned_tick", where, bit.spawned_tick));
  return read(json, "last_evaluated_tick", where, bit.last_evaluated_tick);
}

Status read_texts(const Json& json, const std::string& where, Bit& bit) {
  TL_RETURN_IF_ERROR(read(json, "content", where, bit.content));
  TL_RETURN_IF_ERROR(read(json, "kind", where, bit.kind));
  TL_RETURN_IF_ERROR(read(json, "owner", where, bit.owner));
  TL_RETURN_IF_ERROR(read(json, "zone", where, bit.zone));
  std::vector<std::string> tags;
  TL_RETURN_IF_ERROR(read(json, "tags", where, tags));
  bit.tags = Tags(std::move(tags));
  return {};
}

Result<Bit> read_bit(const Json& json, const std::string& where) {
  Bit bit;
  TL_RETURN_IF_ERROR(read(json, "id", where, bit.id));
  TL_RETURN_IF_ERROR(read_name(json, "category", where, parse_category, bit.category));
  Role role = Role::kObserver;
  TL_RETURN_IF_ERROR(read_name(json, "role", where, parse_role, role));
  if (role != bit.role()) return bad("the role is not that of the category", where + ".role");
  TL_RETURN_IF_ERROR(read_name(json, "status", where, parse_bit_status, bit.status));
  TL_RETURN_IF_ERROR(read_name(json, "verdict", where, parse_verdict, bit.verdict));
  TL_RETURN_IF_ERROR(read_names(json, "capabilities_used", where, parse_capability,
                                bit.capabilities_used));
  TL_RETURN_IF_ERROR(read_levels(json, where, bit));
  TL_RETURN_IF_ERROR(read_channels(json, where, bit.channels));
  TL_RETURN_IF_ERROR(read_texts(json, where, bit));
  TL_ASSIGN_OR_RETURN(const Json* score, member(json, "score", where));
  if (!score->is_null()) {
    TL_ASSIGN_OR_RETURN(bit.score, read_score(*score, where + ".score"));
  }
  TL_RETURN_IF_ERROR(as_bad_data(check_bit(bit), where));
  return bit;
}

Status read_metadata(const Json& json, const std::string& where, Metadata& out) {
  TL_ASSIGN_OR_RETURN(const Json* list, array_member(json, "metadata", where));
  for (const Json& pair : *list) {
    if (!pair.is_array() || pair.size() != 2) {
      return bad("must hold pairs of key and value", where + ".metadata");
    }
    TL_ASSIGN_OR_RETURN(std::string key, read_text(pair[0], where + ".metadata"));
    TL_ASSIGN_OR_RETURN(out[std::move(key)], read_text(pair[1], where + ".metadata"));
  }
  return {};
}

Result<ContextOptions> read_options(const Json& json, const std::string& where) {
  ContextOptions options;
  TL_ASSIGN_OR_RETURN(const Json* scope, member(json, "scope", where));
  TL_RETURN_IF_ERROR(read(*scope, "pac_id", where + ".scope", options.scope.pac_id));
  TL_RETURN_IF_ERROR(read(*scope, "graph_id", where + ".scope", options.scope.graph_id));
  TL_RETURN_IF_ERROR(read(*scope, "zone", where + ".scope", options.scope.zone));
  TL_ASSIGN_OR_RETURN(const Json* policy, member(json, "policy", where));
  const std::string at_policy = where + ".policy";
  TL_RETURN_IF_ERROR(read_names(*policy, "forbidden_categories", at_policy, parse_category,
                                options.policy.forbidden_categories));
  TL_RETURN_IF_ERROR(
      read(*policy, "forbidden_actions", at_policy, options.policy.forbidden_actions));
  TL_RETURN_IF_ERROR(read(*policy, "warn_risk", at_policy, options.policy.warn_risk));
  TL_RETURN_IF_ERROR(read(*policy, "veto_risk", at_policy, options.policy.veto_risk));
  TL_RETURN_IF_ERROR(read(json, "active_maxims", where, options.active_maxims));
  TL_RETURN_IF_ERROR(read(json, "channel_names", where, options.channel_names));
  TL_RETURN_IF_ERROR(read_metadata(json, where, options.metadata));
  TL_RETURN_IF_ERROR(read(json, "event_log_capacity", where, options.event_log_capacity));
  return options;
}

Status read_bits(const Json& json, const std::string& where, Context& context) {
  TL_ASSIGN_OR_RETURN(const Json* list, array_member(json, "bits", where));
  ContextEditor editor(context);
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string at = where + ".bits[" + std::to_string(i) + "]";
    TL_ASSIGN_OR_RETURN(Bit bit, read_bit((*list)[i], at));
    if (context.find(bit.id) != nullptr) return bad("the id stands twice", at + ".id");
    if (bit.id.is_nil()) return bad("the id is nil", at + ".id");
    uint32_t depth = 0;
    TL_RETURN_IF_ERROR(read((*list)[i], "depth", at, depth));
    if (depth > kMaxDepth) return bad("no chain is that long", at + ".depth");
    editor.restore_depth(editor.add_bit(std::move(bit)), depth);
  }
  return {};
}

/// Links of live bits that close no cycle must lead from a lower depth to a higher one.
bool depths_fit(const Context& context, BitRef from, BitRef to, bool closes_cycle) {
  const bool counts = !closes_cycle && context.find(from)->status != BitStatus::kRetired &&
                      context.find(to)->status != BitStatus::kRetired;
  return !counts || context.link_counts(from).depth < context.link_counts(to).depth;
}

Status read_edge(const Json& json, const std::string& where, Context& context) {
  Edge edge;
  TL_RETURN_IF_ERROR(read(json, "from", where, edge.from));
  TL_RETURN_IF_ERROR(read(json, "to", where, edge.to));
  TL_RETURN_IF_ERROR(read_name(json, "relation", where, parse_relation, edge.relation));
  TL_RETURN_IF_ERROR(read(json, "closes_cycle", where, edge.closes_cycle));
  TL_ASSIGN_OR_RETURN(const BitRef from, as_bad_data(context.resolve(edge.from), where));
  TL_ASSIGN_OR_RETURN(const BitRef to, as_bad_data(context.resolve(edge.to), where));
  if (from == to) return bad("a bit does not link to itself", where);
  TL_RETURN_IF_ERROR(as_bad_data(check_wiring(context.find(from)->category,
                                              context.find(to)->category, edge.relation),
                                 where));
  if (context.linked(from, to, edge.relation)) return bad("the link stands twice", where);
  if (!depths_fit(context, from, to, edge.closes_cycle)) {
    return bad("the target's depth is not above the source's", where);
  }
  ContextEditor(context).restore_edge(from, to, edge.relation, edge.closes_cycle);
  return {};
}

Status read_edges(const Json& json, const std::string& where, Context& context) {
  TL_ASSIGN_OR_RETURN(const Json* list, array_member(json, "edges", where));
  for (size_t i = 0; i < list->size(); ++i) {
    TL_RETURN_IF_ERROR(
        read_edge((*list)[i], where + ".edges[" + std::to_string(i) + "]", context));
  }
  return {};
}

Status read_log(const Json& json, const std::string& where, Context& context) {
  uint64_t event_count = 0;
  TL_RETURN_IF_ERROR(read(json, "event_count", where, event_count));
  TL_ASSIGN_OR_RETURN(const Json* list, array_member(json, "events", where));
  const uint64_t kept = std::min<uint64_t>(event_count, context.options().event_log_capacity);
  if (list->size() != kept) {
    return bad("there must be " + std::to_string(kept) + " events", where + ".events");
  }
  std::vector<ContextEvent> events(list->size());
  for (size_t i = 0; i < events.size(); ++i) {
    const std::string at = where + ".events[" + std::to_string(i) + "]";
    TL_RETURN_IF_ERROR(read((*list)[i], "sequence", at, events[i].sequence));
    TL_RETURN_IF_ERROR(read((*list)[i], "tick", at, events[i].tick));
    TL_RETURN_IF_ERROR(read_name((*list)[i], "verb", at, parse_verb, events[i].verb));
    TL_RETURN_IF_ERROR(read((*list)[i], "bit", at, events[i].bit));
    TL_RETURN_IF_ERROR(read((*list)[i], "detail", at, events[i].detail));
    if (events[i].sequence != event_count - kept + i) {
      return bad("the newest events must follow each other", at + ".sequence");
    }
  }
  ContextEditor(context).restore_log(events, event_count);
  return {};
}

// ---- Tables ----

Json category_json(const CategoryInfo& info) {
  return {{"id", info.name},
          {"role", name_of(info.role)},
          {"can_link_to", names_json(info.can_link_to)},
          {"capabilities", names_json(info.capabilities)},
          {"forbidden", names_json(info.forbidden)},
          {"composition", info.composition},
          {"required_maxims", texts_json(info.required_maxims)},
          {"forbidden_maxims", texts_json(info.forbidden_maxims)},
          {"shape", info.shape},
          {"color", info.color},
          {"size_by", info.size_by}};
}

/// The number that people wrote: 0.8f becomes 0.8 and not 0.800000011920929.
double short_decimal(float value) { return std::round(value * 1e6) / 1e6; }

}  // namespace

std::string bit_to_json(const Bit& bit) { return dump_json(bit_json(bit)); }

Result<Bit> bit_from_json(std::string_view text, const std::string& where) {
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(text, where));
  return read_bit(json, where);
}

std::string context_to_json(const Context& context) {
  Json json = options_json(context.options());
  json["version"] = kContextJsonVersion;
  json["tick"] = context.tick();
  json["generation"] = context.ref_at(0).generation;
  json["event_count"] = context.event_count();
  Json& bits = json["bits"] = Json::array();
  for (auto it = context.bits().begin(); it != context.bits().end(); ++it) {
    bits.push_back(bit_json(*it));
    bits.back()["depth"] = context.link_counts(context.ref_at(it.index())).depth;
  }
  Json& edges = json["edges"] = Json::array();
  for (const Edge& edge : context.edges()) edges.push_back(edge_json(edge));
  Json& events = json["events"] = Json::array();
  for (const ContextEvent& event : context.events()) events.push_back(event_json(event));
  return dump_json(json);
}

Result<Context> context_from_json(std::string_view text, const std::string& where) {
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(text, where));
  TL_ASSIGN_OR_RETURN(const int64_t version, json_integer(json, "version", where));
  if (version != kContextJsonVersion) {
    return bad("version " + std::to_string(version) + ", where 1 is known", where + ".version");
  }
  TL_ASSIGN_OR_RETURN(ContextOptions options, read_options(json, where));
  TL_ASSIGN_OR_RETURN(Context context, as_bad_data(Context::create(std::move(options)), where));
  int64_t tick = 0;
  uint32_t generation = 0;
  TL_RETURN_IF_ERROR(read(json, "tick", where, tick));
  if (tick < 0) return bad("the tick is negative", where + ".tick");
  TL_RETURN_IF_ERROR(read(json, "generation", where, generation));
  ContextEditor(context).restore_clock(tick, generation);
  TL_RETURN_IF_ERROR(read_bits(json, where, context));
  TL_RETURN_IF_ERROR(read_edges(json, where, context));
  TL_RETURN_IF_ERROR(read_log(json, where, context));
  return context;
}

std::string category_table_to_json() {
  Json json;
  for (const CategoryInfo& info : category_table()) {
    json["categories"].push_back(category_json(info));
  }
  json["default_active_maxims"] = texts_json(default_active_maxims());
  for (const RelationInfo& info : relation_table()) {
    json["relations"][std::string(info.name)] = {{"from_roles", names_json(info.from_roles)},
                                                 {"strength", short_decimal(info.strength)},
                                                 {"meaning", info.meaning}};
  }
  for (size_t i = 0; i < kBitStatusCount; ++i) {
    json["bit_status"].push_back(name_of(static_cast<BitStatus>(i)));
  }
  return dump_json(json);
}

}  // namespace thunderline::thunderbit
