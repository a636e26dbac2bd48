#pragma once

#include <string>

#include "thunderline/cerebros/keras/model.h"

namespace thunderline::cli {

/// A Keras model as a table for people: layers, shapes, parameters.
std::string summary_table(const cerebros::keras::Model& model);

/// The same as `{"name","parameters","inputs","outputs","loss","layers":[{"name","type",…}]}`.
std::string summary_json(const cerebros::keras::Model& model);

}  // namespace thunderline::cli
