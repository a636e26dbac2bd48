#include "thunderline/cerebros/train/optimizer.h"

#include <cmath>

namespace thunderline::cerebros::train {
namespace {

/// 1 − βᵗ as float32 arithmetic has it: at step 1 that differs from the exact one by 5e-5.
float one_minus_power(double beta, int64_t step) {
  const double rounded = static_cast<float>(beta);
  return 1.0f - static_cast<float>(std::pow(rounded, static_cast<double>(step)));
}

}  // namespace

AdamStep adam_step(const keras::Adam& adam, double learning_rate, int64_t step) {
  AdamStep factors;
  const float root = std::sqrt(one_minus_power(adam.beta_2, step));
  factors.alpha = static_cast<float>(learning_rate) * root / one_minus_power(adam.beta_1, step);
  factors.one_minus_beta_1 = static_cast<float>(1.0 - adam.beta_1);
  factors.one_minus_beta_2 = static_cast<float>(1.0 - adam.beta_2);
  factors.epsilon = static_cast<float>(adam.epsilon);
  return factors;
}

}  // namespace thunderline::cerebros::train
