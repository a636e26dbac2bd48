#include <algorithm>
#include <cmath>

#include "thunderline/cerebros/train/network_optimizer.h"

namespace thunderline::cerebros::train {
namespace {

/// 1 − βᵗ as float32 arithmetic has it: at step 1 that differs from the exact one by 5e-5.
double one_minus_power(double beta, int64_t step) {
  const double rounded = static_cast<float>(beta);
  return 1.0f - static_cast<float>(std::pow(rounded, static_cast<double>(step)));
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

}  // namespace

/// What a step's formula takes that is the same for all variables.
struct NetworkOptimizer::Factors {
  double rate = 0;
  double beta_1 = 0, beta_2 = 0, epsilon = 0, rho = 0, momentum = 0;
  double first = 1, second = 1;  // 1 - beta^t
  double now = 0, next = 0;      // Nadam's momenta
  double product_now = 0, product_next = 0;
};

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
        b[i] = static_cast<float>(std::max(f.beta_2 * b[i], gradient.magnitudes.data.empty()
                                                                ? std::abs(g)
                                                                : gradient.magnitudes.data[i]));
        change = -f.rate * a[i] / (f.first * (b[i] + f.epsilon));
        break;
      case Kind::kNadam: {
        a[i] = static_cast<float>(a[i] + (g - a[i]) * (1 - f.beta_1));
        b[i] = static_cast<float>(b[i] + (square - b[i]) * (1 - f.beta_2));
        const double m =
            f.next * a[i] / (1 - f.product_next) + (1 - f.now) * g / (1 - f.product_now);
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
      means[i] =
          static_cast<float>(momentum * means[i] + (1 - momentum) * targets[v].value->data[i]);
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
