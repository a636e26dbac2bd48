#include "thunderline/cerebros/keras/forward.h"

#include <cmath>
#include <string>

namespace thunderline::cerebros::keras {
namespace {

std::vector<double> apply(const Dense& layer, const std::vector<double>& x, size_t rows) {
  const size_t units = static_cast<size_t>(layer.units);
  const size_t width = static_cast<size_t>(layer.kernel.shape[0]);
  std::vector<double> y(rows * units);
  for (size_t row = 0; row < rows; ++row) {
    double* out = y.data() + row * units;
    for (size_t i = 0; i < width; ++i) {
      const double value = x[row * width + i];
      const float* kernel = layer.kernel.data.data() + i * units;
      for (size_t unit = 0; unit < units; ++unit) out[unit] += value * kernel[unit];
    }
    for (size_t unit = 0; unit < units; ++unit) {
      const double bias = layer.use_bias ? layer.bias.data[unit] : 0.0;
      out[unit] = activate(layer.activation, out[unit] + bias);
    }
  }
  return y;
}

}  // namespace

double activate(Activation activation, double x) {
  switch (activation) {
    case Activation::kLinear: return x;
    case Activation::kRelu: return x > 0 ? x : 0.0;
    case Activation::kGelu: return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case Activation::kSilu: return x / (1.0 + std::exp(-x));
    case Activation::kSigmoid: return 1.0 / (1.0 + std::exp(-x));
    case Activation::kTanh: return std::tanh(x);
  }
  broken_invariant("activation is one of the enumerators", __FILE__, __LINE__);
}

Result<std::vector<float>> forward(const Model& model, std::span<const float> x, int64_t rows) {
  const int64_t width = model.input_width();
  if (rows < 0 || width <= 0 || x.size() % static_cast<size_t>(width) != 0 ||
      x.size() / static_cast<size_t>(width) != static_cast<size_t>(rows)) {
    return fail(ErrorCode::kInvalidArgument,
                "expected [" + std::to_string(rows) + ", " + std::to_string(width) +
                    "] numbers, got " +
                    std::to_string(x.size()), model.input_name());
  }
  std::vector<double> values(x.begin(), x.end());
  for (const Layer& layer : model.layers) {
    if (const auto* dense = std::get_if<Dense>(&layer)) {
      values = apply(*dense, values, static_cast<size_t>(rows));
    }
  }
  return std::vector<float>(values.begin(), values.end());
}

}  // namespace thunderline::cerebros::keras
