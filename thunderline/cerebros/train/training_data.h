#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/train/fit.h"

namespace thunderline::cerebros::train {

/// Checks x, and y and weights against a model's widths; `where` names the data in errors.
/// Errors: kInvalidArgument for lengths; kBadData that names the row and column of a number that is
/// not finite.
Status check_data(const TrainingData& data, int64_t input_width, int64_t output_width,
                  const std::string& where);

/// Checks the lengths of x alone. Errors: kInvalidArgument.
Status check_inputs(std::span<const float> x, int64_t rows, int64_t input_width,
                    const std::string& where);

/// Rows [first, first + rows) of `data`.
TrainingData slice(const TrainingData& data, int64_t first, int64_t rows, int64_t input_width,
                   int64_t output_width);

/// The weight of each row by its class: y rounded for one output, else the place of the largest.
std::vector<float> weights_of_classes(const std::map<int, double>& class_weight,
                                      const TrainingData& data, int64_t output_width);

}  // namespace thunderline::cerebros::train
