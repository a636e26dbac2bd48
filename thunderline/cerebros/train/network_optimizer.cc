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

/// 1 − βᵗ as float32 arithmetic has it: at step 1 that differs from the exact one by 5e-5.
double one_minus_power(double beta, int64_t step) {
  const double rounded = static_cast<float>(beta);
  return 1.0f - static_cast<float>(std::pow(rounded, static_cast<double>(step)));
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

keras::Tensor tensor_of(const graph::Shape& shape, float value) {
  return {shape, std::vector<float>(static_cast<size_t>(graph::element_count(shape)), value)};
}

using Gradient = NetworkOptimizer::Gradient;

double squares(const Gradient& gradient) {
  double sum = 0;
  for (const double value : gradient.squares.data) sum += value;
  if (!gradient.squares.data.empty()) return sum;
  for (const double value : gradient.sum.data) sum += value * value;
  return sum;
}

void scale(graph::Array& array, double factor) {
  for (double& value : array.data) value *= factor;
}

/// From here on the gradient is its sum alone.
void densify(Gradient& gradient) {
  gradient.squares = {};
  gradient.magnitudes = {};
}

std::string dataset(size_t number) { return "optimizer/vars/" + std::to_string(number); }

}  // namespace

/// What a step's formula takes that is the same for all variables.
struct NetworkOptimizer::Factors {
  double rate = 0;
  double beta_1 = 0, beta_2 = 0, epsilon = 0, rho = 0, momentum = 0;
  double first = 1, second = 1;          // 1 - beta^t
  double now = 0, next = 0;              // Nadam's momenta
  double product_now = 0, product_next = 0;
};

Status NetworkOptimizer::read(const std::string& text) {
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(text, kWhere));
  const std::string name = json.is_string() ? json.get<std::string>()
                           : json.is_object() ? json.value("class_name", "") : "";
  std::string names;
  const Defaults* defaults = nullptr;
  for (const Defaults& entry : known()) {
    names += (names.empty() ? "supported: " : ", ") + std::string(entry.name);
    if (lower_case(entry.name) == lower_case(name)) defaults = &entry;
  }
  if (defaults == nullptr) return bad("the optimizer \"" + name + "\" is not supported", names);
  static constexpr Kind kKinds[] = {Kind::kSgd,      Kind::kAdam,     Kind::kAdam,
                                    Kind::kRmsprop,  Kind::kAdagrad,  Kind::kAdadelta,
                                    Kind::kAdamax,   Kind::kNadam,    Kind::kLion};
  kind_ = kKinds[defaults - known().data()];
  numbers_ = defaults->numbers;
  numbers_["ema_momentum"] = 0.99;
  if (lower_case(name) == "adamw" && json.is_string()) weight_decay_ = 0.004;
  if (lower_case(name) == "sgd" && json.is_string()) rate_.set(0.01);
  if (json.is_string() || !json.contains("config")) return {};
  const std::map<std::string, bool*> flags = {
      {"nesterov", &nesterov_}, {"amsgrad", &amsgrad_}, {"centered", &centered_},
      {"use_ema", &use_ema_}};
  const std::map<std::string, std::optional<double>*> limits = {
      {"weight_decay", &weight_decay_}, {"clipnorm", &clipnorm_}, {"clipvalue", &clipvalue_},
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
  const double momentum = optimizer.numbers_.contains("momentum") ? optimizer.numbers_["momentum"] : 0;
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
  std::erase_if(tensors, [](const auto& entry) { return entry.first.starts_with("optimizer/vars/"); });
  std::erase_if(counters, [](const auto& entry) { return entry.first.starts_with("optimizer/vars/"); });
  counters[dataset(0)] = iterations_;
  size_t number = 1;
  if (!scheduled()) {
    tensors[dataset(number++)] = {{}, {static_cast<float>(rate_.at(0))}};
  }
  NetworkOptimizer copy = *this;
  for (const keras::Tensor* tensor : copy.stored()) tensors[dataset(number++)] = *tensor;
}

void NetworkOptimizer::clip(std::vector<Gradient>& gradients) const {
  if (clipnorm_ && *clipnorm_ > 0) {
    for (Gradient& gradient : gradients) {
      scale(gradient.sum, *clipnorm_ / std::max(std::sqrt(squares(gradient)), *clipnorm_));
      densify(gradient);
    }
  } else if (global_clipnorm_ && *global_clipnorm_ > 0) {
    double sum = 0;
    for (const Gradient& gradient : gradients) sum += squares(gradient);
    const double factor = *global_clipnorm_ / std::max(std::sqrt(sum), *global_clipnorm_);
    for (Gradient& gradient : gradients) {
      scale(gradient.sum, factor);
      scale(gradient.squares, factor * factor);
      scale(gradient.magnitudes, factor);
    }
  } else if (clipvalue_ && *clipvalue_ > 0) {
    for (Gradient& gradient : gradients) {
      for (double& value : gradient.sum.data) value = std::clamp(value, -*clipvalue_, *clipvalue_);
      densify(gradient);
    }
  }
}

void NetworkOptimizer::update_variable(size_t index, const Gradient& gradient,
                                       keras::Tensor& variable, const Factors& f) {
  const auto slot = [&](size_t number) {
    return number < slots_.size() ? slots_[number][index].data.data() : nullptr;
  };
  float* a = slot(0);
  float* b = slot(1);
  float* c = slot(2);
  const bool moves = f.momentum > 0;
  float* mean = moves ? c : b;  // RMSprop's average gradient
  for (size_t i = 0; i < variable.data.size(); ++i) {
    const double g = gradient.sum.data[i];
    const double square = gradient.squares.data.empty() ? g * g : gradient.squares.data[i];
    double change = 0;
    switch (kind_) {
      case Kind::kSgd:
        change = -f.rate * g;
        if (a != nullptr) {
          a[i] = static_cast<float>(a[i] * f.momentum - f.rate * g);
          change = nesterov_ ? a[i] * f.momentum - f.rate * g : a[i];
        }
        break;
      case Kind::kAdam: {
        a[i] = static_cast<float>(a[i] + (g - a[i]) * (1 - f.beta_1));
        b[i] = static_cast<float>(b[i] + (square - b[i]) * (1 - f.beta_2));
        if (amsgrad_) c[i] = std::max(c[i], b[i]);
        const double v = amsgrad_ ? c[i] : b[i];
        change = -a[i] * f.rate * std::sqrt(f.second) / f.first / (std::sqrt(v) + f.epsilon);
        break;
      }
      case Kind::kRmsprop: {
        a[i] = static_cast<float>(f.rho * a[i] + (1 - f.rho) * square);
        double below = a[i] + f.epsilon;
        if (centered_) {
          mean[i] = static_cast<float>(f.rho * mean[i] + (1 - f.rho) * g);
          below = a[i] - static_cast<double>(mean[i]) * mean[i] + f.epsilon;
        }
        change = -f.rate * g / std::sqrt(below);
        if (moves) {
          b[i] = static_cast<float>(f.momentum * b[i] - change);
          change = -b[i];
        }
        break;
      }
      case Kind::kAdagrad:
        a[i] = static_cast<float>(a[i] + square);
        change = -f.rate * g / std::sqrt(a[i] + f.epsilon);
        break;
      case Kind::kAdadelta: {
        a[i] = static_cast<float>(f.rho * a[i] + (1 - f.rho) * square);
        const double delta = -std::sqrt(b[i] + f.epsilon) * g / std::sqrt(a[i] + f.epsilon);
        b[i] = static_cast<float>(f.rho * b[i] + (1 - f.rho) * delta * delta);
        change = f.rate * delta;
        break;
      }
      case Kind::kAdamax:
        a[i] = static_cast<float>(a[i] + (g - a[i]) * (1 - f.beta_1));
        b[i] = static_cast<float>(std::max(
            f.beta_2 * b[i], gradient.magnitudes.data.empty() ? std::abs(g) : gradient.magnitudes.data[i]));
        change = -f.rate * a[i] / (f.first * (b[i] + f.epsilon));
        break;
      case Kind::kNadam: {
        a[i] = static_cast<float>(a[i] + (g - a[i]) * (1 - f.beta_1));
        b[i] = static_cast<float>(b[i] + (square - b[i]) * (1 - f.beta_2));
        const double m = f.next * a[i] / (1 - f.product_next) + (1 - f.now) * g / (1 - f.product_now);
        change = -m * f.rate / (std::sqrt(b[i] / f.second) + f.epsilon);
        break;
      }
      case Kind::kLion: {
        const double way = a[i] * f.beta_1 + g * (1 - f.beta_1);
        change = way > 0 ? -f.rate : (way < 0 ? f.rate : 0.0);
        a[i] = static_cast<float>(a[i] * f.beta_2 + g * (1 - f.beta_2));
        break;
      }
    }
    variable.data[i] = static_cast<float>(variable.data[i] + change);
  }
}

void NetworkOptimizer::update(const std::vector<Gradient>& gradients,
                              const std::vector<Target>& targets) {
  const auto number = [&](const char* key) {
    const auto found = numbers_.find(key);
    return found == numbers_.end() ? 0.0 : found->second;
  };
  Factors f;
  f.rate = rate_.at(iterations_);
  f.beta_1 = number("beta_1");
  f.beta_2 = number("beta_2");
  f.epsilon = number("epsilon");
  f.rho = number("rho");
  f.momentum = number("momentum");
  const int64_t step = updates() + 1;
  f.first = one_minus_power(f.beta_1, step);
  f.second = one_minus_power(f.beta_2, step);
  if (kind_ == Kind::kNadam) {
    f.now = f.beta_1 * (1.0 - 0.5 * std::pow(0.96, static_cast<double>(step)));
    f.next = f.beta_1 * (1.0 - 0.5 * std::pow(0.96, static_cast<double>(step + 1)));
    product_.data[0] = static_cast<float>(product_.data[0] * f.now);
    f.product_now = product_.data[0];
    f.product_next = f.product_now * f.next;
  }
  for (size_t v = 0; v < targets.size(); ++v) {
    if (gradients[v].sum.data.empty()) continue;
    keras::Tensor& variable = *targets[v].value;
    if (weight_decay_) {
      for (float& value : variable.data) {
        value = static_cast<float>(value - value * *weight_decay_ * f.rate);
      }
    }
    update_variable(v, gradients[v], variable, f);
  }
}

void NetworkOptimizer::average(const std::vector<Target>& targets) {
  const double momentum = updates() != 0 ? numbers_["ema_momentum"] : 0.0;
  const bool overwrite = ema_every_ > 0 && (updates() + 1) % ema_every_ == 0;
  for (size_t v = 0; v < targets.size(); ++v) {
    std::vector<float>& means = averages_[v].data;
    for (size_t i = 0; i < means.size(); ++i) {
      means[i] = static_cast<float>(momentum * means[i] + (1 - momentum) * targets[v].value->data[i]);
    }
    if (overwrite) targets[v].value->data = means;
  }
}

void NetworkOptimizer::step(std::vector<Gradient> gradients, const std::vector<Target>& targets) {
  bool due = true;
  if (accumulation_ > 0) {
    due = (iterations_ + 1) % accumulation_ == 0;
    for (size_t v = 0; v < gradients.size(); ++v) {
      densify(gradients[v]);
      std::vector<float>& sums = accumulators_[v].data;
      std::vector<double>& now = gradients[v].sum.data;
      for (size_t i = 0; i < now.size(); ++i) {
        const double sum = sums[i] + now[i];
        now[i] = sum / static_cast<double>(accumulation_);
        sums[i] = due ? 0.0f : static_cast<float>(sum);
      }
    }
  }
  if (due) {
    clip(gradients);
    update(gradients, targets);
  }
  if (use_ema_) average(targets);
  for (size_t v = 0; v < targets.size(); ++v) {
    if (!gradients[v].sum.data.empty()) targets[v].constraint.apply(*targets[v].value);
  }
  ++iterations_;
}

void NetworkOptimizer::finish(const std::vector<Target>& targets) const {
  if (!use_ema_) return;
  for (size_t v = 0; v < targets.size(); ++v) targets[v].value->data = averages_[v].data;
}

}  // namespace thunderline::cerebros::train
