#include <algorithm>
#include <cmath>
#include <limits>

#include "thunderline/cerebros/graph/op.h"

namespace thunderline::cerebros::graph {
namespace {

using Types = std::vector<ValueType>;
using Names = std::vector<std::string>;

Result<std::vector<int64_t>> normal_axes(const std::vector<int64_t>& axes, size_t rank) {
  std::vector<int64_t> normal;
  for (const int64_t axis : axes) {
    TL_ASSIGN_OR_RETURN(const int64_t at, normal_axis(axis, rank));
    normal.push_back(at);
  }
  return normal;
}

Shape reduced(const Shape& shape, const std::vector<int64_t>& axes, bool keepdims) {
  Shape result;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool gone =
        std::find(axes.begin(), axes.end(), static_cast<int64_t>(i)) != axes.end();
    if (!gone) result.push_back(shape[i]);
    if (gone && keepdims) result.push_back(1);
  }
  return result;
}

class ReduceOp : public Op {
 public:
  ReduceOp(Reduction kind, std::vector<int64_t> axes, bool keepdims)
      : kind_(kind), axes_(std::move(axes)), keepdims_(keepdims) {}

  std::string name() const override {
    static constexpr const char* kNames[] = {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin",
                                             "ReduceProd"};
    return kNames[static_cast<size_t>(kind_)];
  }

  Result<Types> infer(const Types& in) const override {
    TL_ASSIGN_OR_RETURN(const auto axes, normal_axes(axes_, in[0].shape.size()));
    return Types{{in[0].dtype, reduced(in[0].shape, axes, keepdims_)}};
  }

  Result<Arrays> forward(const ArrayRefs& in, const Types& types,
                         const RunContext&) const override {
    Array y = zeros(types[0].shape);
    const double start[] = {0.0, 0.0, -std::numeric_limits<double>::infinity(),
                            std::numeric_limits<double>::infinity(), 1.0};
    std::fill(y.data.begin(), y.data.end(), start[static_cast<size_t>(kind_)]);
    visit(in[0]->shape, [&](int64_t i, int64_t at) {
      combine(y.data[static_cast<size_t>(at)], in[0]->data[static_cast<size_t>(i)]);
    });
    if (kind_ == Reduction::kMean) {
      for (double& value : y.data) value /= group_size(*in[0], y);
    }
    return Arrays{std::move(y)};
  }

  /// The largest values share the gradient, as TensorFlow has it.
  Arrays backward(const ArrayRefs& in, const Arrays& out, const Arrays& grads,
                  const RunContext&) const override {
    Array dx = zeros(in[0]->shape);
    std::vector<double> ties(out[0].data.size(), 0.0);
    const bool chooses = kind_ == Reduction::kMax || kind_ == Reduction::kMin;
    if (chooses) {
      visit(in[0]->shape, [&](int64_t i, int64_t at) {
        ties[static_cast<size_t>(at)] +=
            in[0]->data[static_cast<size_t>(i)] == out[0].data[static_cast<size_t>(at)] ? 1 : 0;
      });
    }
    const double size = kind_ == Reduction::kMean ? group_size(*in[0], out[0]) : 1.0;
    visit(in[0]->shape, [&](int64_t i, int64_t at) {
      const size_t x = static_cast<size_t>(i);
      const size_t y = static_cast<size_t>(at);
      double slope = 1.0 / size;
      if (chooses) slope = in[0]->data[x] == out[0].data[y] ? 1.0 / ties[y] : 0.0;
      if (kind_ == Reduction::kProd) slope = product_slope(*in[0], out[0], x, y);
      dx.data[x] = grads[0].data[y] * slope;
    });
    return {std::move(dx)};
  }

  Result<Names> emit(OnnxSink& sink, const Names& in, const Types& types) const override {
    TL_ASSIGN_OR_RETURN(const auto axes, normal_axes(axes_, types[0].shape.size()));
    const auto keep = OnnxSink::of_int("keepdims", keepdims_ ? 1 : 0);
    if (kind_ == Reduction::kSum || sink.opset() >= 18) {
      return sink.node(name(), {in[0], sink.integers(axes)}, {keep});
    }
    return sink.node(name(), in, {OnnxSink::of_ints("axes", axes), keep});
  }

 private:
  void combine(double& into, double value) const {
    switch (kind_) {
      case Reduction::kSum:
      case Reduction::kMean: into += value; return;
      case Reduction::kMax: into = value > into || std::isnan(value) ? value : into; return;
      case Reduction::kMin: into = value < into || std::isnan(value) ? value : into; return;
      case Reduction::kProd: into *= value; return;
    }
  }

  static double group_size(const Array& x, const Array& y) {
    return y.data.empty() ? 1.0
                          : static_cast<double>(x.data.size()) / static_cast<double>(y.data.size());
  }

  /// Exact where no factor is zero; where one is, the product of the others.
  double product_slope(const Array& x, const Array& y, size_t at_x, size_t at_y) const {
    if (x.data[at_x] != 0) return y.data[at_y] / x.data[at_x];
    double others = 1.0;
    visit(x.shape, [&](int64_t i, int64_t at) {
      if (static_cast<size_t>(at) == at_y && static_cast<size_t>(i) != at_x) {
        others *= x.data[static_cast<size_t>(i)];
      }
    });
    return others;
  }

  template <typename Body>
  void visit(const Shape& shape, Body body) const {
    const auto axes = normal_axes(axes_, shape.size()).value();
    const auto strides = broadcast_strides(reduced(shape, axes, true), shape.size());
    for_each_element(shape, {strides}, [&](int64_t i, const std::vector<int64_t>& at) {
      body(i, at[0]);
    });
  }

  Reduction kind_;
  std::vector<int64_t> axes_;
  bool keepdims_;
};

/// Splits a shape at an axis: [outer, extent, inner].
struct Lanes {
  int64_t outer = 1;
  int64_t extent = 1;
  int64_t inner = 1;
  Lanes(const Shape& shape, int64_t axis) {
    const size_t at = static_cast<size_t>(normal_axis(axis, shape.size()).value());
    for (size_t i = 0; i < at; ++i) outer *= shape[i];
    extent = shape[at];
    for (size_t i = at + 1; i < shape.size(); ++i) inner *= shape[i];
  }
  template <typename Body>
  void for_each(Body body) const {
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t i = 0; i < inner; ++i) body(o * extent * inner + i);
    }
  }
  size_t at(int64_t start, int64_t k) const { return static_cast<size_t>(start + k * inner); }
};

class ArgMaxOp : public Op {
 public:
  ArgMaxOp(int64_t axis, bool keepdims, bool smallest)
      : axis_(axis), keepdims_(keepdims), smallest_(smallest) {}
  std::string name() const override { return smallest_ ? "ArgMin" : "ArgMax"; }
  Result<Types> infer(const Types& in) const override {
    TL_ASSIGN_OR_RETURN(const int64_t axis, normal_axis(axis_, in[0].shape.size()));
    return Types{{DType::kInt64, reduced(in[0].shape, {axis}, keepdims_)}};
  }
  Result<Arrays> forward(const ArrayRefs& in, const Types& types,
                         const RunContext&) const override {
    Array y = zeros(types[0].shape);
    const Lanes lanes(in[0]->shape, axis_);
    size_t next = 0;
    lanes.for_each([&](int64_t start) {
      int64_t best = 0;
      for (int64_t k = 1; k < lanes.extent; ++k) {
        const double value = in[0]->data[lanes.at(start, k)];
        const double champion = in[0]->data[lanes.at(start, best)];
        if (smallest_ ? value < champion : value > champion) best = k;
      }
      y.data[next++] = static_cast<double>(best);
    });
    return Arrays{std::move(y)};
  }
  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    return sink.node(name(), in, {OnnxSink::of_int("axis", axis_),
                                  OnnxSink::of_int("keepdims", keepdims_ ? 1 : 0)});
  }

 private:
  int64_t axis_;
  bool keepdims_;
  bool smallest_;
};

class CumulativeSumOp : public Op {
 public:
  explicit CumulativeSumOp(int64_t axis) : axis_(axis) {}
  std::string name() const override { return "CumSum"; }
  Result<Types> infer(const Types& in) const override {
    TL_RETURN_IF_ERROR(normal_axis(axis_, in[0].shape.size()));
    return Types{in[0]};
  }
  Result<Arrays> forward(const ArrayRefs& in, const Types&, const RunContext&) const override {
    Array y = *in[0];
    const Lanes lanes(y.shape, axis_);
    lanes.for_each([&](int64_t start) {
      for (int64_t k = 1; k < lanes.extent; ++k) {
        y.data[lanes.at(start, k)] += y.data[lanes.at(start, k - 1)];
      }
    });
    return Arrays{std::move(y)};
  }
  Arrays backward(const ArrayRefs&, const Arrays&, const Arrays& grads,
                  const RunContext&) const override {
    Array dx = grads[0];
    const Lanes lanes(dx.shape, axis_);
    lanes.for_each([&](int64_t start) {
      for (int64_t k = lanes.extent - 1; k > 0; --k) {
        dx.data[lanes.at(start, k - 1)] += dx.data[lanes.at(start, k)];
      }
    });
    return {std::move(dx)};
  }
  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    return sink.node("CumSum", {in[0], sink.integers({axis_}, true)});
  }

 private:
  int64_t axis_;
};

class SoftmaxOp : public Op {
 public:
  explicit SoftmaxOp(int64_t axis) : axis_(axis) {}
  std::string name() const override { return "Softmax"; }
  Result<Types> infer(const Types& in) const override {
    TL_RETURN_IF_ERROR(normal_axis(axis_, in[0].shape.size()));
    return Types{in[0]};
  }
  Result<Arrays> forward(const ArrayRefs& in, const Types&, const RunContext&) const override {
    Array y = *in[0];
    const Lanes lanes(y.shape, axis_);
    lanes.for_each([&](int64_t start) {
      double largest = -std::numeric_limits<double>::infinity();
      for (int64_t k = 0; k < lanes.extent; ++k) {
        largest = std::max(largest, y.data[lanes.at(start, k)]);
      }
      double sum = 0;
      for (int64_t k = 0; k < lanes.extent; ++k) {
        double& value = y.data[lanes.at(start, k)];
        value = std::exp(value - largest);
        sum += value;
      }
      for (int64_t k = 0; k < lanes.extent; ++k) y.data[lanes.at(start, k)] /= sum;
    });
    return Arrays{std::move(y)};
  }
  Arrays backward(const ArrayRefs&, const Arrays& out, const Arrays& grads,
                  const RunContext&) const override {
    Array dx = grads[0];
    const Lanes lanes(dx.shape, axis_);
    lanes.for_each([&](int64_t start) {
      double dot = 0;
      for (int64_t k = 0; k < lanes.extent; ++k) {
        dot += dx.data[lanes.at(start, k)] * out[0].data[lanes.at(start, k)];
      }
      for (int64_t k = 0; k < lanes.extent; ++k) {
        double& value = dx.data[lanes.at(start, k)];
        value = out[0].data[lanes.at(start, k)] * (value - dot);
      }
    });
    return {std::move(dx)};
  }
  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    return sink.node("Softmax", in, {OnnxSink::of_int("axis", axis_)});
  }

 private:
  int64_t axis_;
};

}  // namespace

OpPtr reduce(Reduction kind, std::vector<int64_t> axes, bool keepdims) {
  return std::make_shared<ReduceOp>(kind, std::move(axes), keepdims);
}
OpPtr arg_max(int64_t axis, bool keepdims, bool smallest) {
  return std::make_shared<ArgMaxOp>(axis, keepdims, smallest);
}
OpPtr cumulative_sum(int64_t axis) { return std::make_shared<CumulativeSumOp>(axis); }
OpPtr softmax(int64_t axis) { return std::make_shared<SoftmaxOp>(axis); }

}  // namespace thunderline::cerebros::graph
