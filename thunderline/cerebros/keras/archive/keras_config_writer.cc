#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/keras/archive/keras_config.h"

namespace thunderline::cerebros::keras {
namespace {

OrderedJson object(const char* module, const char* class_name, OrderedJson config) {
  return {{"module", module},
          {"class_name", class_name},
          {"config", std::move(config)},
          {"registered_name", nullptr}};
}

OrderedJson float32_policy() { return object("keras", "DTypePolicy", {{"name", "float32"}}); }

/// [null, width]: any number of rows.
OrderedJson rows_of(int64_t width) { return OrderedJson::array({nullptr, width}); }

OrderedJson layer_json(const InputLayer& layer, int64_t) {
  return object("keras.layers", "InputLayer",
                {{"batch_shape", rows_of(layer.width)},
                 {"dtype", "float32"},
                 {"sparse", false},
                 {"ragged", false},
                 {"name", layer.name},
                 {"optional", false}});
}

OrderedJson layer_json(const Dense& layer, int64_t width) {
  OrderedJson json = object(
      "keras.layers", "Dense",
      {{"name", layer.name},
       {"trainable", true},
       {"dtype", float32_policy()},
       {"units", layer.units},
       {"activation", activation_name(layer.activation)},
       {"use_bias", layer.use_bias},
       {"kernel_initializer",
        object("keras.initializers", "GlorotUniform",
               {{"seed", nullptr}, {"input_axes", nullptr}, {"output_axes", nullptr}})},
       {"bias_initializer", object("keras.initializers", "Zeros", OrderedJson::object())},
       {"kernel_regularizer", nullptr},
       {"bias_regularizer", nullptr},
       {"kernel_constraint", nullptr},
       {"bias_constraint", nullptr},
       {"quantization_config", nullptr}});
  json["build_config"] = {{"input_shape", rows_of(width)}};
  return json;
}

OrderedJson layer_json(const Dropout& layer, int64_t) {
  return object("keras.layers", "Dropout",
                {{"name", layer.name},
                 {"trainable", true},
                 {"dtype", float32_policy()},
                 {"rate", layer.rate},
                 {"seed", layer.seed ? OrderedJson(*layer.seed) : OrderedJson(nullptr)},
                 {"noise_shape", nullptr}});
}

OrderedJson adam_json(const Adam& adam) {
  return object("keras.optimizers", "Adam",
                {{"name", kAdamName},
                 {"learning_rate", adam.learning_rate},
                 {"weight_decay", nullptr},
                 {"clipnorm", nullptr},
                 {"global_clipnorm", nullptr},
                 {"clipvalue", nullptr},
                 {"use_ema", false},
                 {"ema_momentum", 0.99},
                 {"ema_overwrite_frequency", nullptr},
                 {"loss_scale_factor", nullptr},
                 {"gradient_accumulation_steps", nullptr},
                 {"beta_1", adam.beta_1},
                 {"beta_2", adam.beta_2},
                 {"epsilon", adam.epsilon},
                 {"amsgrad", false}});
}

OrderedJson compile_json(const std::optional<CompileConfig>& compile) {
  if (!compile) return OrderedJson::object();
  OrderedJson metrics = nullptr;
  if (!compile->metrics.empty()) metrics = compile->metrics;
  return {{"optimizer", adam_json(compile->optimizer)},
          {"loss", loss_name(compile->loss)},
          {"loss_weights", nullptr},
          {"metrics", std::move(metrics)},
          {"weighted_metrics", nullptr},
          {"run_eagerly", false},
          {"steps_per_execution", 1},
          {"jit_compile", false}};
}

const char* group_base(const Layer& layer) {
  if (std::holds_alternative<Dense>(layer)) return "dense";
  return std::holds_alternative<Dropout>(layer) ? "dropout" : "input_layer";
}

}  // namespace

std::string config_json(const Model& model) {
  OrderedJson layers = OrderedJson::array();
  int64_t width = model.input_width();
  for (const Layer& layer : model.layers) {
    layers.push_back(std::visit([&](const auto& any) { return layer_json(any, width); }, layer));
    if (const auto* dense = std::get_if<Dense>(&layer)) width = dense->units;
  }
  const OrderedJson config = {
      {"module", "keras"},
      {"class_name", "Sequential"},
      {"config",
       {{"name", model.name},
        {"trainable", true},
        {"dtype", float32_policy()},
        {"layers", std::move(layers)},
        {"build_input_shape", rows_of(model.input_width())}}},
      {"registered_name", nullptr},
      {"build_config", {{"input_shape", rows_of(model.input_width())}}},
      {"compile_config", compile_json(model.compile)}};
  return dump_json(config);
}

std::vector<std::string> sequential_groups(const Model& model) {
  std::vector<std::string> groups;
  int counts[std::variant_size_v<Layer>] = {};
  for (const Layer& layer : model.layers) {
    const int count = counts[layer.index()]++;
    groups.push_back(std::string("layers/") + group_base(layer) +
                     (count == 0 ? "" : "_" + std::to_string(count)));
  }
  return groups;
}

}  // namespace thunderline::cerebros::keras
