#include <algorithm>
#include <initializer_list>
#include <map>

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/keras/archive/keras_config.h"

namespace thunderline::cerebros::keras {
namespace {

constexpr size_t kMaxLayers = 10'000;
constexpr const char* kSupportedLayers = "supported: InputLayer, Dense, Dropout";
constexpr const char* kInferenceHint =
    "predictions and conversion to ONNX do without it; training on is not possible here";

tl::unexpected<Error> bad(std::string message, const std::string& where, std::string hint = "") {
  return fail(ErrorCode::kBadData, std::move(message), where, std::move(hint));
}

using Names = std::initializer_list<std::string_view>;

bool is_among(const std::string& key, const Names& names) {
  return std::find(names.begin(), names.end(), key) != names.end();
}

/// A setting that says nothing.
bool is_blank(const Json& value) { return value.is_null() || value == false; }

/// Refuses settings that change what the model does and that `Model` cannot hold. `known` are read
/// elsewhere or change nothing; `training` matter only when the model is trained on.
Status check_settings(const Json& config, const Names& known, const Names& training,
                      const ReadOptions& options, const std::string& where) {
  for (const auto& [key, value] : config.items()) {
    if (is_blank(value) || is_among(key, known)) continue;
    const bool only_training = is_among(key, training);
    if (only_training && options.for_inference) continue;
    return bad(key + " " + dump_json(value) + " is not supported", where,
               only_training ? kInferenceHint : "");
  }
  return {};
}

/// Keras 3 writes "float32" or a DTypePolicy; nothing means the default, float32.
Status check_dtype(const Json& config, const std::string& where) {
  if (!config.contains("dtype") || config["dtype"].is_null()) return {};
  const Json& dtype = config["dtype"];
  if (dtype == "float32") return {};
  if (dtype.is_object() && dtype.contains("config") && dtype["config"].is_object() &&
      dtype["config"].value("name", Json()) == "float32") {
    return {};
  }
  return bad("dtype " + dump_json(dtype) + " is not supported", where, "supported: float32");
}

/// Frozen layers are as good as others for predictions.
Status check_trainable(const Json& config, const ReadOptions& options, const std::string& where) {
  if (options.for_inference || !config.contains("trainable") || config["trainable"] == true) {
    return {};
  }
  return bad("a frozen layer (trainable false) is not supported", where, kInferenceHint);
}

template <typename T>
Result<T> number_or(const Json& config, const char* key, T fallback, const std::string& where) {
  if (!config.contains(key)) return fallback;
  const Json& value = config[key];
  if (!value.is_number()) {
    return bad(std::string(key) + " must be a number, got " + dump_json(value), where);
  }
  return value.get<T>();
}

Result<bool> bool_or(const Json& config, const char* key, bool fallback, const std::string& where) {
  if (!config.contains(key)) return fallback;
  return json_bool(config, key, where);
}

/// The width of `[null, width]`.
Result<int64_t> row_width(const Json& shape, const std::string& where) {
  if (!shape.is_array()) return bad("the input has no batch_shape", where);
  if (shape.size() != 2 || !shape[0].is_null()) {
    return bad("input shape " + dump_json(shape) + " is not supported", where,
               "supported: [null, width], rows of numbers");
  }
  if (!shape[1].is_number_integer() || shape[1] <= 0 || shape[1] > kMaxWidth) {
    return bad("the input's width must be in [1, " + std::to_string(kMaxWidth) + "], got " +
                   dump_json(shape[1]), where);
  }
  return shape[1].get<int64_t>();
}

Result<Layer> parse_input(const Json& config, const std::string& name, const ReadOptions& options,
                          const std::string& where) {
  TL_RETURN_IF_ERROR(check_dtype(config, where));
  TL_RETURN_IF_ERROR(check_settings(config, {"name", "dtype", "batch_shape"}, {}, options, where));
  InputLayer layer;
  layer.name = name;
  TL_ASSIGN_OR_RETURN(layer.width, row_width(config.value("batch_shape", Json()), where));
  return layer;
}

Result<Activation> activation_of(const Json& config, const std::string& where) {
  if (!config.contains("activation") || config["activation"].is_null()) return Activation::kLinear;
  const Json& value = config["activation"];
  auto activation =
      parse_activation(value.is_string() ? value.get<std::string>() : dump_json(value));
  if (!activation) return bad(activation.error().message, where, activation.error().hint);
  return *activation;
}

Result<Layer> parse_dense(const Json& config, const std::string& name, const ReadOptions& options,
                          const std::string& where) {
  TL_RETURN_IF_ERROR(check_dtype(config, where));
  TL_RETURN_IF_ERROR(check_trainable(config, options, where));
  TL_RETURN_IF_ERROR(check_settings(
      config,
      {"name", "dtype", "trainable", "units", "activation", "use_bias", "kernel_initializer",
       "bias_initializer"},
      {"kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint",
       "bias_constraint"},
      options, where));
  Dense layer;
  layer.name = name;
  TL_ASSIGN_OR_RETURN(layer.units, json_integer(config, "units", where));
  if (layer.units <= 0) return bad("units must be > 0, got " + std::to_string(layer.units), where);
  if (layer.units > kMaxWidth) {
    return bad("units must be at most " + std::to_string(kMaxWidth) + ", got " +
               std::to_string(layer.units), where);
  }
  TL_ASSIGN_OR_RETURN(layer.activation, activation_of(config, where));
  TL_ASSIGN_OR_RETURN(layer.use_bias, bool_or(config, "use_bias", true, where));
  return layer;
}

Result<Layer> parse_dropout(const Json& config, const std::string& name, const ReadOptions& options,
                            const std::string& where) {
  TL_RETURN_IF_ERROR(check_dtype(config, where));
  TL_RETURN_IF_ERROR(check_settings(config, {"name", "dtype", "trainable", "rate", "seed"},
                                    {"noise_shape"}, options, where));
  Dropout layer;
  layer.name = name;
  TL_ASSIGN_OR_RETURN(layer.rate, json_number(config, "rate", where));
  if (!(layer.rate >= 0 && layer.rate < 1)) {
    return bad("rate must be in [0, 1), got " + dump_json(config["rate"]), where);
  }
  const Json seed = config.value("seed", Json());
  if (seed.is_null()) return layer;
  if (!seed.is_number_integer()) {
    return bad("seed must be an integer, got " + dump_json(seed), where);
  }
  layer.seed = seed.get<int64_t>();
  return layer;
}

/// One entry of `config.layers`.
struct Entry {
  const Json* json = nullptr;
  std::string place;
  std::string name;
  std::string class_name;
  Layer layer;
};

/// Reads name and class, and refuses classes that are not supported.
Result<Entry> open_entry(const Json& json, size_t index, const std::string& where) {
  Entry entry;
  entry.json = &json;
  entry.place = where + ": layers[" + std::to_string(index) + "]";
  if (!json.is_object() || !json.contains("config") || !json["config"].is_object()) {
    return bad("not a layer", entry.place);
  }
  TL_ASSIGN_OR_RETURN(entry.class_name, json_string(json, "class_name", entry.place));
  TL_ASSIGN_OR_RETURN(entry.name, json_string(json["config"], "name", entry.place));
  entry.place += " \"" + entry.name + "\"";
  TL_ASSIGN_OR_RETURN(const std::string module, json_string(json, "module", entry.place));
  const bool of_keras = module == "keras.layers" || module.starts_with("keras.src.layers");
  if (of_keras && is_among(entry.class_name, {"InputLayer", "Dense", "Dropout"})) return entry;
  return bad("layer class \"" + (of_keras ? "" : module + ".") + entry.class_name +
             "\" is not supported",
             entry.place, kSupportedLayers);
}

Result<Layer> parse_layer(const Entry& entry, const ReadOptions& options) {
  const Json& config = (*entry.json)["config"];
  if (entry.class_name == "InputLayer") {
    return parse_input(config, entry.name, options, entry.place);
  }
  if (entry.class_name == "Dense") return parse_dense(config, entry.name, options, entry.place);
  return parse_dropout(config, entry.name, options, entry.place);
}

/// ["x", 0, 0], or a list of one of these as Keras wrote before 3.12: the layer's name.
Result<std::string> single_end(const Json& config, const char* key, const std::string& where) {
  Json end = config.value(key, Json());
  if (end.is_array() && end.size() == 1 && end[0].is_array()) end = Json(end[0]);
  if (!end.is_array() || end.size() != 3 || !end[0].is_string() || end[1] != 0 || end[2] != 0) {
    return bad(std::string(key) + " " + dump_json(end) + " is not supported", where,
               "supported: models with one input and one output");
  }
  return end[0].get<std::string>();
}

/// The name of the layer whose output a layer takes, from its `inbound_nodes`; empty for none.
Result<std::string> taken_from(const Entry& entry) {
  const std::string& place = entry.place;
  const Json nodes = entry.json->value("inbound_nodes", Json::array());
  if (nodes.is_array() && nodes.empty()) return std::string();
  const char* hint = "supported: chains of layers, each called once, on one tensor";
  if (!nodes.is_array() || nodes.size() != 1 || !nodes[0].is_object()) {
    return bad("inbound_nodes are not supported", place, hint);
  }
  const Json args = nodes[0].value("args", Json());
  const Json kwargs = nodes[0].value("kwargs", Json::object());
  const bool plain = kwargs.is_object() && std::all_of(kwargs.begin(), kwargs.end(), is_blank);
  if (!plain || !args.is_array() || args.size() != 1 || !args[0].is_object() ||
      args[0].value("class_name", Json()) != "__keras_tensor__" ||
      !args[0].value("config", Json()).is_object()) {
    return bad("this call of a layer is not supported", place, hint);
  }
  const Json history = args[0]["config"].value("keras_history", Json());
  if (!history.is_array() || history.size() != 3 || !history[0].is_string() || history[1] != 0 ||
      history[2] != 0) {
    return bad("keras_history " + dump_json(history) + " is not supported", place, hint);
  }
  return history[0].get<std::string>();
}

/// Puts the layers of a Functional model into the order of their chain.
Result<std::vector<size_t>> chain_order(const Json& config, const std::vector<Entry>& entries,
                                        const std::string& where) {
  TL_ASSIGN_OR_RETURN(const std::string input, single_end(config, "input_layers", where));
  TL_ASSIGN_OR_RETURN(const std::string output, single_end(config, "output_layers", where));
  std::map<std::string, size_t> by_source;
  for (size_t i = 0; i < entries.size(); ++i) {
    TL_ASSIGN_OR_RETURN(const std::string source, taken_from(entries[i]));
    if (!by_source.emplace(source, i).second) {
      return bad("the model branches here", entries[i].place, "supported: chains of layers");
    }
  }
  std::vector<size_t> order;
  std::string at;
  while (order.size() < entries.size() && by_source.contains(at)) {
    order.push_back(by_source[at]);
    at = entries[order.back()].name;
  }
  if (order.size() != entries.size() || entries[order.front()].name != input || at != output) {
    return bad("the layers do not form one chain from input to output", where,
               "supported: chains of layers");
  }
  return order;
}

/// "dense", "dense_1", …: counted by class in the order of the config, whatever the layers' names.
std::vector<std::string> groups_in_order(const std::vector<Entry>& entries) {
  static const std::map<std::string, std::string> kSnake = {
      {"InputLayer", "input_layer"}, {"Dense", "dense"}, {"Dropout", "dropout"}};
  std::map<std::string, int> counts;
  std::vector<std::string> groups;
  for (const Entry& entry : entries) {
    const std::string base = "layers/" + kSnake.at(entry.class_name);
    const int count = counts[base]++;
    groups.push_back(count == 0 ? base : base + "_" + std::to_string(count));
  }
  return groups;
}

/// Refuses what differs from Keras's defaults in a loss object.
Result<Loss> loss_of(const Json& value, const std::string& where) {
  if (value.is_string()) {
    auto loss = parse_loss(value.get<std::string>());
    if (!loss) return bad(loss.error().message, where, loss.error().hint);
    return *loss;
  }
  static const Json kDefaults = {{"reduction", "sum_over_batch_size"}, {"from_logits", false},
                                 {"label_smoothing", 0.0}, {"axis", -1}};
  const std::string name = value.is_object() && value.value("class_name", Json()).is_string()
                               ? value["class_name"].get<std::string>() : "";
  if ((name != "BinaryCrossentropy" && name != "MeanSquaredError") ||
      !value.value("config", Json()).is_object()) {
    return bad("loss " + dump_json(value) + " is not supported", where,
               "supported: binary_crossentropy, mean_squared_error");
  }
  for (const auto& [key, setting] : value["config"].items()) {
    if (key == "name" || key == "dtype" || setting.is_null()) continue;
    if (!kDefaults.contains(key) || kDefaults[key] != setting) {
      return bad(name + " with " + key + " " + dump_json(setting) + " is not supported", where);
    }
  }
  return name == "MeanSquaredError" ? Loss::kMeanSquaredError : Loss::kBinaryCrossentropy;
}

Result<Adam> parse_adam(const Json& json, const std::string& where) {
  const Json name = json.is_object() ? json.value("class_name", Json()) : Json();
  if (name != "Adam" || !json.value("config", Json()).is_object()) {
    return bad("optimizer " + dump_json(name.is_null() ? json : name) + " is not supported", where,
               std::string("supported: Adam; ") + kInferenceHint);
  }
  const Json& config = json["config"];
  TL_RETURN_IF_ERROR(check_settings(config,
                                    {"name", "learning_rate", "beta_1", "beta_2", "epsilon",
                                     "ema_momentum"},
                                    {"weight_decay", "clipnorm", "global_clipnorm", "clipvalue",
                                     "use_ema",
                                     "ema_overwrite_frequency", "loss_scale_factor",
                                     "gradient_accumulation_steps", "amsgrad"},
                                    ReadOptions{}, where));
  Adam adam;
  TL_ASSIGN_OR_RETURN(adam.learning_rate,
                      number_or(config, "learning_rate", adam.learning_rate, where));
  TL_ASSIGN_OR_RETURN(adam.beta_1, number_or(config, "beta_1", adam.beta_1, where));
  TL_ASSIGN_OR_RETURN(adam.beta_2, number_or(config, "beta_2", adam.beta_2, where));
  TL_ASSIGN_OR_RETURN(adam.epsilon, number_or(config, "epsilon", adam.epsilon, where));
  return adam;
}

Result<CompileConfig> parse_compile(const Json& json, const std::string& where) {
  TL_RETURN_IF_ERROR(check_settings(
      json, {"optimizer", "loss", "metrics", "run_eagerly", "steps_per_execution", "jit_compile"},
      {"loss_weights", "weighted_metrics", "auto_scale_loss"}, ReadOptions{}, where));
  CompileConfig compile;
  TL_ASSIGN_OR_RETURN(compile.optimizer,
                      parse_adam(json.value("optimizer", Json()), where + ".optimizer"));
  TL_ASSIGN_OR_RETURN(compile.loss, loss_of(json.value("loss", Json()), where + ".loss"));
  const Json metrics = json.value("metrics", Json());
  if (metrics.is_null()) return compile;
  if (!metrics.is_array()) return bad("metrics must be a list, got " + dump_json(metrics), where);
  for (const Json& metric : metrics) {
    if (!metric.is_string()) return bad("metric " + dump_json(metric) + " is not supported", where);
    compile.metrics.push_back(metric.get<std::string>());
  }
  return compile;
}

Result<std::vector<Entry>> parse_layers(const Json& config, const ReadOptions& options,
                                        const std::string& where) {
  const auto layers = config.find("layers");
  if (layers == config.end() || !layers->is_array() || layers->empty()) {
    return bad("it has no layers", where);
  }
  if (layers->size() > kMaxLayers) {
    return bad("it has more than " + std::to_string(kMaxLayers) + " layers", where);
  }
  std::vector<Entry> entries;
  for (size_t i = 0; i < layers->size(); ++i) {
    TL_ASSIGN_OR_RETURN(Entry entry, open_entry((*layers)[i], i, where));
    entries.push_back(std::move(entry));
  }
  for (Entry& entry : entries) {
    TL_ASSIGN_OR_RETURN(entry.layer, parse_layer(entry, options));
  }
  return entries;
}

Result<ParsedConfig> assemble(const Json& config, const std::string& class_name,
                              const ReadOptions& options, const std::string& where) {
  TL_RETURN_IF_ERROR(check_dtype(config, where));
  TL_RETURN_IF_ERROR(check_trainable(config, options, where));
  TL_ASSIGN_OR_RETURN(std::vector<Entry> entries, parse_layers(config, options, where));
  std::vector<size_t> order;
  for (size_t i = 0; i < entries.size(); ++i) order.push_back(i);
  if (class_name == "Functional") {
    TL_ASSIGN_OR_RETURN(order, chain_order(config, entries, where));
  }
  const std::vector<std::string> groups = groups_in_order(entries);
  ParsedConfig parsed;
  TL_ASSIGN_OR_RETURN(parsed.model.name, json_string(config, "name", where));
  for (const size_t i : order) {
    parsed.model.layers.push_back(std::move(entries[i].layer));
    parsed.groups.push_back(groups[i]);
  }
  return parsed;
}

}  // namespace

Result<ParsedConfig> parse_config(std::string_view text, const std::string& where,
                                  const ReadOptions& options) {
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(text, where));
  TL_ASSIGN_OR_RETURN(const std::string class_name, json_string(json, "class_name", where));
  const bool of_keras = json.value("module", Json("keras")).is_string() &&
                        json.value("module", std::string("keras")).starts_with("keras");
  if (!of_keras || (class_name != "Sequential" && class_name != "Functional")) {
    return bad("model class \"" + class_name + "\" is not supported", where,
               "supported: Sequential, and Functional chains");
  }
  if (!json.contains("config") || !json["config"].is_object()) {
    return bad("it has no config", where);
  }
  TL_ASSIGN_OR_RETURN(ParsedConfig parsed, assemble(json["config"], class_name, options, where));
  const Json compile = json.value("compile_config", Json());
  if (!options.for_inference && compile.is_object() && !compile.empty()) {
    TL_ASSIGN_OR_RETURN(parsed.model.compile, parse_compile(compile, where + ": compile_config"));
  }
  return parsed;
}

}  // namespace thunderline::cerebros::keras
