#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/archive/keras_config.h"
#include "thunderline/cerebros/keras/model.h"

namespace thunderline::cerebros::keras {

/// Reads `model.weights.h5` into the tensors that the config asks for, and the optimizer's state
/// when the model is compiled. Errors: kBadData that names the dataset.
Result<Model> read_weights(ParsedConfig config, std::span<const std::byte> bytes,
                           const std::string& where);

/// `model.weights.h5` of a Sequential model. Precondition: `validate` holds.
Result<std::string> weights_bytes(const Model& model);

}  // namespace thunderline::cerebros::keras
