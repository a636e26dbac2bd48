#include "thunderline/cerebros/train/network_optimizer.h"

#include <algorithm>
#include <cmath>

#include "thunderline/base/json_util.h"

namespace thunderline::cerebros::train {
namespace {

constexpr const char* kWhere = "compile_config: optimizer";

tl::unexpected<Error> bad(const std::string& message, const std::string& hint = "") {
  return fail(ErrorCode::kBadData, message, kWhere, hint);
}

struct Defaults {
  const char* name;
  std::map<std::string, double> numbers;
};

const std::vector<Defaults>& known() {
  static const std::vector<Defaults> kKnown = {
      {"SGD", {{"momentum", 0}}},
      {"Adam", {{"beta_1", 0.9}, {"beta_2", 0.999}, {"epsilon", 1e-7}}},
      {"AdamW", {{"beta_1", 0.9}, {"beta_2", 0.999}, {"epsilon", 1e-7}}},
      {"RMSprop", {{"rho", 0.9}, {"momentum", 0}, {"epsilon", 1e-7}}},
      {"Adagrad", {{"initial_accumulator_value", 0.1}, {"epsilon", 1e-7}}},
      {"Adadelta", {{"rho", 0.95}, {"epsilon", 1e-7}}},
      {"Adamax", {{"beta_1", 0.9}, {"beta_2", 0.999}, {"epsilon", 1e-7}}},
      {"Nadam", {{"beta_1", 0.9}, {"beta_2", 0.999}, {"epsilon", 1e-7}}},
      {"Lion", {{"beta_1", 0.9}, {"beta_2", 0.99}}}};
  return kKnown;
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

keras::Tensor tensor_of(const graph::Shape& shape, float value) {
  return {shape, std::vector<float>(static_cast<size_t>(graph::element_count(shape)), value)};
}

std::string dataset(size_t number) { return "optimizer/vars/" + std::to_string(number); }

}  // namespace

Status NetworkOptimizer::read(const std::string& text) {
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(text, kWhere));
  const std::string name = json.is_string() ? json.get<std::string>()
                                            : json_string(json, "class_name", kWhere).value_or("");
  std::string names;
  const Defaults* defaults = nullptr;
  for (const Defaults& entry : known()) {
    names += (names.empty() ? "supported: " : ", ") + std::string(entry.name);
    if (lower_case(entry.name) == lower_case(name)) defaults = &entry;
  }
  if (defaults == nullptr) return bad("the optimizer \"" + name + "\" is not supported", names);
  static constexpr Kind kKinds[] = {Kind::kSgd,     Kind::kAdam,    Kind::kAdam,
                                    Kind::kRmsprop, Kind::kAdagrad, Kind::kAdadelta,
                                    Kind::kAdamax,  Kind::kNadam,   Kind::kLion};
  kind_ = kKinds[defaults - known().data()];
  numbers_ = defaults->numbers;
  numbers_["ema_momentum"] = 0.99;
  if (lower_case(name) == "adamw" && json.is_string()) weight_decay_ = 0.004;
  if (lower_case(name) == "sgd" && json.is_string()) rate_.set(0.01);
  if (json.is_string() || !json.contains("config")) return {};
  if (!json["config"].is_object()) return bad("its config is not an object");
  const std::map<std::string, bool*> flags = {{"nesterov", &nesterov_},
                                              {"amsgrad", &amsgrad_},
                                              {"centered", &centered_},
                                              {"use_ema", &use_ema_}};
  const std::map<std::string, std::optional<double>*> limits = {
      {"weight_decay", &weight_decay_},
      {"clipnorm", &clipnorm_},
      {"clipvalue", &clipvalue_},
      {"global_clipnorm", &global_clipnorm_}};
  for (const auto& [key, value] : json["config"].items()) {
    if (key == "learning_rate") {
      TL_ASSIGN_OR_RETURN(rate_, LearningRate::parse(dump_json(value)));
    } else if (value.is_null() || key == "name" || key == "loss_scale_factor" ||
               key == "jit_compile" || key == "is_legacy_optimizer") {
      // A factor of the loss is divided out again before the step, so it changes nothing here.
    } else if (numbers_.contains(key) && value.is_number()) {
      numbers_[key] = value.get<double>();
    } else if (flags.contains(key) && value.is_boolean()) {
      *flags.at(key) = value.get<bool>();
    } else if (limits.contains(key) && value.is_number()) {
      *limits.at(key) = value.get<double>();
    } else if (key == "ema_overwrite_frequency" && value.is_number_integer()) {
      ema_every_ = value.get<int64_t>();
    } else if (key == "gradient_accumulation_steps" && value.is_number_integer()) {
      accumulation_ = value.get<int64_t>();
      if (accumulation_ < 2) return bad("gradient_accumulation_steps must be 2 or more");
    } else {
      return bad("the argument " + key + " " + dump_json(value) + " is not supported");
    }
  }
  return {};
}

void NetworkOptimizer::add_slots(const std::vector<graph::Shape>& shapes, size_t alternating,
                                 float value) {
  for (size_t i = 0; i < alternating; ++i) {
    Tensors tensors;
    for (const graph::Shape& shape : shapes) tensors.push_back(tensor_of(shape, value));
    slots_.push_back(std::move(tensors));
  }
  groups_.push_back(alternating);
}

Result<NetworkOptimizer> NetworkOptimizer::create(const std::string& config,
                                                  const std::vector<graph::Shape>& shapes) {
  NetworkOptimizer optimizer;
  TL_RETURN_IF_ERROR(optimizer.read(config));
  const Kind kind = optimizer.kind_;
  const double momentum =
      optimizer.numbers_.contains("momentum") ? optimizer.numbers_["momentum"] : 0;
  for (const graph::Shape& shape : shapes) {
    if (optimizer.use_ema_) optimizer.averages_.push_back(tensor_of(shape, 0));
    if (optimizer.accumulation_ > 0) optimizer.accumulators_.push_back(tensor_of(shape, 0));
  }
  const auto add = [&](size_t alternating, double value = 0) {
    optimizer.add_slots(shapes, alternating, static_cast<float>(value));
  };
  if (kind == Kind::kSgd && momentum != 0) add(1);
  if (kind == Kind::kAdam || kind == Kind::kAdadelta || kind == Kind::kAdamax ||
      kind == Kind::kNadam) {
    add(2);
  }
  if (kind == Kind::kAdam && optimizer.amsgrad_) add(1);
  if (kind == Kind::kLion) add(1);
  if (kind == Kind::kAdagrad) add(1, optimizer.numbers_["initial_accumulator_value"]);
  if (kind == Kind::kRmsprop) {
    add(1);
    if (momentum > 0) add(1);
    if (optimizer.centered_) add(1);
  }
  return optimizer;
}

std::vector<keras::Tensor*> NetworkOptimizer::stored() {
  std::vector<keras::Tensor*> all;
  for (keras::Tensor& tensor : averages_) all.push_back(&tensor);
  for (keras::Tensor& tensor : accumulators_) all.push_back(&tensor);
  size_t first = 0;
  for (const size_t alternating : groups_) {
    for (size_t v = 0; v < slots_[first].size(); ++v) {
      for (size_t i = 0; i < alternating; ++i) all.push_back(&slots_[first + i][v]);
    }
    first += alternating;
  }
  if (kind_ == Kind::kNadam) all.push_back(&product_);
  return all;
}

Status NetworkOptimizer::load(const std::map<std::string, keras::Tensor>& tensors,
                              const std::map<std::string, int64_t>& counters) {
  const auto iteration = counters.find(dataset(0));
  if (iteration == counters.end()) return {};
  size_t number = 1;
  if (!scheduled()) {
    const auto rate = tensors.find(dataset(number++));
    if (rate != tensors.end() && rate->second.data.size() == 1) rate_.set(rate->second.data[0]);
  }
  // A model that was compiled and never trained has no more than these two.
  if (!tensors.contains(dataset(number))) return {};
  for (keras::Tensor* tensor : stored()) {
    const std::string path = dataset(number++);
    const auto found = tensors.find(path);
    if (found == tensors.end() || found->second.shape != tensor->shape) {
      return fail(ErrorCode::kBadData,
                  found == tensors.end() ? "a variable of the optimizer is missing"
                                         : "expected shape " + graph::shape_text(tensor->shape) +
                                               ", got " + graph::shape_text(found->second.shape),
                  path, "save the model again after compiling it");
    }
    *tensor = found->second;
  }
  iterations_ = iteration->second;
  return {};
}

void NetworkOptimizer::store(std::map<std::string, keras::Tensor>& tensors,
                             std::map<std::string, int64_t>& counters) const {
  std::erase_if(tensors,
                [](const auto& entry) { return entry.first.starts_with("optimizer/vars/"); });
  std::erase_if(counters,
                [](const auto& entry) { return entry.first.starts_with("optimizer/vars/"); });
  counters[dataset(0)] = iterations_;
  size_t number = 1;
  if (!scheduled()) {
    tensors[dataset(number++)] = {{}, {static_cast<float>(rate_.at(0))}};
  }
  NetworkOptimizer copy = *this;
  for (const keras::Tensor* tensor : copy.stored()) tensors[dataset(number++)] = *tensor;
}

}  // namespace thunderline::cerebros::train
