#include <algorithm>
#include <cmath>

#include "thunderline/cerebros/graph/op.h"

namespace thunderline::cerebros::graph {
namespace {

using Types = std::vector<ValueType>;
using Names = std::vector<std::string>;

/// Every output is one of the inputs. `Derived::visit(from, to, body)` calls body(to, from) with the
/// places of both for every output.
template <typename Derived>
class PickOp : public Op {
 public:
  Result<Arrays> forward(const ArrayRefs& in, const Types& types,
                         const RunContext&) const override {
    Array y = zeros(types[0].shape);
    self().visit(in[0]->shape, y.shape,
                 [&](size_t to, size_t from) { y.data[to] = in[0]->data[from]; });
    return Arrays{std::move(y)};
  }
  Arrays backward(const ArrayRefs& in, const Arrays& out, const Arrays& grads,
                  const RunContext&) const override {
    Array dx = zeros(in[0]->shape);
    self().visit(in[0]->shape, out[0].shape,
                 [&](size_t to, size_t from) { dx.data[from] = grads[0].data[to]; });
    return {std::move(dx)};
  }

 private:
  const Derived& self() const { return static_cast<const Derived&>(*this); }
};

class TransposeOp : public PickOp<TransposeOp> {
 public:
  explicit TransposeOp(std::vector<int64_t> axes) : axes_(std::move(axes)) {}
  std::string name() const override { return "Transpose"; }
  Result<Types> infer(const Types& in) const override {
    if (in[0].shape.size() != axes_.size()) {
      return fail(ErrorCode::kInvalidArgument, "transpose of rank " + std::to_string(axes_.size()) +
                                                   " got " + shape_text(in[0].shape));
    }
    Shape shape;
    for (const int64_t axis : axes_) shape.push_back(in[0].shape[static_cast<size_t>(axis)]);
    return Types{{in[0].dtype, std::move(shape)}};
  }
  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    return sink.node("Transpose", in, {OnnxSink::of_ints("perm", axes_)});
  }

 private:
  friend PickOp;
  template <typename Body>
  void visit(const Shape& from, const Shape& to, Body body) const {
    std::vector<int64_t> strides(from.size()), permuted;
    int64_t stride = 1;
    for (size_t i = from.size(); i-- > 0;) {
      strides[i] = stride;
      stride *= from[i];
    }
    for (const int64_t axis : axes_) permuted.push_back(strides[static_cast<size_t>(axis)]);
    for_each_element(to, {permuted}, [&](int64_t i, const std::vector<int64_t>& at) {
      body(static_cast<size_t>(i), static_cast<size_t>(at[0]));
    });
  }
  std::vector<int64_t> axes_;
};

class SliceOp : public PickOp<SliceOp> {
 public:
  SliceOp(int64_t axis, std::optional<int64_t> start, std::optional<int64_t> stop, int64_t step)
      : axis_(axis), start_(start), stop_(stop), step_(step) {}
  std::string name() const override { return "Slice"; }
  Result<Types> infer(const Types& in) const override {
    TL_ASSIGN_OR_RETURN(const int64_t axis, normal_axis(axis_, in[0].shape.size()));
    ValueType type = in[0];
    int64_t& extent = type.shape[static_cast<size_t>(axis)];
    if (extent >= 0) extent = range(extent).second;
    return Types{std::move(type)};
  }
  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    constexpr int64_t kFar = int64_t{1} << 31;
    const int64_t first = start_.value_or(step_ > 0 ? 0 : kFar);
    const int64_t end = stop_.value_or(step_ > 0 ? kFar : -kFar);
    return sink.node("Slice", {in[0], sink.integers({first}), sink.integers({end}),
                               sink.integers({axis_}), sink.integers({step_})});
  }

 private:
  friend PickOp;
  /// First index and count, by Python's rules.
  std::pair<int64_t, int64_t> range(int64_t extent) const {
    const auto place = [&](int64_t at) {
      const int64_t low = step_ > 0 ? 0 : -1;
      const int64_t high = step_ > 0 ? extent : extent - 1;
      return std::clamp(at < 0 ? at + extent : at, low, high);
    };
    const int64_t first = start_ ? place(*start_) : (step_ > 0 ? 0 : extent - 1);
    const int64_t end = stop_ ? place(*stop_) : (step_ > 0 ? extent : -1);
    const int64_t span = step_ > 0 ? end - first : first - end;
    const int64_t width = std::abs(step_);
    return {first, std::max<int64_t>(0, (span + width - 1) / width)};
  }
  template <typename Body>
  void visit(const Shape& from, const Shape& to, Body body) const {
    const size_t axis = static_cast<size_t>(normal_axis(axis_, from.size()).value());
    const int64_t first = range(from[axis]).first;
    int64_t outer = 1, inner = 1;
    for (size_t i = 0; i < axis; ++i) outer *= from[i];
    for (size_t i = axis + 1; i < from.size(); ++i) inner *= from[i];
    size_t next = 0;
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t k = 0; k < to[axis]; ++k) {
        const int64_t row = (o * from[axis] + first + k * step_) * inner;
        for (int64_t i = 0; i < inner; ++i) body(next++, static_cast<size_t>(row + i));
      }
    }
  }
  int64_t axis_;
  std::optional<int64_t> start_;
  std::optional<int64_t> stop_;
  int64_t step_;
};

class PadOp : public Op {
 public:
  PadOp(std::vector<std::pair<int64_t, int64_t>> pads, double value)
      : pads_(std::move(pads)), value_(value) {}
  std::string name() const override { return "Pad"; }
  Result<Types> infer(const Types& in) const override {
    if (in[0].shape.size() != pads_.size()) {
      return fail(ErrorCode::kInvalidArgument, "padding of rank " + std::to_string(pads_.size()) +
                                                   " got " + shape_text(in[0].shape));
    }
    ValueType type = in[0];
    for (size_t i = 0; i < pads_.size(); ++i) {
      if (type.shape[i] >= 0) type.shape[i] += pads_[i].first + pads_[i].second;
    }
    return Types{std::move(type)};
  }
  Result<Arrays> forward(const ArrayRefs& in, const Types& types,
                         const RunContext&) const override {
    Array y = zeros(types[0].shape);
    std::fill(y.data.begin(), y.data.end(), value_);
    visit(in[0]->shape, y.shape,
          [&](size_t inside, size_t whole) { y.data[whole] = in[0]->data[inside]; });
    return Arrays{std::move(y)};
  }
  Arrays backward(const ArrayRefs& in, const Arrays& out, const Arrays& grads,
                  const RunContext&) const override {
    Array dx = zeros(in[0]->shape);
    visit(in[0]->shape, out[0].shape,
          [&](size_t inside, size_t whole) { dx.data[inside] = grads[0].data[whole]; });
    return {std::move(dx)};
  }
  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    std::vector<int64_t> flat;
    for (const auto& [before, after] : pads_) flat.push_back(before);
    for (const auto& [before, after] : pads_) flat.push_back(after);
    return sink.node("Pad", {in[0], sink.integers(flat), sink.number(static_cast<float>(value_))});
  }

 private:
  template <typename Body>
  void visit(const Shape& inside, const Shape& whole, Body body) const {
    std::vector<int64_t> strides(whole.size());
    int64_t stride = 1;
    int64_t first = 0;
    for (size_t i = whole.size(); i-- > 0;) {
      strides[i] = stride;
      first += pads_[i].first * stride;
      stride *= whole[i];
    }
    for_each_element(inside, {strides}, [&](int64_t i, const std::vector<int64_t>& at) {
      body(static_cast<size_t>(i), static_cast<size_t>(first + at[0]));
    });
  }
  std::vector<std::pair<int64_t, int64_t>> pads_;
  double value_;
};

class GatherRowsOp : public Op {
 public:
  std::string name() const override { return "Gather"; }
  Result<Types> infer(const Types& in) const override {
    if (in[0].shape.empty() || in[1].dtype == DType::kFloat32) {
      return fail(ErrorCode::kInvalidArgument, "gather wants a table and whole numbers");
    }
    Shape shape = in[1].shape;
    shape.insert(shape.end(), in[0].shape.begin() + 1, in[0].shape.end());
    return Types{{in[0].dtype, std::move(shape)}};
  }
  Result<Arrays> forward(const ArrayRefs& in, const Types& types,
                         const RunContext&) const override {
    Array y = zeros(types[0].shape);
    const int64_t rows = in[0]->shape[0];
    const int64_t width = rows == 0 ? 0 : static_cast<int64_t>(in[0]->data.size()) / rows;
    for (size_t i = 0; i < in[1]->data.size(); ++i) {
      const double at = in[1]->data[i];
      if (!(at >= 0 && at < static_cast<double>(rows))) {
        return fail(ErrorCode::kInvalidArgument,
                    "the index " + std::to_string(static_cast<int64_t>(at)) +
                        " is out of range for a table of " + std::to_string(rows) + " rows");
      }
      std::copy_n(in[0]->data.begin() + static_cast<int64_t>(at) * width, width,
                  y.data.begin() + static_cast<int64_t>(i) * width);
    }
    return Arrays{std::move(y)};
  }
  Arrays backward(const ArrayRefs& in, const Arrays&, const Arrays& grads,
                  const RunContext&) const override {
    Array dx = zeros(in[0]->shape);
    const size_t rows = static_cast<size_t>(std::max<int64_t>(in[0]->shape[0], 1));
    const size_t width = in[0]->data.size() / rows;
    for (size_t i = 0; i < in[1]->data.size(); ++i) {
      const size_t at = static_cast<size_t>(in[1]->data[i]);
      for (size_t k = 0; k < width; ++k) {
        dx.data[at * width + k] += grads[0].data[i * width + k];
      }
    }
    return {std::move(dx), Array{}};
  }
  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    return sink.node("Gather", in, {OnnxSink::of_int("axis", 0)});
  }
};

}  // namespace

OpPtr transpose(std::vector<int64_t> axes) {
  return std::make_shared<TransposeOp>(std::move(axes));
}
OpPtr slice(int64_t axis, std::optional<int64_t> start, std::optional<int64_t> stop,
            int64_t step) {
  return std::make_shared<SliceOp>(axis, start, stop, step);
}
OpPtr pad(std::vector<std::pair<int64_t, int64_t>> pads, double value) {
  return std::make_shared<PadOp>(std::move(pads), value);
}
OpPtr gather_rows() { return std::make_shared<GatherRowsOp>(); }

}  // namespace thunderline::cerebros::graph
