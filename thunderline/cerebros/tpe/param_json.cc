#include "thunderline/cerebros/tpe/param_json.h"

#include <utility>

namespace thunderline::cerebros::tpe {
namespace {

struct ValueToJson {
  OrderedJson operator()(std::monostate) const { return nullptr; }
  template <typename T>
  OrderedJson operator()(const T& held) const {
    return OrderedJson(held);
  }
};

}  // namespace

OrderedJson json_of(const ParamValue& value) { return std::visit(ValueToJson{}, value); }

OrderedJson json_of(const Params& params) {
  OrderedJson json = OrderedJson::object();
  for (const auto& [name, value] : params) json[name] = json_of(value);
  return json;
}

Result<ParamValue> param_value_from(const OrderedJson& json, const std::string& where) {
  if (json.is_null()) return std::monostate();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_float()) return json.get<double>();
  if (json.is_number_integer() &&
      !(json.is_number_unsigned() && json.get<uint64_t>() > uint64_t{INT64_MAX})) {
    return json.get<int64_t>();
  }
  return fail(ErrorCode::kBadData, "a value must be a string, a number, true, false or null", where);
}

Result<Params> params_from(const OrderedJson& json, const std::string& where) {
  if (!json.is_object()) {
    return fail(ErrorCode::kBadData, "parameters must be a JSON object", where,
                R"(write {"lr": 0.001, "units": 64})");
  }
  Params params;
  for (const auto& [name, value] : json.items()) {
    TL_ASSIGN_OR_RETURN(ParamValue held, param_value_from(value, where + ", \"" + name + "\""));
    params.emplace_back(name, std::move(held));
  }
  return params;
}

}  // namespace thunderline::cerebros::tpe
