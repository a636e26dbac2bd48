#include <algorithm>
#include <cctype>

#include "thunderline/cerebros/keras/layers/layer.h"

namespace thunderline::cerebros::keras {
namespace {

bool is_operation(const Json& entry) {
  const Json module = entry.value("module", Json());
  return module.is_string() && module.get<std::string>().find(".ops.") != std::string::npos;
}

bool is_model(const Json& entry) {
  const std::string name = entry.value("class_name", "");
  return name == "Sequential" || name == "Functional" || name == "Model";
}

/// Keras's to_snake_case, by which it names groups of weights.
std::string snake(const std::string& name) {
  std::string once, result;
  const auto upper = [](char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; };
  const auto lower = [](char c) { return std::islower(static_cast<unsigned char>(c)) != 0; };
  for (size_t i = 0; i < name.size(); ++i) {  // (.)([A-Z][a-z0-9]+) → \1_\2
    const bool word = upper(name[i]) && i + 1 < name.size() &&
                      (lower(name[i + 1]) || std::isdigit(static_cast<unsigned char>(name[i + 1])));
    if (word && i > 0) once += '_';
    once += name[i];
  }
  for (size_t i = 0; i < once.size(); ++i) {  // ([a-z])([A-Z]) → \1_\2
    if (i > 0 && lower(once[i - 1]) && upper(once[i])) result += '_';
    result += static_cast<char>(std::tolower(static_cast<unsigned char>(once[i])));
  }
  return result;
}

DType dtype_of(Assembly& assembly, const Json& config) {
  const Json dtype = config.value("dtype", Json("float32"));
  const std::string name = dtype.is_string()   ? dtype.get<std::string>()
                           : dtype.is_object() && dtype.contains("config")
                               ? dtype["config"].value("name", "?")
                               : "float32";
  if (name == "int32") return DType::kInt32;
  if (name == "int64") return DType::kInt64;
  if (name == "bool") return DType::kBool;
  if (name != "float32") {
    assembly.builder.fail_with({ErrorCode::kBadData, "dtype " + name + " is not supported", "",
                                "supported: float32; inputs also int32, int64, bool"});
  }
  return DType::kFloat32;
}

class ModelLowering {
 public:
  ModelLowering(Assembly& assembly, const Json& entry, const std::string& group,
                const std::vector<int64_t>& order, const std::vector<Masked>* inputs)
      : assembly_(assembly), g_(assembly.builder), config_(entry.value("config", Json::object())),
        functional_(entry.value("class_name", "") != "Sequential"), order_(order),
        given_(inputs) {
    name_groups(group);
  }

  std::vector<Masked> run() { return functional_ ? run_functional() : run_sequential(); }

 private:
  struct Entry {
    const Json* json = nullptr;
    std::string name;
    std::string group;
    size_t next = 0;  ///< The call to make next.
    std::vector<std::vector<Masked>> results;
  };

  void bad(std::string message, std::string hint = "") {
    g_.fail_with({ErrorCode::kBadData, std::move(message), "", std::move(hint)});
  }

  void name_groups(const std::string& group) {
    std::map<std::string, int> counts;
    const std::string prefix = group.empty() ? "layers/" : group + "/layers/";
    if (!config_.contains("layers") || !config_["layers"].is_array() || config_["layers"].size() > 10000) {
      return bad("a model has no list of layers");
    }
    for (const Json& json : config_["layers"]) {
      if (!json.is_object() || !json.value("config", Json()).is_object() || !json.value("class_name", Json()).is_string()) {
        return bad("a layer has no class_name and config");
      }
      Entry entry;
      entry.json = &json;
      const Json name = json["config"].value("name", json.value("name", Json()));
      entry.name = name.is_string() ? name.get<std::string>() : "";
      if (json.value("name", Json()).is_string()) entry.name = json["name"];
      if (!is_operation(json)) {
        const std::string base = snake(json["class_name"]);
        const int count = counts[base]++;
        entry.group = prefix + base + (count == 0 ? "" : "_" + std::to_string(count));
      }
      by_name_[entry.name] = entries_.size();
      entries_.push_back(std::move(entry));
    }
  }

  std::vector<Masked> run_sequential() {
    std::vector<Masked> values;
    if (given_ != nullptr) values = *given_;
    for (size_t i = 0; i < entries_.size() && !g_.failed(); ++i) {
      if ((*entries_[i].json)["class_name"] == "InputLayer") {
        if (values.empty()) values = {input(entries_[i])};
        continue;
      }
      if (values.empty()) {
        bad("the model was never built: its first layer is no InputLayer");
        break;
      }
      values = call(i, values, Json::array(), Json::object(), {});
    }
    return values;
  }

  std::vector<Masked> run_functional() {
    if (g_.failed()) return {};
    std::vector<std::string> names;
    for (const Json& ref : references(config_.value("input_layers", Json::array()))) {
      names.push_back(ref[0].get<std::string>());
    }
    for (size_t i = 0; i < names.size(); ++i) {
      const auto found = by_name_.find(names[i]);
      if (found == by_name_.end()) {
        bad("there is no input layer \"" + names[i] + "\"");
        return {};
      }
      Entry& entry = entries_[found->second];
      if (given_ != nullptr && i >= given_->size()) {
        bad("a nested model got too few inputs");
        return {};
      }
      entry.results = {{given_ != nullptr ? (*given_)[i] : input(entry)}};
    }
    while (!g_.failed() && advance()) {
    }
    std::vector<Masked> outputs;
    for (const Json& ref : references(config_.value("output_layers", Json::array()))) {
      const auto value = lookup(ref);
      if (!value) {
        bad("an output is never computed: " + dump_json(ref));
        return {};
      }
      outputs.push_back(*value);
    }
    return outputs;
  }

  /// All ["layer", node, tensor] of a nested list or dict (by sorted key).
  static std::vector<Json> references(const Json& value) {
    if (value.is_array() && value.size() == 3 && value[0].is_string()) return {value};
    std::vector<Json> all;
    if (value.is_array() || value.is_object()) {
      for (const Json& part : value) {
        for (Json& ref : references(part)) all.push_back(std::move(ref));
      }
    }
    return all;
  }

  std::optional<Masked> lookup(const Json& ref) {
    const bool sound = ref.is_array() && ref.size() == 3 && ref[0].is_string() &&
                       ref[1].is_number_unsigned() && ref[2].is_number_unsigned();
    if (!sound) return std::nullopt;
    const auto found = by_name_.find(ref[0].get<std::string>());
    if (found == by_name_.end()) return std::nullopt;
    const auto& results = entries_[found->second].results;
    const size_t node = ref[1], tensor = ref[2];
    if (node >= results.size() || tensor >= results[node].size()) return std::nullopt;
    return results[node][tensor];
  }

  /// Makes the first call of each layer whose operands are there; false when none was possible.
  bool advance() {
    bool moved = false;
    for (size_t i = 0; i < entries_.size() && !g_.failed(); ++i) {
      Entry& entry = entries_[i];
      const Json nodes = entry.json->value("inbound_nodes", Json::array());
      while (entry.next < nodes.size() && !g_.failed()) {
        if ((*entry.json)["class_name"] == "InputLayer") break;
        if (!call_node(i, nodes[entry.next])) break;
        ++entry.next;
        moved = true;
      }
    }
    return moved;
  }

  bool call_node(size_t i, const Json& node) {
    std::vector<Masked> operands;
    std::map<std::string, Masked> named;
    bool ready = true;
    if (!node.is_object()) {
      bad("calls in the old form of tf.keras are not supported", "save the model with Keras 3");
      return false;
    }
    const Json arguments = resolved(node.value("args", Json::array()), operands, ready);
    Json keywords = node.value("kwargs", Json::object());
    for (auto& [key, value] : keywords.items()) {
      std::vector<Masked> own;
      const bool lone = value.is_object();
      value = resolved(value, own, ready);
      for (size_t k = 0; k < own.size(); ++k) {
        named.insert_or_assign(lone ? key : key + "[" + std::to_string(k) + "]", own[k]);
      }
      // Operations take tensors by keyword as well.
      if (is_operation(*entries_[i].json) && lone && own.size() == 1) {
        value = Json{{"tensor", operands.size()}};
        operands.push_back(own[0]);
      }
    }
    if (!ready) return false;
    entries_[i].results.push_back(call(i, operands, arguments, keywords, named));
    return true;
  }

  /// A copy in which each tensor is {"tensor": its number among `operands`}.
  Json resolved(const Json& value, std::vector<Masked>& operands, bool& ready) {
    if (value.is_object() && value.value("class_name", "") == "__keras_tensor__") {
      const auto found = lookup(value["config"].value("keras_history", Json()));
      if (!found) {
        ready = false;
        return nullptr;
      }
      operands.push_back(*found);
      return {{"tensor", operands.size() - 1}};
    }
    if (!value.is_array()) return value;
    Json list = Json::array();
    for (const Json& part : value) list.push_back(resolved(part, operands, ready));
    return list;
  }

  Masked input(const Entry& entry) {
    const Json& config = (*entry.json)["config"];
    const Json shape = config.value("batch_shape", config.value("batch_input_shape", Json()));
    graph::Shape extents;
    bool sound = shape.is_array() && !shape.empty() && shape.size() <= 8;
    for (size_t i = 0; sound && i < shape.size(); ++i) {
      const bool fixed = shape[i].is_number_integer() && shape[i] >= 0 && shape[i] < 1 << 24;
      sound = fixed || shape[i].is_null();
      extents.push_back(fixed && i > 0 ? shape[i].get<int64_t>() : -1);
    }
    g_.set_scope(entry.name);
    if (!sound) bad("the input's shape " + dump_json(shape) + " is not supported");
    if (config.value("sparse", Json(false)) == true) bad("sparse inputs are not supported");
    return {g_.input(entry.name, {dtype_of(assembly_, config), extents}), std::nullopt};
  }

  std::vector<Masked> call(size_t i, const std::vector<Masked>& operands, const Json& arguments,
                           const Json& keywords, const std::map<std::string, Masked>& named) {
    const Entry& entry = entries_[i];
    std::vector<int64_t> place = order_;
    place.push_back(static_cast<int64_t>(i));
    Call call(assembly_, (*entry.json)["config"], entry.name, entry.group, place);
    call.inputs = operands;
    call.named = named;
    call.arguments = arguments;
    call.keywords = keywords;
    lower_layer(call, *entry.json);
    std::vector<Masked> results;
    for (const Ref output : call.outputs) results.push_back({output, call.output_mask.value_or(std::nullopt)});
    return results;
  }

  Assembly& assembly_;
  GraphBuilder& g_;
  const Json config_;
  bool functional_;
  std::vector<int64_t> order_;
  const std::vector<Masked>* given_;
  std::vector<Entry> entries_;
  std::map<std::string, size_t> by_name_;
};

}  // namespace

void lower_layer(Call& call, const Json& entry) {
  const std::string class_name = entry.value("class_name", "");
  GraphBuilder& g = call.g();
  const bool operation = is_operation(entry);
  g.set_scope(call.name());
  if (is_model(entry)) {
    const auto results = lower_model(call.assembly(), entry, call.group, call.order, &call.inputs);
    std::optional<Ref> mask;
    for (const Masked& result : results) call.outputs.push_back(result.first);
    if (results.size() == 1) mask = results[0].second;
    call.output_mask = mask;
    return;
  }
  const Json module = entry.value("module", Json("keras.layers"));
  const bool ours = !module.is_string() || module.get<std::string>().starts_with("keras");
  const LayerType* type = ours ? find_layer(class_name, operation) : nullptr;
  if (type == nullptr) {
    return call.fail((operation ? "the operation " : "the layer class ") + class_name +
                         " is not supported",
                     "supported: " + supported_layers());
  }
  if (call.inputs.empty()) return call.fail(class_name + " has no input");
  if (!operation) dtype_of(call.assembly(), entry.value("config", Json::object()));
  type->lower(call);
  if (type->mask == MaskRule::kPass && !call.output_mask) call.output_mask = call.mask();
  if (g.failed() || operation) return;
  if (const Status read = call.check_all_read(); !read) g.fail_with(read.error());
}

std::vector<Masked> lower_model(Assembly& assembly, const Json& entry, const std::string& group,
                                const std::vector<int64_t>& order,
                                const std::vector<Masked>* inputs) {
  return ModelLowering(assembly, entry, group, order, inputs).run();
}

}  // namespace thunderline::cerebros::keras
