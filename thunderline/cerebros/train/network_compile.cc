#include "thunderline/cerebros/train/network_compile.h"

#include <algorithm>

#include "thunderline/base/json_util.h"

namespace thunderline::cerebros::train {
namespace {

constexpr const char* kWhere = "compile_config";

/// A name or one serialised object, and no list or dict by output.
bool is_leaf(const Json& value) {
  return !value.is_array() && (!value.is_object() || value.contains("class_name"));
}

/// One entry an output, from what was written by output, by place, or once.
Result<std::vector<Json>> by_output(const Json& value, const std::vector<std::string>& names,
                                    const char* what, bool partial) {
  std::vector<Json> entries(names.size());
  if (value.is_null()) return entries;
  if (value.is_object()) {
    for (const auto& [key, entry] : value.items()) {
      const auto found = std::find(names.begin(), names.end(), key);
      if (found == names.end()) {
        return fail(ErrorCode::kBadData,
                    std::string(what) + " names an output \"" + key + "\" that is not there",
                    kWhere);
      }
      entries[static_cast<size_t>(found - names.begin())] = entry;
    }
    if (partial || value.size() == names.size()) return entries;
  } else if (value.is_array() && value.size() == names.size()) {
    return value.get<std::vector<Json>>();
  }
  return fail(
      ErrorCode::kBadData,
      std::string(what) + " does not fit the model's " + std::to_string(names.size()) + " outputs",
      kWhere);
}

void flatten(const Json& value, std::vector<std::string>& list) {
  if (value.is_null()) return;
  if (is_leaf(value)) {
    list.push_back(dump_json(value));
    return;
  }
  for (const Json& part : value) flatten(part, list);
}

Status take_losses(const Json& loss, const Json& weights, const std::vector<std::string>& names,
                   NetworkCompile& compile) {
  std::vector<Json> entries(names.size(), loss);
  if (!is_leaf(loss)) {
    TL_ASSIGN_OR_RETURN(entries, by_output(loss, names, "loss", false));
  }
  std::vector<Json> factors(names.size(), weights.is_number() ? weights : Json());
  if (!weights.is_number()) {
    TL_ASSIGN_OR_RETURN(factors, by_output(weights, names, "loss_weights", true));
  }
  bool any = false;
  for (size_t i = 0; i < names.size(); ++i) {
    if (entries[i].is_null()) continue;
    TL_ASSIGN_OR_RETURN(compile.outputs[i].loss, parse_network_loss(dump_json(entries[i])));
    if (factors[i].is_number()) compile.outputs[i].loss_weight = factors[i].get<double>();
    any = true;
  }
  if (any) return {};
  return fail(ErrorCode::kInvalidArgument, "the model was compiled without a loss", kWhere);
}

Result<std::vector<std::vector<std::string>>> metrics_by_output(
    const Json& value, const std::vector<std::string>& names, const char* what) {
  std::vector<std::vector<std::string>> lists(names.size());
  if (names.size() == 1) {
    flatten(value, lists[0]);
    return lists;
  }
  if (value.is_null() || value.empty()) return lists;
  TL_ASSIGN_OR_RETURN(const std::vector<Json> entries, by_output(value, names, what, true));
  for (size_t i = 0; i < names.size(); ++i) flatten(entries[i], lists[i]);
  return lists;
}

}  // namespace

Result<NetworkCompile> parse_network_compile(const std::string& text,
                                             const std::vector<std::string>& names) {
  TL_ASSIGN_OR_RETURN(const Json config, parse_json(text, "config.json"));
  const Json compiled = config.value("compile_config", Json());
  if (!compiled.is_object() || !compiled.contains("optimizer") || !compiled.contains("loss")) {
    return fail(ErrorCode::kInvalidArgument, "the model was never compiled, so it has no loss",
                "config.json", "compile it in Keras, or make one with thunderline build");
  }
  NetworkCompile result;
  result.optimizer = dump_json(compiled["optimizer"]);
  for (const std::string& name : names) result.outputs.push_back({name, {}, {}, {}, {}});
  TL_RETURN_IF_ERROR(
      take_losses(compiled["loss"], compiled.value("loss_weights", Json()), names, result));
  TL_ASSIGN_OR_RETURN(auto metrics,
                      metrics_by_output(compiled.value("metrics", Json()), names, "metrics"));
  TL_ASSIGN_OR_RETURN(auto weighted, metrics_by_output(compiled.value("weighted_metrics", Json()),
                                                       names, "weighted_metrics"));
  for (size_t i = 0; i < names.size(); ++i) {
    result.outputs[i].metrics = std::move(metrics[i]);
    result.outputs[i].weighted_metrics = std::move(weighted[i]);
  }
  return result;
}

Result<std::string> with_learning_rate(const std::string& text, double learning_rate) {
  TL_ASSIGN_OR_RETURN(OrderedJson config, parse_ordered_json(text, "config.json"));
  OrderedJson& optimizer = config["compile_config"]["optimizer"];
  if (!optimizer.is_object() || !optimizer.contains("config") || !optimizer["config"].is_object()) {
    return text;
  }
  OrderedJson& rate = optimizer["config"]["learning_rate"];
  if (!rate.is_number() || rate == learning_rate) return text;
  rate = learning_rate;
  return dump_json(config);
}

}  // namespace thunderline::cerebros::train
