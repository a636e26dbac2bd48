#pragma once

#include <cstdint>
#include <vector>

#include "thunderline/base/random.h"
#include "thunderline/cerebros/keras/tensor.h"

namespace thunderline::cerebros::keras {

// Keras's initialisers: the same distributions, from our own generator, so that a seed gives the
// same numbers on every machine. Fans of a shape (n): n and n; of (a, b): a and b; of more
// dimensions, the last two times the product of the others. Precondition: no extent is negative.
// Source: keras.initializers, 3.15.1.

Tensor zeros(std::vector<int64_t> shape);

/// Uniform in ±√(6 / (fan_in + fan_out)).
Tensor glorot_uniform(std::vector<int64_t> shape, Random& random);

/// Normal of standard deviation √(2 / (fan_in + fan_out)), as it is after the cut at twice its own.
Tensor glorot_normal(std::vector<int64_t> shape, Random& random);

/// Uniform in ±√(6 / fan_in).
Tensor he_uniform(std::vector<int64_t> shape, Random& random);

/// Normal of standard deviation √(2 / fan_in), as it is after the cut at twice its own.
Tensor he_normal(std::vector<int64_t> shape, Random& random);

}  // namespace thunderline::cerebros::keras
