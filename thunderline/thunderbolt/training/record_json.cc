#include "thunderline/thunderbolt/training/record_json.h"

#include <charconv>
#include <cmath>
#include <set>
#include <type_traits>
#include <vector>

#include "thunderline/base/json_util.h"

namespace thunderline::thunderbolt {
namespace {

template <typename Number>
void append_number(std::string& out, Number value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  const std::string_view digits(text, static_cast<size_t>(end - text));
  out += digits;
  // "-0" would be read back as the integer 0.
  const bool looks_whole = digits.find_first_of(".e") == std::string_view::npos;
  if (std::is_floating_point_v<Number> && looks_whole) out += ".0";
}

void append_numbers(std::string& out, std::span<const float> values) {
  out += '[';
  for (const float value : values) {
    if (out.back() != '[') out += ',';
    append_number(out, value);
  }
  out += ']';
}

void append_optional(std::string& out, const std::optional<double>& value) {
  if (value) {
    append_number(out, *value);
  } else {
    out += "null";
  }
}

void append_text(std::string& out, std::string_view text) { out += dump_json(Json(text)); }

/// JSON may have line ends between its tokens; a line of JSONL must not.
void append_one_line(std::string& out, std::string_view json) {
  for (const char c : json) out += c == '\n' || c == '\r' ? ' ' : c;
}

void append_bool(std::string& out, bool value) { out += value ? "true" : "false"; }

void append_step_members(std::string& out, const StepView& step, std::optional<double> reward) {
  out += "\"id\":\"" + step.id.to_string() + "\",\"source\":";
  append_text(out, step.source);
  out += ",\"episode\":";
  append_text(out, step.episode);
  out += ",\"state\":";
  append_numbers(out, step.state);
  out += ",\"action\":";
  append_number(out, step.action);
  out += ",\"reward\":";
  append_optional(out, reward);
  out += ",\"next_state\":";
  append_numbers(out, step.next_state);
  out += ",\"terminated\":";
  append_bool(out, step.terminated);
  out += ",\"truncated\":";
  append_bool(out, step.truncated);
  out += ",\"propensity\":";
  append_optional(out, step.propensity);
  out += ",\"metadata\":";
  append_one_line(out, step.metadata.empty() ? "{}" : step.metadata);
}

void append_members(std::string& out, const StepView& step) {
  append_step_members(out, step, step.reward);
}

void append_members(std::string& out, const Outcome& outcome) {
  out += "\"step_id\":\"" + outcome.step_id.to_string() + "\",\"seen\":";
  append_bool(out, outcome.seen);
  out += ",\"reward\":";
  append_number(out, outcome.reward);
  out += ",\"tick\":";
  append_number(out, outcome.tick);
}

void append_members(std::string& out, const ChiefStep& step) {
  out += "\"source\":";
  append_text(out, step.source);
  out += ",\"tick\":";
  append_number(out, step.tick);
  out += ",\"state\":";
  append_numbers(out, step.state);
  out += ",\"action\":";
  append_number(out, step.action);
  out += ",\"reward\":";
  append_number(out, step.reward);
  out += ",\"next_state\":";
  append_numbers(out, step.next_state);
}

void append_members(std::string& out, const Transition& transition) {
  out += "\"bit\":\"" + transition.bit.to_string() + "\"";
  const std::pair<const char*, const std::string&> texts[] = {{"episode", transition.episode},
                                                              {"verb", transition.verb},
                                                              {"from", transition.from},
                                                              {"to", transition.to},
                                                              {"reason", transition.reason}};
  for (const auto& [name, text] : texts) {
    out += std::string(",\"") + name + "\":";
    append_text(out, text);
  }
  out += ",\"tick\":";
  append_number(out, transition.tick);
}

void append_members(std::string& out, const LogEvent& event) {
  out += "\"event\":";
  append_text(out, event.kind);
  out += ",\"tick\":";
  append_number(out, event.tick);
  out += ",\"json\":";
  append_one_line(out, event.json);
}

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::kBadData, std::move(message));
}

/// Parses one object, strictly: no key twice, nesting up to kMaxJsonDepth.
Result<OrderedJson> parse_object(std::string_view line) {
  std::vector<std::set<std::string>> keys;
  std::string problem;
  const auto watch = [&](int depth, OrderedJson::parse_event_t event, OrderedJson& value) {
    using Event = OrderedJson::parse_event_t;
    if (depth > kMaxJsonDepth) problem = "JSON nested deeper than 64 levels";
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(value.get<std::string>()).second) {
      problem = "the key " + dump_json(value) + " comes twice";
    }
    return problem.empty();
  };
  try {
    OrderedJson value = OrderedJson::parse(line, watch);
    if (!problem.empty()) return bad(problem);
    if (!value.is_object()) return bad("not a JSON object");
    return value;
  } catch (const OrderedJson::exception& error) {
    if (!problem.empty()) return bad(problem);
    std::string reason = error.what();  // "[json.exception.parse_error.101] parse error at …"
    if (const size_t at = reason.find("] "); at != std::string::npos) reason.erase(0, at + 2);
    return bad("not valid JSON: " + reason);
  }
}

/// Takes members out of an object by name; what is left at the end is unknown.
class Members {
 public:
  explicit Members(OrderedJson object) : object_(std::move(object)) {}

  bool has(const char* name) const { return object_.contains(name); }

  Result<OrderedJson> take(const char* name) {
    const auto it = object_.find(name);
    if (it == object_.end()) return bad(quoted(name) + " is missing");
    OrderedJson value = std::move(*it);
    object_.erase(it);
    return value;
  }

  Result<std::string> text(const char* name) {
    TL_ASSIGN_OR_RETURN(const OrderedJson value, take(name));
    if (!value.is_string()) return wrong_type(name, "a string");
    return value.get<std::string>();
  }

  Result<Uuid> id(const char* name) {
    TL_ASSIGN_OR_RETURN(const std::string value, text(name));
    auto id = Uuid::parse(value);
    if (!id) return wrong_type(name, "a UUID");
    return *id;
  }

  Result<bool> boolean(const char* name) {
    TL_ASSIGN_OR_RETURN(const OrderedJson value, take(name));
    if (!value.is_boolean()) return wrong_type(name, "true or false");
    return value.get<bool>();
  }

  Result<int64_t> integer(const char* name, int64_t low, int64_t high) {
    TL_ASSIGN_OR_RETURN(const OrderedJson value, take(name));
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() ||
                       value.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX)) &&
                      value.get<int64_t>() >= low && value.get<int64_t>() <= high;
    if (!fits) return wrong_type(name, "an integer in its range");
    return value.get<int64_t>();
  }

  Result<std::optional<double>> optional_number(const char* name) {
    TL_ASSIGN_OR_RETURN(const OrderedJson value, take(name));
    if (value.is_null()) return std::nullopt;
    if (!value.is_number()) return wrong_type(name, "a number or null");
    return value.get<double>();
  }

  Result<double> number(const char* name) {
    TL_ASSIGN_OR_RETURN(const std::optional<double> value, optional_number(name));
    if (!value) return wrong_type(name, "a number");
    return *value;
  }

  Result<std::vector<float>> numbers(const char* name) {
    TL_ASSIGN_OR_RETURN(const OrderedJson value, take(name));
    if (!value.is_array()) return wrong_type(name, "an array of numbers");
    std::vector<float> numbers;
    numbers.reserve(value.size());
    for (const OrderedJson& element : value) {
      if (!element.is_number()) {
        return bad(quoted(name) + "[" + std::to_string(numbers.size()) + "] is not a number");
      }
      numbers.push_back(element.get<float>());
      if (!std::isfinite(numbers.back())) {
        return bad(quoted(name) + "[" + std::to_string(numbers.size() - 1) + "] is out of range");
      }
    }
    return numbers;
  }

  Status expect_no_more() const {
    if (object_.empty()) return {};
    return bad("the key " + quoted(object_.begin().key()) + " is unknown; put it into metadata");
  }

 private:
  static std::string quoted(const std::string& name) { return "\"" + name + "\""; }
  static tl::unexpected<Error> wrong_type(const char* name, const char* expected) {
    return bad(quoted(name) + " must be " + expected);
  }

  OrderedJson object_;
};

Result<bool> take_terminated(Members& members) {
  if (!members.has("done")) return members.boolean("terminated");
  TL_ASSIGN_OR_RETURN(const bool done, members.boolean("done"));
  if (!members.has("terminated")) return done;
  TL_ASSIGN_OR_RETURN(const bool terminated, members.boolean("terminated"));
  if (done != terminated) return bad("\"done\" and \"terminated\" contradict each other");
  return done;
}

Result<Step> take_step(Members& members) {
  Step step;
  if (members.has("id")) {
    TL_ASSIGN_OR_RETURN(step.id, members.id("id"));
  }
  TL_ASSIGN_OR_RETURN(step.source, members.text("source"));
  if (members.has("episode")) {
    TL_ASSIGN_OR_RETURN(step.episode, members.text("episode"));
  }
  TL_ASSIGN_OR_RETURN(step.state, members.numbers("state"));
  TL_ASSIGN_OR_RETURN(const int64_t action, members.integer("action", INT32_MIN, INT32_MAX));
  step.action = static_cast<int32_t>(action);
  TL_ASSIGN_OR_RETURN(step.reward, members.optional_number("reward"));
  if (members.has("next_state")) {
    TL_ASSIGN_OR_RETURN(step.next_state, members.numbers("next_state"));
  }
  TL_ASSIGN_OR_RETURN(step.terminated, take_terminated(members));
  if (members.has("truncated")) {
    TL_ASSIGN_OR_RETURN(step.truncated, members.boolean("truncated"));
  }
  step.propensity = 1.0;
  if (members.has("propensity")) {
    TL_ASSIGN_OR_RETURN(step.propensity, members.optional_number("propensity"));
  }
  if (members.has("metadata")) {
    TL_ASSIGN_OR_RETURN(const OrderedJson metadata, members.take("metadata"));
    if (!metadata.is_object()) return bad("\"metadata\" must be an object");
    if (!metadata.empty()) step.metadata = dump_json(metadata);
  }
  TL_RETURN_IF_ERROR(members.expect_no_more());
  return step;
}

Result<LogRecord> take_outcome(Members& members) {
  Outcome outcome;
  TL_ASSIGN_OR_RETURN(outcome.step_id, members.id("step_id"));
  TL_ASSIGN_OR_RETURN(outcome.seen, members.boolean("seen"));
  TL_ASSIGN_OR_RETURN(outcome.reward, members.number("reward"));
  TL_ASSIGN_OR_RETURN(outcome.tick, members.integer("tick", INT64_MIN, INT64_MAX));
  return outcome;
}

Result<LogRecord> take_chief_step(Members& members) {
  ChiefStep step;
  TL_ASSIGN_OR_RETURN(step.source, members.text("source"));
  TL_ASSIGN_OR_RETURN(step.tick, members.integer("tick", INT64_MIN, INT64_MAX));
  TL_ASSIGN_OR_RETURN(step.state, members.numbers("state"));
  TL_ASSIGN_OR_RETURN(const int64_t action, members.integer("action", INT32_MIN, INT32_MAX));
  step.action = static_cast<int32_t>(action);
  TL_ASSIGN_OR_RETURN(step.reward, members.number("reward"));
  TL_ASSIGN_OR_RETURN(step.next_state, members.numbers("next_state"));
  return step;
}

Result<LogRecord> take_transition(Members& members) {
  Transition transition;
  TL_ASSIGN_OR_RETURN(transition.bit, members.id("bit"));
  TL_ASSIGN_OR_RETURN(transition.episode, members.text("episode"));
  TL_ASSIGN_OR_RETURN(transition.verb, members.text("verb"));
  TL_ASSIGN_OR_RETURN(transition.from, members.text("from"));
  TL_ASSIGN_OR_RETURN(transition.to, members.text("to"));
  TL_ASSIGN_OR_RETURN(transition.reason, members.text("reason"));
  TL_ASSIGN_OR_RETURN(transition.tick, members.integer("tick", INT64_MIN, INT64_MAX));
  return transition;
}

Result<LogRecord> take_event(Members& members) {
  LogEvent event;
  TL_ASSIGN_OR_RETURN(event.kind, members.text("event"));
  TL_ASSIGN_OR_RETURN(event.tick, members.integer("tick", INT64_MIN, INT64_MAX));
  TL_ASSIGN_OR_RETURN(const OrderedJson json, members.take("json"));
  event.json = dump_json(json);
  return event;
}

Result<LogRecord> take_record(const std::string& kind, Members& members) {
  if (kind == kind_name(RecordKind::kStep)) {
    TL_ASSIGN_OR_RETURN(Step step, take_step(members));
    return step;
  }
  if (kind == kind_name(RecordKind::kOutcome)) return take_outcome(members);
  if (kind == kind_name(RecordKind::kChiefStep)) return take_chief_step(members);
  if (kind == kind_name(RecordKind::kTransition)) return take_transition(members);
  if (kind == kind_name(RecordKind::kEvent)) return take_event(members);
  return bad("the kind \"" + kind + "\" is unknown");
}

}  // namespace

void append_step_json(std::string& out, const StepView& step, std::optional<double> reward) {
  out += '{';
  append_step_members(out, step, reward);
  out += '}';
}

Result<Step> parse_step_json(std::string_view line) {
  TL_ASSIGN_OR_RETURN(OrderedJson object, parse_object(line));
  Members members(std::move(object));
  return take_step(members);
}

void append_record_json(std::string& out, uint64_t sequence, const RecordView& view) {
  out += "{\"sequence\":";
  append_number(out, sequence);
  out += std::string(",\"kind\":\"") + kind_name(kind_of(view)) + "\",";
  std::visit([&](const auto* record) { append_members(out, *record); }, view);
  out += '}';
}

Result<std::pair<uint64_t, LogRecord>> parse_record_json(std::string_view line) {
  TL_ASSIGN_OR_RETURN(OrderedJson object, parse_object(line));
  Members members(std::move(object));
  TL_ASSIGN_OR_RETURN(const int64_t sequence, members.integer("sequence", 1, INT64_MAX));
  TL_ASSIGN_OR_RETURN(const std::string kind, members.text("kind"));
  TL_ASSIGN_OR_RETURN(LogRecord record, take_record(kind, members));
  return std::pair(static_cast<uint64_t>(sequence), std::move(record));
}

}  // namespace thunderline::thunderbolt
