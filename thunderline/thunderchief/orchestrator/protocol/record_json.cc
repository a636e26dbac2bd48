#include "thunderline/thunderchief/orchestrator/protocol/record_json.h"

#include <limits>
#include <type_traits>

#include "thunderline/base/json_util.h"

namespace thunderline::thunderchief::protocol {
namespace {

// One list of fields a record serves writer and reader.
template <typename Visitor, typename Record>
void visit_request(Visitor& visit, Record& r) {
  visit("id", r.id);
  visit("kind", r.kind);
  visit("model", r.model);
  visit("phase", r.phase);
  visit("version", r.version);
  visit("attempt", r.attempt);
  visit("order", r.order);
  visit("epoch", r.epoch);
  visit("accepted_ms", r.accepted_ms);
  visit("deadline_ms", r.deadline_ms);
  visit("ended_ms", r.ended_ms);
  visit("cores", r.cores);
  visit("passed", r.passed);
  visit("reason", r.reason);
}

template <typename Visitor, typename Record>
void visit_model(Visitor& visit, Record& r) {
  visit("model", r.model);
  visit("next_version", r.next_version);
  visit("live", r.live);
  visit("earlier", r.earlier);
  visit("wanted", r.wanted);
  visit("wanted_epoch", r.wanted_epoch);
  visit("confirmed_epoch", r.confirmed_epoch);
}

template <typename Visitor, typename Record>
void visit_ask(Visitor& visit, Record& r) {
  visit("id", r.id);
  visit("kind", r.kind);
  visit("model", r.model);
  visit("version", r.version);
  visit("deadline_ms", r.deadline_ms);
  visit("cores", r.cores);
  visit("accepted", r.accepted);
  visit("cancel", r.cancel);
  visit("end", r.end);
  visit("reason", r.reason);
}

template <typename Visitor, typename Record>
void visit_live(Visitor& visit, Record& r) {
  visit("model", r.model);
  visit("version", r.version);
  visit("epoch", r.epoch);
}

/// The largest number of an enum.
int64_t largest(RequestKind) { return static_cast<int64_t>(RequestKind::kRollback); }
int64_t largest(Phase) { return static_cast<int64_t>(Phase::kCancelled); }

struct Writer {
  OrderedJson json = OrderedJson::object();

  template <typename T>
  void operator()(const char* name, const T& value) {
    if constexpr (std::is_enum_v<T>) {
      json[name] = static_cast<int>(value);
    } else {
      json[name] = value;
    }
  }
};

struct Reader {
  const Json& json;
  const std::string& where;
  Status status;

  void refuse(const char* name) {
    if (!status) return;
    status = fail(ErrorCode::kBadData, "the field \"" + std::string(name) + "\" is missing or wrong",
                  where, "restore state.db from a copy, or take another --home");
  }

  void operator()(const char* name, std::string& value) {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_string()) return refuse(name);
    value = found->get<std::string>();
  }
  void operator()(const char* name, bool& value) {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_boolean()) return refuse(name);
    value = found->get<bool>();
  }
  void operator()(const char* name, uint64_t& value) {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_number_unsigned()) return refuse(name);
    value = found->get<uint64_t>();
  }
  void operator()(const char* name, int64_t& value) {
    if (!integer(name, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max())) {
      return refuse(name);
    }
    value = json[name].get<int64_t>();
  }
  void operator()(const char* name, int& value) {
    if (!integer(name, std::numeric_limits<int>::min(), std::numeric_limits<int>::max())) {
      return refuse(name);
    }
    value = json[name].get<int>();
  }
  template <typename T>
    requires std::is_enum_v<T>
  void operator()(const char* name, T& value) {
    if (!integer(name, 0, largest(T{}))) return refuse(name);
    value = static_cast<T>(json[name].get<int>());
  }
  void operator()(const char* name, std::vector<int>& value) {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_array()) return refuse(name);
    for (const Json& entry : *found) {
      if (!fits(entry, 0, std::numeric_limits<int>::max())) return refuse(name);
      value.push_back(entry.get<int>());
    }
  }

  static bool fits(const Json& value, int64_t low, int64_t high) {
    if (!value.is_number_integer()) return false;
    if (value.is_number_unsigned()) {
      return value.get<uint64_t>() <= static_cast<uint64_t>(high) &&
             (low <= 0 || value.get<uint64_t>() >= static_cast<uint64_t>(low));
    }
    return value.get<int64_t>() >= low && value.get<int64_t>() <= high;
  }
  bool integer(const char* name, int64_t low, int64_t high) const {
    const auto found = json.find(name);
    return found != json.end() && fits(*found, low, high);
  }
};

template <typename Record, typename Visit>
std::string write(const Record& record, const Visit& visit) {
  Writer writer;
  visit(writer, record);
  return dump_json(writer.json);
}

template <typename Record, typename Visit>
Result<Record> read(std::string_view text, const std::string& where, const Visit& visit) {
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(text, where));
  Record record;
  Reader reader{json, where, {}};
  if (!json.is_object()) return fail(ErrorCode::kBadData, "the row is no object", where);
  visit(reader, record);
  TL_RETURN_IF_ERROR(reader.status);
  return record;
}

constexpr auto kRequest = [](auto& visitor, auto& record) { visit_request(visitor, record); };
constexpr auto kModel = [](auto& visitor, auto& record) { visit_model(visitor, record); };
constexpr auto kAsk = [](auto& visitor, auto& record) { visit_ask(visitor, record); };
constexpr auto kLive = [](auto& visitor, auto& record) { visit_live(visitor, record); };

}  // namespace

std::string to_json(const RequestRecord& record) { return write(record, kRequest); }
std::string to_json(const ModelRecord& record) { return write(record, kModel); }
std::string to_json(const AskRecord& record) { return write(record, kAsk); }
std::string to_json(const LiveRecord& record) { return write(record, kLive); }

Result<RequestRecord> request_from_json(std::string_view text, const std::string& where) {
  return read<RequestRecord>(text, where, kRequest);
}
Result<ModelRecord> model_from_json(std::string_view text, const std::string& where) {
  return read<ModelRecord>(text, where, kModel);
}
Result<AskRecord> ask_from_json(std::string_view text, const std::string& where) {
  return read<AskRecord>(text, where, kAsk);
}
Result<LiveRecord> live_from_json(std::string_view text, const std::string& where) {
  return read<LiveRecord>(text, where, kLive);
}

}  // namespace thunderline::thunderchief::protocol
