#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/model.h"

namespace thunderline::cerebros::keras {

/// `activation(x)` in float64. gelu(x) = x·Φ(x) (exact, by erf), silu(x) = x·σ(x).
/// Source: keras.activations, 3.15.1.
double activate(Activation activation, double x);

/// The model's output at inference (dropout is the identity), by plain loops that keep everything
/// in float64 until the end: the reference that faster paths and exports are checked against.
/// Shapes: x [rows, model.input_width()], result [rows, model.output_width()], rows in C order.
/// Precondition: `validate(model)` holds.
/// Errors: kInvalidArgument when `x` has another size, or `rows` is negative.
Result<std::vector<float>> forward(const Model& model, std::span<const float> x, int64_t rows);

}  // namespace thunderline::cerebros::keras
