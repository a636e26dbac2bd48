#include "thunderline/cerebros/train/training_data.h"

#include <algorithm>
#include <cmath>

#include "thunderline/cerebros/train/kernels/elementwise.h"

namespace thunderline::cerebros::train {
namespace {

Status check_length(size_t length, int64_t rows, int64_t width, const std::string& array,
                    const std::string& where) {
  if (length % static_cast<size_t>(width) == 0 &&
      length / static_cast<size_t>(width) == static_cast<size_t>(rows)) {
    return {};
  }
  return fail(ErrorCode::kInvalidArgument,
              array + " has " + std::to_string(length) + " numbers where " + std::to_string(rows) +
                  " rows of " + std::to_string(width) + " are wanted",
              where, "give the model's own width and one row a sample");
}

Status check_finite(std::span<const float> values, int64_t width, const std::string& array,
                    const std::string& where) {
  if (all_finite(values.data(), static_cast<int64_t>(values.size()))) return {};
  const auto bad = std::find_if_not(values.begin(), values.end(),
                                    [](float value) { return std::isfinite(value); });
  const int64_t place = bad - values.begin();
  return fail(ErrorCode::kBadData,
              array + "[" + std::to_string(place / width) + ", " + std::to_string(place % width) +
                  "] is " + (std::isnan(*bad) ? "NaN" : "infinite"),
              where, "clean the data");
}

}  // namespace

Status check_inputs(std::span<const float> x, int64_t rows, int64_t input_width,
                    const std::string& where) {
  if (rows < 0) {
    return fail(ErrorCode::kInvalidArgument, "the number of rows is negative", where);
  }
  return check_length(x.size(), rows, input_width, "x", where);
}

Status check_data(const TrainingData& data, int64_t input_width, int64_t output_width,
                  const std::string& where) {
  if (data.rows <= 0) {
    return fail(ErrorCode::kInvalidArgument, "there are no rows", where, "give at least one");
  }
  TL_RETURN_IF_ERROR(check_length(data.x.size(), data.rows, input_width, "x", where));
  TL_RETURN_IF_ERROR(check_length(data.y.size(), data.rows, output_width, "y", where));
  if (!data.sample_weight.empty()) {
    TL_RETURN_IF_ERROR(
        check_length(data.sample_weight.size(), data.rows, 1, "sample_weight", where));
  }
  TL_RETURN_IF_ERROR(check_finite(data.x, input_width, "x", where));
  TL_RETURN_IF_ERROR(check_finite(data.y, output_width, "y", where));
  return check_finite(data.sample_weight, 1, "sample_weight", where);
}

TrainingData slice(const TrainingData& data, int64_t first, int64_t rows, int64_t input_width,
                   int64_t output_width) {
  const auto part = [&](std::span<const float> values, int64_t width) {
    if (values.empty()) return values;
    return values.subspan(static_cast<size_t>(first * width), static_cast<size_t>(rows * width));
  };
  return {part(data.x, input_width), part(data.y, output_width), part(data.sample_weight, 1), rows};
}

std::vector<float> weights_of_classes(const std::map<int, double>& class_weight,
                                      const TrainingData& data, int64_t output_width) {
  std::vector<float> weights(static_cast<size_t>(data.rows), 1.0f);
  for (int64_t i = 0; i < data.rows; ++i) {
    const auto row = data.y.subspan(static_cast<size_t>(i * output_width),
                                    static_cast<size_t>(output_width));
    const double label = output_width == 1
                             ? std::nearbyint(row[0])
                             : std::max_element(row.begin(), row.end()) - row.begin();
    for (const auto& [number, weight] : class_weight) {
      if (label == number) weights[static_cast<size_t>(i)] = static_cast<float>(weight);
    }
  }
  return weights;
}

}  // namespace thunderline::cerebros::train
