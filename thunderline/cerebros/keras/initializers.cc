#include "thunderline/cerebros/keras/initializers.h"

#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

namespace thunderline::cerebros::keras {
namespace {

/// Standard deviation of a standard normal that is cut at ±2.
constexpr double kTruncatedDeviation = 0.87962566103423978;

struct Fans {
  double in = 1;
  double out = 1;
};

Fans fans_of(const std::vector<int64_t>& shape) {
  if (shape.empty()) return {};
  if (shape.size() == 1) return {static_cast<double>(shape[0]), static_cast<double>(shape[0])};
  Fans fans{static_cast<double>(shape[shape.size() - 2]), static_cast<double>(shape.back())};
  for (size_t i = 0; i + 2 < shape.size(); ++i) {
    fans.in *= static_cast<double>(shape[i]);
    fans.out *= static_cast<double>(shape[i]);
  }
  return fans;
}

Tensor uniform(std::vector<int64_t> shape, double limit, Random& random) {
  Tensor tensor = zeros(std::move(shape));
  for (float& value : tensor.data) value = static_cast<float>((2 * random.unit() - 1) * limit);
  return tensor;
}

Tensor truncated_normal(std::vector<int64_t> shape, double deviation, Random& random) {
  Tensor tensor = zeros(std::move(shape));
  for (float& value : tensor.data) {
    double draw = random.normal();
    while (std::abs(draw) > 2) draw = random.normal();
    value = static_cast<float>(draw * deviation / kTruncatedDeviation);
  }
  return tensor;
}

}  // namespace

Tensor zeros(std::vector<int64_t> shape) {
  const int64_t size =
      std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<int64_t>());
  return {std::move(shape), std::vector<float>(static_cast<size_t>(size))};
}

Tensor glorot_uniform(std::vector<int64_t> shape, Random& random) {
  const Fans fans = fans_of(shape);
  return uniform(std::move(shape), std::sqrt(6 / (fans.in + fans.out)), random);
}

Tensor glorot_normal(std::vector<int64_t> shape, Random& random) {
  const Fans fans = fans_of(shape);
  return truncated_normal(std::move(shape), std::sqrt(2 / (fans.in + fans.out)), random);
}

Tensor he_uniform(std::vector<int64_t> shape, Random& random) {
  const Fans fans = fans_of(shape);
  return uniform(std::move(shape), std::sqrt(6 / fans.in), random);
}

Tensor he_normal(std::vector<int64_t> shape, Random& random) {
  const Fans fans = fans_of(shape);
  return truncated_normal(std::move(shape), std::sqrt(2 / fans.in), random);
}

}  // namespace thunderline::cerebros::keras
