#include "thunderline/cerebros/graph/array.h"

namespace thunderline::cerebros::graph {

const char* dtype_name(DType dtype) {
  switch (dtype) {
    case DType::kFloat32: return "float32";
    case DType::kInt32: return "int32";
    case DType::kInt64: return "int64";
    case DType::kBool: return "bool";
  }
  return "unknown";
}

int64_t element_count(const Shape& shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) {
    if (extent < 0) return -1;
    count *= extent;
  }
  return count;
}

std::string shape_text(const Shape& shape) {
  std::string text;
  for (const int64_t extent : shape) {
    text += (text.empty() ? "" : ", ") + (extent < 0 ? "?" : std::to_string(extent));
  }
  return "[" + text + "]";
}

Array zeros(const Shape& shape) {
  return {shape, std::vector<double>(static_cast<size_t>(element_count(shape)), 0.0)};
}

std::vector<int64_t> broadcast_strides(const Shape& shape, size_t rank) {
  std::vector<int64_t> strides(rank, 0);
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[rank - shape.size() + i] = shape[i] == 1 ? 0 : stride;
    stride *= shape[i];
  }
  return strides;
}

}  // namespace thunderline::cerebros::graph
