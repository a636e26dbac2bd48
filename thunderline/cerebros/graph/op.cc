#include "thunderline/cerebros/graph/op.h"

#include <algorithm>

namespace thunderline::cerebros::graph {
namespace {

constexpr int64_t kMaxElements = int64_t{1} << 29;

}  // namespace

OnnxSink::Attribute OnnxSink::of_int(std::string name, int64_t value) {
  return {std::move(name), Attribute::Kind::kInt, {value}, 0, "", nullptr, {}};
}
OnnxSink::Attribute OnnxSink::of_ints(std::string name, std::vector<int64_t> values) {
  return {std::move(name), Attribute::Kind::kInts, std::move(values), 0, "", nullptr, {}};
}
OnnxSink::Attribute OnnxSink::of_float(std::string name, float value) {
  return {std::move(name), Attribute::Kind::kFloat, {}, value, "", nullptr, {}};
}
OnnxSink::Attribute OnnxSink::of_text(std::string name, std::string value) {
  return {std::move(name), Attribute::Kind::kText, {}, 0, std::move(value), nullptr, {}};
}

Arrays Op::backward(const ArrayRefs& inputs, const Arrays&, const Arrays&,
                    const RunContext&) const {
  return Arrays(inputs.size());
}

void accumulate(Array& to, const Array& from) {
  if (from.shape.empty() && from.data.empty()) return;
  if (to.data.empty() && to.shape.empty()) {
    to = from;
    return;
  }
  for (size_t i = 0; i < to.data.size(); ++i) to.data[i] += from.data[i];
}

Array unbroadcast(const Array& grad, const Shape& shape) {
  if (grad.shape == shape) return grad;
  Array sum = zeros(shape);
  for_each_element(grad.shape, {broadcast_strides(shape, grad.shape.size())},
                   [&](int64_t i, const std::vector<int64_t>& at) {
                     sum.data[static_cast<size_t>(at[0])] += grad.data[static_cast<size_t>(i)];
                   });
  return sum;
}

Result<Shape> broadcast(const Shape& a, const Shape& b) {
  Shape shape(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < shape.size(); ++i) {
    const int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    int64_t& extent = shape[shape.size() - 1 - i];
    if (x == 1 || y == 1) {
      extent = x == 1 ? y : x;
    } else if (x < 0 || y < 0) {
      extent = std::max(x, y);
    } else if (x == y) {
      extent = x;
    } else {
      return fail(ErrorCode::kInvalidArgument,
                  "shapes " + shape_text(a) + " and " + shape_text(b) + " do not go together");
    }
  }
  return shape;
}

Status check_size(const Shape& shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) {
    if (extent < 0) continue;
    if (__builtin_mul_overflow(count, extent, &count) || count > kMaxElements) {
      return fail(ErrorCode::kResourceLimit, "a value of shape " + shape_text(shape) +
                                                 " has more than " + std::to_string(kMaxElements) +
                                                 " elements");
    }
  }
  return {};
}

Result<int64_t> normal_axis(int64_t axis, size_t rank) {
  const int64_t size = static_cast<int64_t>(rank);
  if (axis < -size || axis >= size) {
    return fail(ErrorCode::kInvalidArgument, "axis " + std::to_string(axis) +
                                                 " is out of range for rank " +
                                                 std::to_string(size));
  }
  return axis < 0 ? axis + size : axis;
}

}  // namespace thunderline::cerebros::graph
