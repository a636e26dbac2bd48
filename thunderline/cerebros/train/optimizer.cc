#include "thunderline/cerebros/train/optimizer.h"

#include <cmath>

namespace thunderline::cerebros::train {
namespace {

/// 1 − βᵗ as float32 arithmetic has it: at step 1 that differs from the exact one by 5e-5.
float one_minus_power(double beta, int64_t step) {
  const double rounded = static_cast<float>(beta);
  return 1.0f - static_cast<float>(std::pow(rounded, static_cast<double>(step)));
}

Status in_range(bool holds, const char* field, double value, const char* range) {
  if (holds) return {};
  return fail(ErrorCode::kInvalidArgument,
              std::string(field) + " of Adam is " + std::to_string(value), field,
              std::string("give a number ") + range);
}

}  // namespace

AdamStep adam_step(const keras::Adam& adam, double learning_rate, int64_t step) {
  AdamStep factors;
  factors.alpha = static_cast<float>(learning_rate) *
                  std::sqrt(one_minus_power(adam.beta_2, step)) / one_minus_power(adam.beta_1, step);
  factors.one_minus_beta_1 = static_cast<float>(1.0 - adam.beta_1);
  factors.one_minus_beta_2 = static_cast<float>(1.0 - adam.beta_2);
  factors.epsilon = static_cast<float>(adam.epsilon);
  return factors;
}

Status validate(const keras::Adam& adam) {
  TL_RETURN_IF_ERROR(in_range(adam.learning_rate >= 0 && std::isfinite(adam.learning_rate),
                              "learning_rate", adam.learning_rate, "of 0 or more"));
  TL_RETURN_IF_ERROR(
      in_range(adam.beta_1 >= 0 && adam.beta_1 < 1, "beta_1", adam.beta_1, "in [0, 1)"));
  TL_RETURN_IF_ERROR(
      in_range(adam.beta_2 >= 0 && adam.beta_2 < 1, "beta_2", adam.beta_2, "in [0, 1)"));
  return in_range(adam.epsilon > 0 && std::isfinite(adam.epsilon), "epsilon", adam.epsilon,
                  "above 0");
}

}  // namespace thunderline::cerebros::train
