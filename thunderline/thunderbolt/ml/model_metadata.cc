#include "thunderline/thunderbolt/ml/model_metadata.h"

#include <limits>

#include "thunderline/base/json_util.h"

namespace thunderline::thunderbolt {
namespace {

using cerebros::onnx::TensorInfo;

constexpr int64_t kFormat = 1;

OrderedJson tensors_json(const std::vector<TensorInfo>& tensors) {
  OrderedJson all = OrderedJson::array();
  for (const TensorInfo& tensor : tensors) {
    all.push_back({{"name", tensor.name},
                   {"dtype", tensor.dtype},
                   {"shape", tensor.shape},
                   {"dim_names", tensor.dim_names}});
  }
  return all;
}

OrderedJson hyperparameters_json(const std::map<std::string, HyperParameter>& values) {
  OrderedJson all = OrderedJson::object();
  for (const auto& [name, value] : values) {
    std::visit([&, key = name](const auto& held) { all[key] = held; }, value);
  }
  return all;
}

OrderedJson metrics_json(const std::map<std::string, double>& metrics) {
  OrderedJson all = OrderedJson::object();
  for (const auto& [name, value] : metrics) {
    all[name] = std::isfinite(value) ? OrderedJson(value) : OrderedJson(nullptr);
  }
  return all;
}

/// Reads optional fields of one object; remembers the first error.
class Fields {
 public:
  Fields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {}

  void read(const char* field, std::string& out) { take(field, out, json_string); }
  void read(const char* field, int64_t& out) { take(field, out, json_integer); }
  const Status& status() const { return status_; }

 private:
  template <typename T>
  void take(const char* field, T& out, Result<T> (*get)(const Json&, const char*, const std::string&)) {
    if (!status_ || !object_.contains(field)) return;
    auto value = get(object_, field, where_);
    if (value) out = std::move(*value);
    if (!value) status_ = tl::unexpected<Error>(std::move(value).error());
  }

  const Json& object_;
  std::string where_;
  Status status_;
};

tl::unexpected<Error> wrong(const std::string& field, const char* expected,
                            const std::string& where) {
  return fail(ErrorCode::kBadData, "the field \"" + field + "\" must be " + expected, where);
}

Result<std::vector<int64_t>> read_shape(const Json& shape, const std::string& where) {
  if (!shape.is_array()) return wrong("shape", "an array of integers", where);
  std::vector<int64_t> out;
  for (const Json& extent : shape) {
    if (!extent.is_number_integer()) return wrong("shape", "an array of integers", where);
    out.push_back(extent.get<int64_t>());
  }
  return out;
}

Result<TensorInfo> read_tensor(const Json& json, const std::string& where) {
  if (!json.is_object()) return fail(ErrorCode::kBadData, "a tensor must be an object", where);
  TensorInfo tensor;
  Fields fields(json, where);
  fields.read("name", tensor.name);
  fields.read("dtype", tensor.dtype);
  TL_RETURN_IF_ERROR(fields.status());
  if (json.contains("shape")) {
    TL_ASSIGN_OR_RETURN(tensor.shape, read_shape(json["shape"], where));
  }
  if (!json.contains("dim_names")) return tensor;
  if (!json["dim_names"].is_array()) return wrong("dim_names", "an array of strings", where);
  for (const Json& name : json["dim_names"]) {
    if (!name.is_string()) return wrong("dim_names", "an array of strings", where);
    tensor.dim_names.push_back(name.get<std::string>());
  }
  return tensor;
}

Status read_tensors(const Json& json, const char* field, std::vector<TensorInfo>& out,
                    const std::string& where) {
  if (!json.contains(field)) return {};
  if (!json[field].is_array()) return wrong(field, "an array of tensors", where);
  for (const Json& one : json[field]) {
    TL_ASSIGN_OR_RETURN(TensorInfo tensor, read_tensor(one, where + ": " + field));
    out.push_back(std::move(tensor));
  }
  return {};
}

Status read_hyperparameters(const Json& json, ModelMetadata& out, const std::string& where) {
  if (!json.contains("hyperparameters")) return {};
  const Json& all = json["hyperparameters"];
  if (!all.is_object()) return wrong("hyperparameters", "an object", where);
  for (const auto& [name, value] : all.items()) {
    if (value.is_boolean()) {
      out.hyperparameters[name] = value.get<bool>();
    } else if (value.is_number_integer()) {
      out.hyperparameters[name] = value.get<int64_t>();
    } else if (value.is_number()) {
      out.hyperparameters[name] = value.get<double>();
    } else if (value.is_string()) {
      out.hyperparameters[name] = value.get<std::string>();
    } else {
      return wrong("hyperparameters." + name, "a boolean, number or string", where);
    }
  }
  return {};
}

Status read_metrics(const Json& json, ModelMetadata& out, const std::string& where) {
  if (!json.contains("metrics")) return {};
  const Json& all = json["metrics"];
  if (!all.is_object()) return wrong("metrics", "an object", where);
  for (const auto& [name, value] : all.items()) {
    if (!value.is_number() && !value.is_null()) return wrong("metrics." + name, "a number", where);
    out.metrics[name] =
        value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
  }
  return {};
}

Status read_schema(const Json& json, ModelMetadata& out, const std::string& where) {
  if (!json.contains("feature_schema")) return {};
  if (!json["feature_schema"].is_object()) return wrong("feature_schema", "an object", where);
  Fields fields(json["feature_schema"], where + ": feature_schema");
  fields.read("version", out.feature_schema.version);
  fields.read("width", out.feature_schema.width);
  fields.read("hash", out.feature_schema.hash);
  return fields.status();
}

Status read_data_range(const Json& json, ModelMetadata& out, const std::string& where) {
  if (!json.contains("data_range")) return {};
  if (!json["data_range"].is_object()) return wrong("data_range", "an object", where);
  Fields fields(json["data_range"], where + ": data_range");
  fields.read("steps", out.data_range.steps);
  fields.read("first_id", out.data_range.first_id);
  fields.read("last_id", out.data_range.last_id);
  fields.read("from_unix_ms", out.data_range.from_unix_ms);
  fields.read("to_unix_ms", out.data_range.to_unix_ms);
  return fields.status();
}

}  // namespace

std::string ModelMetadata::to_json() const {
  const OrderedJson json = {
      {"format", kFormat},
      {"name", name},
      {"version", version},
      {"source", source},
      {"created_unix_ms", created_unix_ms},
      {"sha256", sha256},
      {"opset", opset},
      {"ir_version", ir_version},
      {"parameters", parameters},
      {"inputs", tensors_json(inputs)},
      {"outputs", tensors_json(outputs)},
      {"feature_schema",
       {{"version", feature_schema.version},
        {"width", feature_schema.width},
        {"hash", feature_schema.hash}}},
      {"hyperparameters", hyperparameters_json(hyperparameters)},
      {"metrics", metrics_json(metrics)},
      {"data_range",
       {{"steps", data_range.steps},
        {"first_id", data_range.first_id},
        {"last_id", data_range.last_id},
        {"from_unix_ms", data_range.from_unix_ms},
        {"to_unix_ms", data_range.to_unix_ms}}}};
  return dump_json(json, 2) + "\n";
}

Result<ModelMetadata> ModelMetadata::from_json(std::string_view text, const std::string& where) {
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(text, where));
  if (!json.is_object()) return fail(ErrorCode::kBadData, "expected a JSON object", where);
  int64_t format = kFormat;
  ModelMetadata out;
  Fields fields(json, where);
  fields.read("format", format);
  fields.read("name", out.name);
  fields.read("version", out.version);
  fields.read("source", out.source);
  fields.read("created_unix_ms", out.created_unix_ms);
  fields.read("sha256", out.sha256);
  fields.read("opset", out.opset);
  fields.read("ir_version", out.ir_version);
  fields.read("parameters", out.parameters);
  TL_RETURN_IF_ERROR(fields.status());
  if (format != kFormat) {
    return fail(ErrorCode::kBadData,
                "metadata of format " + std::to_string(format) + " is not known", where,
                "this program reads format " + std::to_string(kFormat));
  }
  TL_RETURN_IF_ERROR(read_tensors(json, "inputs", out.inputs, where));
  TL_RETURN_IF_ERROR(read_tensors(json, "outputs", out.outputs, where));
  TL_RETURN_IF_ERROR(read_schema(json, out, where));
  TL_RETURN_IF_ERROR(read_hyperparameters(json, out, where));
  TL_RETURN_IF_ERROR(read_metrics(json, out, where));
  TL_RETURN_IF_ERROR(read_data_range(json, out, where));
  return out;
}

}  // namespace thunderline::thunderbolt
