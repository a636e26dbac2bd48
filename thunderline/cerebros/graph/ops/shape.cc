#include <algorithm>
#include <cmath>

#include "thunderline/cerebros/graph/op.h"

namespace thunderline::cerebros::graph {
namespace {

using Types = std::vector<ValueType>;
using Names = std::vector<std::string>;

class ReshapeOp : public Op {
 public:
  explicit ReshapeOp(std::vector<int64_t> target) : target_(std::move(target)) {}
  std::string name() const override { return "Reshape"; }

  Result<Types> infer(const Types& in) const override {
    const Shape& from = in[0].shape;
    Shape to = target_;
    // Free extents that are kept cancel out of the count.
    int64_t known_from = 1, known_to = 1;
    bool free_from = false;
    for (size_t i = 0; i < from.size(); ++i) {
      const bool kept = i < to.size() && to[i] == 0 && from[i] < 0;
      if (kept) continue;
      if (from[i] < 0) free_from = true; else known_from *= from[i];
    }
    int64_t open = -1;
    for (size_t i = 0; i < to.size(); ++i) {
      if (to[i] == 0) {
        if (i >= from.size()) return mismatch(from);
        to[i] = from[i];
        if (to[i] < 0) continue;
        known_to *= to[i];
      } else if (to[i] == -1) {
        open = static_cast<int64_t>(i);
      } else {
        known_to *= to[i];
      }
    }
    if (open >= 0 && !free_from) {
      if (known_to == 0 || known_from % known_to != 0) return mismatch(from);
      to[static_cast<size_t>(open)] = known_from / known_to;
    } else if (open < 0 && !free_from && known_from != known_to) {
      return mismatch(from);
    }
    return Types{{in[0].dtype, std::move(to)}};
  }

  Result<Arrays> forward(const ArrayRefs& in, const Types& types,
                         const RunContext&) const override {
    return Arrays{{types[0].shape, in[0]->data}};
  }
  Arrays backward(const ArrayRefs& in, const Arrays&, const Arrays& grads,
                  const RunContext&) const override {
    return {{in[0]->shape, grads[0].data}};
  }
  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    return sink.node("Reshape", {in[0], sink.integers(target_)});
  }

 private:
  tl::unexpected<Error> mismatch(const Shape& from) const {
    return fail(ErrorCode::kInvalidArgument,
                shape_text(from) + " cannot be reshaped to " + shape_text(target_));
  }
  std::vector<int64_t> target_;
};

class ConcatenateOp : public Op {
 public:
  explicit ConcatenateOp(int64_t axis) : axis_(axis) {}
  std::string name() const override { return "Concat"; }
  Result<Types> infer(const Types& in) const override {
    TL_ASSIGN_OR_RETURN(const int64_t at, normal_axis(axis_, in[0].shape.size()));
    const size_t axis = static_cast<size_t>(at);
    ValueType type = in[0];
    for (size_t k = 1; k < in.size(); ++k) {
      const Shape& shape = in[k].shape;
      bool fits = shape.size() == type.shape.size() && in[k].dtype == type.dtype;
      for (size_t i = 0; fits && i < shape.size(); ++i) {
        if (i == axis) continue;
        fits = shape[i] < 0 || type.shape[i] < 0 || shape[i] == type.shape[i];
        type.shape[i] = std::max(type.shape[i], shape[i]);
      }
      if (!fits) {
        return fail(ErrorCode::kInvalidArgument, shape_text(in[0].shape) + " and " +
                                                     shape_text(shape) +
                                                     " cannot be concatenated along axis " +
                                                     std::to_string(axis_));
      }
      const bool known = type.shape[axis] >= 0 && shape[axis] >= 0;
      type.shape[axis] = known ? type.shape[axis] + shape[axis] : -1;
    }
    return Types{std::move(type)};
  }
  Result<Arrays> forward(const ArrayRefs& in, const Types& types,
                         const RunContext&) const override {
    Array y = zeros(types[0].shape);
    visit(in, y.shape, [&](size_t k, size_t part, size_t whole, size_t count) {
      std::copy_n(in[k]->data.begin() + static_cast<int64_t>(part), count,
                  y.data.begin() + static_cast<int64_t>(whole));
    });
    return Arrays{std::move(y)};
  }
  Arrays backward(const ArrayRefs& in, const Arrays& out, const Arrays& grads,
                  const RunContext&) const override {
    Arrays parts;
    for (const Array* array : in) parts.push_back(zeros(array->shape));
    visit(in, out[0].shape, [&](size_t k, size_t part, size_t whole, size_t count) {
      std::copy_n(grads[0].data.begin() + static_cast<int64_t>(whole), count,
                  parts[k].data.begin() + static_cast<int64_t>(part));
    });
    return parts;
  }
  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    return sink.node("Concat", in, {OnnxSink::of_int("axis", axis_)});
  }

 private:
  template <typename Body>
  void visit(const ArrayRefs& in, const Shape& whole, Body body) const {
    const size_t axis = static_cast<size_t>(normal_axis(axis_, whole.size()).value());
    int64_t outer = 1, inner = 1;
    for (size_t i = 0; i < axis; ++i) outer *= whole[i];
    for (size_t i = axis + 1; i < whole.size(); ++i) inner *= whole[i];
    int64_t start = 0;
    for (size_t k = 0; k < in.size(); ++k) {
      const int64_t width = in[k]->shape[axis] * inner;
      for (int64_t o = 0; o < outer; ++o) {
        body(k, static_cast<size_t>(o * width),
             static_cast<size_t>(o * whole[axis] * inner + start), static_cast<size_t>(width));
      }
      start += width;
    }
  }
  int64_t axis_;
};

class FillOp : public Op {
 public:
  FillOp(DType dtype, double value, std::vector<int64_t> extents)
      : dtype_(dtype), value_(value), extents_(std::move(extents)) {}
  std::string name() const override { return "ConstantOfShape"; }
  Result<Types> infer(const Types& in) const override {
    Shape shape;
    for (const int64_t extent : extents_) {
      const size_t axis = static_cast<size_t>(-1 - extent);
      if (extent < 0 && axis >= in[0].shape.size()) {
        return fail(ErrorCode::kInvalidArgument, "the value has no axis " + std::to_string(axis));
      }
      shape.push_back(extent < 0 ? in[0].shape[axis] : extent);
    }
    return Types{{dtype_, std::move(shape)}};
  }
  Result<Arrays> forward(const ArrayRefs&, const Types& types, const RunContext&) const override {
    Array y = zeros(types[0].shape);
    std::fill(y.data.begin(), y.data.end(), value_);
    return Arrays{std::move(y)};
  }
  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    Names parts;
    std::string shape;
    for (const int64_t extent : extents_) {
      if (extent >= 0) {
        parts.push_back(sink.integers({extent}));
        continue;
      }
      if (shape.empty()) shape = sink.node("Shape", {in[0]}).front();
      parts.push_back(sink.node("Gather", {shape, sink.integers({-1 - extent})}).front());
    }
    const std::string dims =
        parts.size() == 1 ? parts[0]
                          : sink.node("Concat", parts, {OnnxSink::of_int("axis", 0)}).front();
    const std::string value = sink.number(static_cast<float>(value_));
    const std::string filled = sink.node("Expand", {value, dims}).front();
    if (dtype_ == DType::kFloat32) return Names{filled};
    return cast(dtype_)->emit(sink, {filled}, {});
  }

 private:
  DType dtype_;
  double value_;
  std::vector<int64_t> extents_;
};

}  // namespace

OpPtr reshape(std::vector<int64_t> target) {
  return std::make_shared<ReshapeOp>(std::move(target));
}
OpPtr concatenate(int64_t axis) { return std::make_shared<ConcatenateOp>(axis); }
OpPtr fill(DType dtype, double value, std::vector<int64_t> extents) {
  return std::make_shared<FillOp>(dtype, value, std::move(extents));
}

}  // namespace thunderline::cerebros::graph
