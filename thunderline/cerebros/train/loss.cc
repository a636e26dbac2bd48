#include "thunderline/cerebros/train/loss.h"

#include "thunderline/cerebros/train/kernels/elementwise.h"

namespace thunderline::cerebros::train {

LossForm loss_form(keras::Loss loss, keras::Activation head) {
  if (loss == keras::Loss::kMeanSquaredError) return LossForm::kSquaredError;
  return head == keras::Activation::kSigmoid ? LossForm::kCrossEntropyOfLogits
                                             : LossForm::kCrossEntropyOfProbabilities;
}

void loss_elements(LossForm form, const float* scores, const float* targets, float* values,
                   float* slopes, int64_t count) {
  switch (form) {
    case LossForm::kCrossEntropyOfLogits:
      return cross_entropy_of_logits(scores, targets, values, slopes, count);
    case LossForm::kCrossEntropyOfProbabilities:
      return cross_entropy_of_probabilities(scores, targets, values, slopes, count);
    case LossForm::kSquaredError:
      return squared_error(scores, targets, values, slopes, count);
  }
}

double weighted_loss_sum(std::span<const float> values, std::span<const float> weights,
                         int64_t outputs) {
  const int64_t rows = static_cast<int64_t>(values.size()) / outputs;
  double sum = 0;
  for (int64_t i = 0; i < rows; ++i) {
    double row = 0;
    for (int64_t j = 0; j < outputs; ++j) row += values[i * outputs + j];
    sum += row / static_cast<double>(outputs) * (weights.empty() ? 1.0 : weights[i]);
  }
  return sum;
}

}  // namespace thunderline::cerebros::train
