#pragma once

#include <cstdint>
#include <span>

#include "thunderline/cerebros/keras/model.h"

namespace thunderline::cerebros::train {

/// How a model's last buffer becomes a loss. Keras takes the logits of a sigmoid head, so that the
/// loss stays exact where the probability rounds to 0 or 1; any other head's output is clipped.
enum class LossForm { kCrossEntropyOfLogits, kCrossEntropyOfProbabilities, kSquaredError };

LossForm loss_form(keras::Loss loss, keras::Activation head);

/// Loss and derivative of each element; `scores` are logits or outputs as `form` says.
/// Shapes: four buffers of `count` floats, as in kernels/elementwise.h.
void loss_elements(LossForm form, const float* scores, const float* targets, float* values,
                   float* slopes, int64_t count);

/// Σᵢ wᵢ · meanⱼ values[i, j], in double, row by row; no weights count as 1.
/// Shapes: values [rows, outputs], weights [rows] or empty.
double weighted_loss_sum(std::span<const float> values, std::span<const float> weights,
                         int64_t outputs);

}  // namespace thunderline::cerebros::train
