#pragma once

#include <cstdint>

#include "thunderline/cerebros/keras/model.h"
#include "thunderline/cerebros/train/kernels/elementwise.h"

namespace thunderline::cerebros::train {

/// The factors of Adam's step number `step`, counted from 1, rounded to float32 where Keras does
/// so.
/// Source: keras.optimizers.Adam.update_step, 3.15.1.
AdamStep adam_step(const keras::Adam& adam, double learning_rate, int64_t step);

}  // namespace thunderline::cerebros::train
