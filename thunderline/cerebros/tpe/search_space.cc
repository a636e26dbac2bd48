#include "thunderline/cerebros/tpe/search_space.h"

#include <initializer_list>
#include <set>

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/tpe/param_json.h"

namespace thunderline::cerebros::tpe {
namespace {

/// A misspelt field would be ignored in silence, and the study would search another space.
Status check_fields(const Json& entry, std::initializer_list<std::string_view> known,
                    const std::string& where) {
  for (const auto& [field, value] : entry.items()) {
    bool found = false;
    for (std::string_view name : known) found = found || name == field;
    if (!found) {
      return fail(ErrorCode::kBadData, "unknown field \"" + field + "\"", where,
                  "remove it or correct its name");
    }
  }
  return {};
}

Result<bool> log_flag(const Json& entry, const std::string& where) {
  if (!entry.contains("log")) return false;
  return json_bool(entry, "log", where);
}

bool has_step(const Json& entry) { return entry.contains("step") && !entry["step"].is_null(); }

Result<Distribution> parse_float(const Json& entry, const std::string& where) {
  TL_RETURN_IF_ERROR(check_fields(entry, {"name", "type", "low", "high", "log", "step"}, where));
  FloatDistribution d;
  TL_ASSIGN_OR_RETURN(d.low, json_number(entry, "low", where));
  TL_ASSIGN_OR_RETURN(d.high, json_number(entry, "high", where));
  TL_ASSIGN_OR_RETURN(d.log, log_flag(entry, where));
  if (has_step(entry)) {
    TL_ASSIGN_OR_RETURN(d.step, json_number(entry, "step", where));
  }
  return d;
}

Result<Distribution> parse_int(const Json& entry, const std::string& where) {
  TL_RETURN_IF_ERROR(check_fields(entry, {"name", "type", "low", "high", "log", "step"}, where));
  IntDistribution d;
  TL_ASSIGN_OR_RETURN(d.low, json_integer(entry, "low", where));
  TL_ASSIGN_OR_RETURN(d.high, json_integer(entry, "high", where));
  TL_ASSIGN_OR_RETURN(d.log, log_flag(entry, where));
  if (has_step(entry)) {
    TL_ASSIGN_OR_RETURN(d.step, json_integer(entry, "step", where));
  }
  return d;
}

Result<ParamValue> parse_choice(const Json& choice, const std::string& where) {
  if (choice.is_string()) return choice.get<std::string>();
  if (choice.is_boolean()) return choice.get<bool>();
  if (choice.is_null()) return std::monostate();
  if (choice.is_number_float()) return choice.get<double>();
  if (choice.is_number_integer() &&
      !(choice.is_number_unsigned() && choice.get<uint64_t>() > uint64_t{INT64_MAX})) {
    return choice.get<int64_t>();
  }
  return fail(ErrorCode::kBadData, "a choice must be a string, a number, true, false or null", where);
}

Result<Distribution> parse_categorical(const Json& entry, const std::string& where) {
  TL_RETURN_IF_ERROR(check_fields(entry, {"name", "type", "choices"}, where));
  if (!entry.contains("choices") || !entry["choices"].is_array()) {
    return fail(ErrorCode::kBadData, "the field \"choices\" must be a list", where,
                "write \"choices\": [\"a\", \"b\"]");
  }
  CategoricalDistribution d;
  for (const Json& choice : entry["choices"]) {
    TL_ASSIGN_OR_RETURN(ParamValue value, parse_choice(choice, where));
    d.choices.push_back(std::move(value));
  }
  return d;
}

Result<Parameter> parse_parameter(const Json& entry, const std::string& where) {
  Parameter parameter;
  TL_ASSIGN_OR_RETURN(parameter.name, json_string(entry, "name", where));
  const std::string place = where + ", parameter \"" + parameter.name + "\"";
  TL_ASSIGN_OR_RETURN(const std::string type, json_string(entry, "type", place));
  Result<Distribution> distribution =
      type == "float"         ? parse_float(entry, place)
      : type == "int"         ? parse_int(entry, place)
      : type == "categorical" ? parse_categorical(entry, place)
                              : fail(ErrorCode::kBadData, "unknown type \"" + type + "\"", place,
                                     "use float, int or categorical");
  TL_ASSIGN_OR_RETURN(parameter.distribution, std::move(distribution));
  return parameter;
}

struct ToJson {
  OrderedJson& entry;

  void operator()(const FloatDistribution& d) const {
    entry.update({{"type", "float"}, {"low", d.low}, {"high", d.high}});
    if (d.log) entry["log"] = true;
    if (d.step) entry["step"] = *d.step;
  }
  void operator()(const IntDistribution& d) const {
    entry.update({{"type", "int"}, {"low", d.low}, {"high", d.high}});
    if (d.log) entry["log"] = true;
    if (d.step != 1) entry["step"] = d.step;
  }
  void operator()(const CategoricalDistribution& d) const {
    entry["type"] = "categorical";
    entry["choices"] = OrderedJson::array();
    for (const ParamValue& choice : d.choices) entry["choices"].push_back(json_of(choice));
  }
};

}  // namespace

Result<SearchSpace> SearchSpace::create(std::vector<Parameter> parameters) {
  SearchSpace space;
  std::set<std::string> names;
  for (Parameter& parameter : parameters) {
    TL_ASSIGN_OR_RETURN(
        parameter.distribution,
        checked_distribution(parameter.name, std::move(parameter.distribution)));
    if (!names.insert(parameter.name).second) {
      return fail(ErrorCode::kInvalidArgument,
                  "parameter \"" + parameter.name + "\" is there twice", parameter.name,
                  "rename one of them");
    }
    space.parameters_.push_back(std::move(parameter));
  }
  return space;
}

Result<SearchSpace> SearchSpace::parse(std::string_view json, const std::string& where) {
  TL_ASSIGN_OR_RETURN(const Json list, parse_json(json, where));
  if (!list.is_array()) {
    return fail(ErrorCode::kBadData, "a search space must be a JSON list", where,
                R"(write [{"name":"lr","type":"float","low":1e-5,"high":1e-2,"log":true}, …])");
  }
  std::vector<Parameter> parameters;
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string place = where + ", entry " + std::to_string(i);
    TL_ASSIGN_OR_RETURN(Parameter parameter, parse_parameter(list[i], place));
    parameters.push_back(std::move(parameter));
  }
  return create(std::move(parameters));
}

const Parameter* SearchSpace::find(std::string_view name) const {
  for (const Parameter& parameter : parameters_) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

std::string SearchSpace::to_json() const {
  OrderedJson list = OrderedJson::array();
  for (const Parameter& parameter : parameters_) {
    OrderedJson entry = {{"name", parameter.name}};
    std::visit(ToJson{entry}, parameter.distribution);
    list.push_back(std::move(entry));
  }
  return dump_json(list);
}

}  // namespace thunderline::cerebros::tpe
