#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace thunderline::cerebros::graph {

/// The element types that a graph knows. All are computed with in float64, which holds each of them
/// (integers up to 2⁵³) exactly.
enum class DType { kFloat32, kInt32, kInt64, kBool };

/// NumPy's name ("float32").
const char* dtype_name(DType dtype);

using Shape = std::vector<int64_t>;

/// What is known of a value before it is computed. An extent of -1 is free.
struct ValueType {
  DType dtype = DType::kFloat32;
  Shape shape;
  bool operator==(const ValueType&) const = default;
};

/// A value: one flat buffer in C order and a shape.
struct Array {
  Shape shape;
  std::vector<double> data;
  bool operator==(const Array&) const = default;
};

/// The product of the extents; -1 when one is free.
int64_t element_count(const Shape& shape);

/// "[?, 40]": a free extent is "?".
std::string shape_text(const Shape& shape);

/// An array of zeros.
Array zeros(const Shape& shape);

/// C-order strides; 0 for extents of 1, so that such axes broadcast.
std::vector<int64_t> broadcast_strides(const Shape& shape, size_t rank);

/// Calls `body(out, offsets…)` for each element of `shape`; `strides[k]` walks operand k.
template <typename Body>
void for_each_element(const Shape& shape, const std::vector<std::vector<int64_t>>& strides,
                      Body body) {
  const int64_t count = element_count(shape);
  const size_t rank = shape.size();
  std::vector<int64_t> index(rank, 0);
  std::vector<int64_t> offsets(strides.size(), 0);
  for (int64_t out = 0; out < count; ++out) {
    body(out, offsets);
    for (size_t axis = rank; axis-- > 0;) {
      for (size_t k = 0; k < strides.size(); ++k) offsets[k] += strides[k][axis];
      if (++index[axis] < shape[axis]) break;
      for (size_t k = 0; k < strides.size(); ++k) offsets[k] -= strides[k][axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

}  // namespace thunderline::cerebros::graph
