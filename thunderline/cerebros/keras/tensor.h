#pragma once

#include <cstdint>
#include <vector>

namespace thunderline::cerebros::keras {

/// A float32 array: one flat buffer in C order and a shape.
struct Tensor {
  std::vector<int64_t> shape;
  std::vector<float> data;

  bool operator==(const Tensor&) const = default;
};

}  // namespace thunderline::cerebros::keras
