#include "thunderline/cerebros/keras/model.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <utility>

namespace thunderline::cerebros::keras {
namespace {

constexpr std::pair<Activation, const char*> kActivations[] = {
    {Activation::kLinear, "linear"}, {Activation::kRelu, "relu"},
    {Activation::kGelu, "gelu"},     {Activation::kSilu, "silu"},
    {Activation::kSigmoid, "sigmoid"}, {Activation::kTanh, "tanh"}};

constexpr std::pair<Loss, const char*> kLosses[] = {
    {Loss::kBinaryCrossentropy, "binary_crossentropy"},
    {Loss::kMeanSquaredError, "mean_squared_error"}};

constexpr std::string_view kMetrics[] = {"accuracy", "mse", "mae"};

/// "a, b, c", for hints.
template <typename Names, typename NameOf>
std::string joined(const Names& names, NameOf name_of) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + std::string(name_of(name));
  return text;
}

const auto kSecond = [](const auto& pair) { return pair.second; };

std::string shape_text(const std::vector<int64_t>& shape) {
  return "[" + joined(shape, [](int64_t extent) { return std::to_string(extent); }) + "]";
}

const std::string& name_of(const Layer& layer) {
  return std::visit([](const auto& any) -> const std::string& { return any.name; }, layer);
}

tl::unexpected<Error> invalid(std::string message, const std::string& where) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), where);
}

Status check_tensor(const Tensor& tensor, const std::vector<int64_t>& shape, const char* name,
                    const std::string& where) {
  int64_t size = 1;
  for (const int64_t extent : shape) size *= extent;
  if (tensor.shape != shape || tensor.data.size() != static_cast<size_t>(size)) {
    return invalid(std::string(name) + " must have shape " + shape_text(shape) + ", got " +
                       shape_text(tensor.shape) + " with " + std::to_string(tensor.data.size()) +
                       " numbers", where);
  }
  if (!std::all_of(tensor.data.begin(), tensor.data.end(),
                   [](float x) { return std::isfinite(x); })) {
    return invalid(std::string(name) + " holds NaN or infinity", where);
  }
  return {};
}

Status check_name(const std::string& name, std::set<std::string>& seen, const std::string& where) {
  if (name.empty()) return invalid("a layer needs a name", where);
  if (name.find('/') != std::string::npos || name.find('\0') != std::string::npos) {
    return invalid("a name must not contain '/' or a zero byte", where);
  }
  if (!seen.insert(name).second) return invalid("two layers have this name", where);
  return {};
}

/// Checks one layer that takes rows of `width` numbers; returns the width of what it gives.
Result<int64_t> check_layer(const InputLayer& layer, int64_t, const std::string& where) {
  if (layer.width <= 0 || layer.width > kMaxWidth) {
    return invalid("width must be in [1, " + std::to_string(kMaxWidth) + "], got " +
                       std::to_string(layer.width), where);
  }
  return layer.width;
}

Result<int64_t> check_layer(const Dense& layer, int64_t width, const std::string& where) {
  if (layer.units <= 0 || layer.units > kMaxWidth) {
    return invalid("units must be in [1, " + std::to_string(kMaxWidth) + "], got " +
                       std::to_string(layer.units), where);
  }
  TL_RETURN_IF_ERROR(check_tensor(layer.kernel, {width, layer.units}, "kernel", where));
  if (layer.use_bias) {
    TL_RETURN_IF_ERROR(check_tensor(layer.bias, {layer.units}, "bias", where));
  } else if (layer.bias != Tensor{}) {
    return invalid("a layer with use_bias false holds a bias", where);
  }
  return layer.units;
}

Result<int64_t> check_layer(const Dropout& layer, int64_t width, const std::string& where) {
  if (!(layer.rate >= 0.0 && layer.rate < 1.0)) {
    return invalid("rate must be in [0, 1), got " + std::to_string(layer.rate), where);
  }
  return width;
}

Status check_layers(const std::vector<Layer>& layers) {
  std::set<std::string> names;
  int64_t width = 0;
  for (size_t i = 0; i < layers.size(); ++i) {
    const std::string where = layer_place(layers, i);
    TL_RETURN_IF_ERROR(check_name(name_of(layers[i]), names, where));
    const bool is_input = std::holds_alternative<InputLayer>(layers[i]);
    if (is_input != (i == 0)) {
      return invalid(is_input ? "an InputLayer may only come first"
                              : "the first layer must be an InputLayer",
                     where);
    }
    TL_ASSIGN_OR_RETURN(width,
                        std::visit([&](const auto& any) { return check_layer(any, width, where); },
                                          layers[i]));
  }
  return {};
}

Status check_compile(const CompileConfig& compile) {
  const Adam& adam = compile.optimizer;
  const auto positive = [](double x) { return std::isfinite(x) && x > 0; };
  const auto decay = [](double x) { return x >= 0 && x < 1; };
  if (!positive(adam.learning_rate) || !decay(adam.beta_1) || !decay(adam.beta_2) ||
      !positive(adam.epsilon)) {
    return invalid("Adam wants learning_rate and epsilon above 0 and betas in [0, 1)",
                   "compile.optimizer");
  }
  for (const std::string& metric : compile.metrics) {
    if (std::find(std::begin(kMetrics), std::end(kMetrics), metric) == std::end(kMetrics)) {
      return fail(ErrorCode::kInvalidArgument, "metric \"" + metric + "\" is not known",
                  "compile.metrics", "known: " + joined(kMetrics, [](auto name) { return name; }));
    }
  }
  return {};
}

Status check_slots(const std::vector<Tensor>& slots, const std::vector<const Tensor*>& weights,
                   const char* name) {
  const std::string where = "optimizer_state";
  if (slots.empty()) return {};
  if (slots.size() != weights.size()) {
    return invalid(std::string(name) + " must have one tensor a variable (" +
                       std::to_string(weights.size()) + "), got " + std::to_string(slots.size()),
                   where);
  }
  for (size_t i = 0; i < slots.size(); ++i) {
    TL_RETURN_IF_ERROR(check_tensor(slots[i], weights[i]->shape, name,
                                    where + "[" + std::to_string(i) + "]"));
  }
  return {};
}

Status check_state(const Model& model) {
  const OptimizerState& state = model.optimizer_state;
  if (state == OptimizerState{}) return {};
  const std::string where = "optimizer_state";
  if (!model.compile) return invalid("a model that is not compiled has an optimizer state", where);
  if (state.iterations < 0) return invalid("iterations must be >= 0", where);
  if (state.momentum.empty() != state.velocity.empty()) {
    return invalid("momentum and velocity come together", where);
  }
  const auto weights = model.weights();
  TL_RETURN_IF_ERROR(check_slots(state.momentum, weights, "momentum"));
  return check_slots(state.velocity, weights, "velocity");
}

template <typename ModelType, typename TensorPointer>
std::vector<TensorPointer> weights_of(ModelType& model) {
  std::vector<TensorPointer> weights;
  for (auto& layer : model.layers) {
    auto* dense = std::get_if<Dense>(&layer);
    if (dense == nullptr) continue;
    weights.push_back(&dense->kernel);
    if (dense->use_bias) weights.push_back(&dense->bias);
  }
  return weights;
}

}  // namespace

const char* activation_name(Activation activation) {
  for (const auto& [value, name] : kActivations) {
    if (value == activation) return name;
  }
  broken_invariant("activation is one of the enumerators", __FILE__, __LINE__);
}

Result<Activation> parse_activation(std::string_view name) {
  if (name == "swish") return Activation::kSilu;
  for (const auto& [value, known] : kActivations) {
    if (name == known) return value;
  }
  return fail(ErrorCode::kInvalidArgument, "activation \"" + std::string(name) +
              "\" is not supported",
              "", "supported: " + joined(kActivations, kSecond));
}

const char* loss_name(Loss loss) {
  for (const auto& [value, name] : kLosses) {
    if (value == loss) return name;
  }
  broken_invariant("loss is one of the enumerators", __FILE__, __LINE__);
}

Result<Loss> parse_loss(std::string_view name) {
  if (name == "mse") return Loss::kMeanSquaredError;
  for (const auto& [value, known] : kLosses) {
    if (name == known) return value;
  }
  return fail(ErrorCode::kInvalidArgument, "loss \"" + std::string(name) + "\" is not supported",
              "",
              "supported: " + joined(kLosses, kSecond));
}

std::string layer_place(const std::vector<Layer>& layers, size_t index) {
  return "layers[" + std::to_string(index) + "] \"" + name_of(layers[index]) + "\"";
}

int64_t Model::input_width() const {
  const auto* input = layers.empty() ? nullptr : std::get_if<InputLayer>(&layers.front());
  return input == nullptr ? 0 : input->width;
}

int64_t Model::output_width() const {
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    if (const auto* dense = std::get_if<Dense>(&*layer)) return dense->units;
  }
  return input_width();
}

int64_t Model::parameter_count() const {
  int64_t count = 0;
  for (const Tensor* tensor : weights()) count += static_cast<int64_t>(tensor->data.size());
  return count;
}

std::string Model::input_name() const {
  const auto* input = layers.empty() ? nullptr : std::get_if<InputLayer>(&layers.front());
  return input == nullptr ? "" : input->name;
}

std::string Model::output_name() const { return layers.empty() ? "" : name_of(layers.back()); }

std::vector<const Tensor*> Model::weights() const {
  return weights_of<const Model, const Tensor*>(*this);
}

std::vector<Tensor*> Model::weights() { return weights_of<Model, Tensor*>(*this); }

Status validate(const Model& model) {
  if (model.name.empty() || model.name.find('\0') != std::string::npos) {
    return invalid("a model needs a name without zero bytes", "name");
  }
  if (model.layers.size() < 2) return invalid("a model needs an InputLayer and a layer", "layers");
  TL_RETURN_IF_ERROR(check_layers(model.layers));
  if (model.compile) TL_RETURN_IF_ERROR(check_compile(*model.compile));
  return check_state(model);
}

}  // namespace thunderline::cerebros::keras
