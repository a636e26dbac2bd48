#include "thunderline/base/json_util.h"

namespace thunderline {
namespace {

template <typename J>
Result<J> parse(std::string_view text, const std::string& where) {
  bool too_deep = false;
  // The parser recurses on nothing, but destroying and dumping a deep value would.
  const auto watch_depth = [&](int depth, typename J::parse_event_t, J&) {
    if (depth > kMaxJsonDepth) too_deep = true;
    return !too_deep;
  };
  try {
    J value = J::parse(text, watch_depth);
    if (too_deep) {
      return fail(ErrorCode::kBadData,
                  "JSON nested deeper than " + std::to_string(kMaxJsonDepth) + " levels", where);
    }
    return value;
  } catch (const nlohmann::json::parse_error& error) {
    return fail(ErrorCode::kBadData, "not valid JSON at byte " + std::to_string(error.byte), where,
                error.what());
  }
}

Result<const Json*> find(const Json& object, const char* field, const std::string& where) {
  if (!object.is_object()) return fail(ErrorCode::kBadData, "expected a JSON object", where);
  const auto it = object.find(field);
  if (it == object.end()) {
    return fail(ErrorCode::kBadData, std::string("the field \"") + field + "\" is missing", where);
  }
  return &*it;
}

tl::unexpected<Error> wrong_type(const char* field, const char* expected, const Json& got,
                                 const std::string& where) {
  std::string shown = dump_json(got);
  if (shown.size() > 64) shown = shown.substr(0, 61) + "...";
  return fail(ErrorCode::kBadData,
              std::string("the field \"") + field + "\" must be " + expected + ", got " + shown,
              where);
}

}  // namespace

Result<Json> parse_json(std::string_view text, const std::string& where) {
  return parse<Json>(text, where);
}

Result<OrderedJson> parse_ordered_json(std::string_view text, const std::string& where) {
  return parse<OrderedJson>(text, where);
}

std::string dump_json(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string dump_json(const OrderedJson& value, int indent) {
  return value.dump(indent, ' ', false, OrderedJson::error_handler_t::replace);
}

Result<std::string> json_string(const Json& object, const char* field, const std::string& where) {
  TL_ASSIGN_OR_RETURN(const Json* value, find(object, field, where));
  if (!value->is_string()) return wrong_type(field, "a string", *value, where);
  return value->get<std::string>();
}

Result<double> json_number(const Json& object, const char* field, const std::string& where) {
  TL_ASSIGN_OR_RETURN(const Json* value, find(object, field, where));
  if (!value->is_number()) return wrong_type(field, "a number", *value, where);
  return value->get<double>();
}

Result<int64_t> json_integer(const Json& object, const char* field, const std::string& where) {
  TL_ASSIGN_OR_RETURN(const Json* value, find(object, field, where));
  const bool fits = value->is_number_integer() &&
                    !(value->is_number_unsigned() &&
                      value->get<uint64_t>() > static_cast<uint64_t>(INT64_MAX));
  if (!fits) return wrong_type(field, "an integer", *value, where);
  return value->get<int64_t>();
}

Result<bool> json_bool(const Json& object, const char* field, const std::string& where) {
  TL_ASSIGN_OR_RETURN(const Json* value, find(object, field, where));
  if (!value->is_boolean()) return wrong_type(field, "true or false", *value, where);
  return value->get<bool>();
}

}  // namespace thunderline
