#include "thunderline/cerebros/tpe/storage/optuna_json.h"

#include <cmath>
#include <limits>
#include <utility>

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/tpe/param_json.h"

namespace thunderline::cerebros::tpe {
namespace {

std::string ascii(const OrderedJson& json) {
  return json.dump(-1, ' ', true, OrderedJson::error_handler_t::replace);
}

Result<OrderedJson> parse_python_json(std::string_view text, const std::string& where) {
  return parse_ordered_json(portable_json(text), where);
}

/// A number, or one of the three names that `portable_json` made strings of.
Result<double> number_from(const OrderedJson& json, const std::string& where) {
  if (json.is_number()) return json.get<double>();
  if (json == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (json == "Infinity") return std::numeric_limits<double>::infinity();
  if (json == "-Infinity") return -std::numeric_limits<double>::infinity();
  return fail(ErrorCode::kBadData, "a number was expected, got " + dump_json(json), where);
}

struct ToOptuna {
  OrderedJson operator()(const FloatDistribution& d) const {
    return {{"name", "FloatDistribution"},
            {"attributes",
             {{"step", d.step ? OrderedJson(*d.step) : OrderedJson(nullptr)},
              {"low", d.low},
              {"high", d.high},
              {"log", d.log}}}};
  }
  OrderedJson operator()(const IntDistribution& d) const {
    return {{"name", "IntDistribution"},
            {"attributes", {{"log", d.log}, {"step", d.step}, {"low", d.low}, {"high", d.high}}}};
  }
  OrderedJson operator()(const CategoricalDistribution& d) const {
    OrderedJson choices = OrderedJson::array();
    for (const ParamValue& choice : d.choices) choices.push_back(json_of(choice));
    return {{"name", "CategoricalDistribution"},
            {"attributes", OrderedJson{{"choices", std::move(choices)}}}};
  }
};

Result<Distribution> categorical_from(const OrderedJson& fields, const std::string& where) {
  CategoricalDistribution d;
  if (!fields.contains("choices") || !fields["choices"].is_array() || fields["choices"].empty()) {
    return fail(ErrorCode::kBadData, "a categorical distribution has no choices", where);
  }
  for (const OrderedJson& choice : fields["choices"]) {
    TL_ASSIGN_OR_RETURN(ParamValue value, param_value_from(choice, where));
    d.choices.push_back(std::move(value));
  }
  return d;
}

Result<Distribution> range_from(const OrderedJson& fields, bool whole, bool log, const char* step_key,
                                const std::string& where) {
  for (const char* key : {"low", "high"}) {
    if (!fields.contains(key) || !fields[key].is_number()) {
      return fail(ErrorCode::kBadData, std::string("a distribution has no ") + key, where);
    }
  }
  log = log || (fields.contains("log") && fields["log"] == true);
  const bool steps = fields.contains(step_key) && fields[step_key].is_number();
  if (whole) {
    return IntDistribution{fields["low"].get<int64_t>(), fields["high"].get<int64_t>(), log,
                           steps ? fields[step_key].get<int64_t>() : 1};
  }
  FloatDistribution d{fields["low"].get<double>(), fields["high"].get<double>(), log, {}};
  if (steps) d.step = fields[step_key].get<double>();
  return d;
}

Result<Distribution> named_from(const std::string& name, const OrderedJson& fields,
                                const std::string& where) {
  if (name == "FloatDistribution") return range_from(fields, false, false, "step", where);
  if (name == "IntDistribution") return range_from(fields, true, false, "step", where);
  if (name == "CategoricalDistribution") return categorical_from(fields, where);
  if (name == "UniformDistribution") return range_from(fields, false, false, "step", where);
  if (name == "LogUniformDistribution") return range_from(fields, false, true, "step", where);
  if (name == "DiscreteUniformDistribution") return range_from(fields, false, false, "q", where);
  if (name == "IntUniformDistribution") return range_from(fields, true, false, "step", where);
  if (name == "IntLogUniformDistribution") return range_from(fields, true, true, "step", where);
  return fail(ErrorCode::kBadData, "unknown distribution \"" + name + "\"", where);
}

}  // namespace

std::string portable_json(std::string_view json) {
  std::string result;
  bool quoted = false;
  for (size_t at = 0; at < json.size();) {
    const char c = json[at];
    if (quoted && c == '\\' && at + 1 < json.size()) {
      result += json.substr(at, 2);
      at += 2;
      continue;
    }
    if (c == '"') quoted = !quoted;
    std::string_view name;
    for (std::string_view candidate : {"-Infinity", "Infinity", "NaN"}) {
      if (!quoted && json.substr(at, candidate.size()) == candidate) name = candidate;
    }
    if (name.empty()) {
      result += c;
      ++at;
    } else {
      result += '"' + std::string(name) + '"';
      at += name.size();
    }
  }
  return result;
}

std::string distribution_json(const Distribution& distribution) {
  return ascii(std::visit(ToOptuna{}, distribution));
}

Result<Distribution> parse_distribution(std::string_view text, const std::string& where) {
  TL_ASSIGN_OR_RETURN(const OrderedJson json, parse_python_json(text, where));
  if (!json.is_object()) return fail(ErrorCode::kBadData, "a distribution is no object", where);
  if (json.contains("name") && json["name"].is_string() && json.contains("attributes") &&
      json["attributes"].is_object()) {
    return named_from(json["name"].get<std::string>(), json["attributes"], where);
  }
  const std::string type =
      json.contains("type") && json["type"].is_string() ? json["type"].get<std::string>() : "";
  if (type == "categorical") return categorical_from(json, where);
  if (type == "float" || type == "int") return range_from(json, type == "int", false, "step", where);
  return fail(ErrorCode::kBadData, "a distribution has neither name nor type", where);
}

std::string params_json(const Params& params) { return ascii(json_of(params)); }

Result<Params> parse_params(std::string_view text, const std::string& where) {
  TL_ASSIGN_OR_RETURN(const OrderedJson json, parse_python_json(text, where));
  return params_from(json, where);
}

std::string numbers_json(const std::vector<double>& numbers) {
  std::string json = "[";
  for (const double number : numbers) {
    if (json.size() > 1) json += ", ";
    if (std::isfinite(number)) {
      json += ascii(OrderedJson(number));
    } else {
      json += std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
    }
  }
  return json + "]";
}

Result<std::vector<double>> parse_numbers(std::string_view text, const std::string& where) {
  TL_ASSIGN_OR_RETURN(const OrderedJson json, parse_python_json(text, where));
  std::vector<double> numbers;
  if (!json.is_array()) {
    TL_ASSIGN_OR_RETURN(const double single, number_from(json, where));
    return std::vector<double>{single};
  }
  for (const OrderedJson& entry : json) {
    TL_ASSIGN_OR_RETURN(const double number, number_from(entry, where));
    numbers.push_back(number);
  }
  return numbers;
}

std::string text_json(const std::string& text) { return ascii(OrderedJson(text)); }

Result<std::string> parse_text(std::string_view json, const std::string& where) {
  TL_ASSIGN_OR_RETURN(const OrderedJson parsed, parse_ordered_json(json, where));
  if (parsed.is_string()) return parsed.get<std::string>();
  return fail(ErrorCode::kBadData, "a text was expected, got " + dump_json(parsed), where);
}

}  // namespace thunderline::cerebros::tpe
