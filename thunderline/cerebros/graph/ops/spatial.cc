#include <algorithm>
#include <limits>

#include "thunderline/cerebros/graph/op.h"

namespace thunderline::cerebros::graph {
namespace {

using Types = std::vector<ValueType>;
using Names = std::vector<std::string>;

int64_t reach(const Window& window, size_t axis) {
  return (window.size[axis] - 1) * window.dilations[axis] + 1;
}

/// Cells added before and after an axis of `extent` cells. Source: TensorFlow's "SAME" scheme.
std::pair<int64_t, int64_t> pads_of(const Window& window, size_t axis, int64_t extent) {
  const int64_t size = reach(window, axis);
  if (window.padding == Padding::kValid) return {0, 0};
  if (window.padding == Padding::kCausal) return {size - 1, 0};
  const int64_t stride = window.strides[axis];
  const int64_t steps = (extent + stride - 1) / stride;
  const int64_t total = std::max<int64_t>((steps - 1) * stride + size - extent, 0);
  return {total / 2, total - total / 2};
}

/// The extents after a window has gone over `shape` [n, c, spatial…].
Result<Shape> windowed(const Window& window, const Shape& shape) {
  if (shape.size() != window.size.size() + 2) {
    return fail(ErrorCode::kInvalidArgument,
                "a window over " + std::to_string(window.size.size()) + " axes cannot go over " +
                    shape_text(shape));
  }
  Shape result;
  for (size_t i = 0; i < window.size.size(); ++i) {
    const int64_t extent = shape[i + 2];
    if (extent < 0) {
      result.push_back(-1);
      continue;
    }
    const auto [before, after] = pads_of(window, i, extent);
    const int64_t room = extent + before + after - reach(window, i);
    if (room < 0) {
      return fail(ErrorCode::kInvalidArgument, "a window of " + std::to_string(reach(window, i)) +
                                                   " cells is larger than its axis of " +
                                                   std::to_string(extent));
    }
    result.push_back(room / window.strides[i] + 1);
  }
  return result;
}

std::vector<OnnxSink::Attribute> window_attributes(const Window& window, const Shape& shape,
                                                   bool dilated) {
  std::vector<OnnxSink::Attribute> attributes = {
      OnnxSink::of_ints("kernel_shape", window.size), OnnxSink::of_ints("strides", window.strides)};
  if (dilated) attributes.push_back(OnnxSink::of_ints("dilations", window.dilations));
  std::vector<int64_t> before, after;
  for (size_t i = 0; i < window.size.size(); ++i) {
    // With a stride of 1 the pads do not depend on the extent.
    const int64_t extent = shape[i + 2] < 0 && window.strides[i] == 1 ? reach(window, i)
                                                                      : shape[i + 2];
    if (extent < 0 && window.padding == Padding::kSame) {
      attributes.push_back(OnnxSink::of_text("auto_pad", "SAME_UPPER"));
      return attributes;
    }
    const auto [first, last] = pads_of(window, i, std::max<int64_t>(extent, 0));
    before.push_back(first);
    after.push_back(last);
  }
  before.insert(before.end(), after.begin(), after.end());
  attributes.push_back(OnnxSink::of_ints("pads", before));
  return attributes;
}

/// For each place of a window and each of its cells, where in the input the cell lies; -1: outside.
struct Taps {
  int64_t places = 1;
  int64_t cells = 1;
  std::vector<int64_t> index;

  int64_t at(int64_t place, int64_t cell) const {
    return index[static_cast<size_t>(place * cells + cell)];
  }
};

/// `starts[i]`: where the first window begins on axis i.
Taps taps_of(const Window& window, const Shape& input, const Shape& output,
             const std::vector<int64_t>& starts) {
  Taps taps;
  taps.places = element_count(output);
  taps.cells = element_count(window.size);
  Shape both = output;
  both.insert(both.end(), window.size.begin(), window.size.end());
  const size_t rank = output.size();
  std::vector<int64_t> index(both.size(), 0);
  taps.index.resize(static_cast<size_t>(taps.places * taps.cells));
  for (int64_t& tap : taps.index) {
    tap = 0;
    for (size_t i = 0; i < rank && tap >= 0; ++i) {
      const int64_t place = index[i] * window.strides[i] + index[rank + i] * window.dilations[i] -
                            starts[i];
      tap = place < 0 || place >= input[i] ? -1 : tap * input[i] + place;
    }
    for (size_t axis = both.size(); axis-- > 0;) {
      if (++index[axis] < both[axis]) break;
      index[axis] = 0;
    }
  }
  return taps;
}

Shape spatial(const Shape& shape) { return {shape.begin() + 2, shape.end()}; }

Taps taps_for(const Window& window, const Shape& x, const Shape& y) {
  std::vector<int64_t> starts;
  for (size_t i = 0; i + 2 < x.size(); ++i) starts.push_back(pads_of(window, i, x[i + 2]).first);
  return taps_of(window, spatial(x), spatial(y), starts);
}

class ConvolutionOp : public Op {
 public:
  ConvolutionOp(Window window, int64_t groups) : window_(std::move(window)), groups_(groups) {}
  std::string name() const override { return "Conv"; }

  Result<Types> infer(const Types& in) const override {
    TL_ASSIGN_OR_RETURN(const Shape places, windowed(window_, in[0].shape));
    const Shape& kernel = in[1].shape;
    if (kernel.size() != in[0].shape.size() || kernel[1] * groups_ != in[0].shape[1] ||
        kernel[0] % groups_ != 0) {
      return fail(ErrorCode::kInvalidArgument,
                  "a kernel " + shape_text(kernel) + " of " + std::to_string(groups_) +
                      " groups does not fit " + shape_text(in[0].shape));
    }
    Shape shape = {in[0].shape[0], kernel[0]};
    shape.insert(shape.end(), places.begin(), places.end());
    return Types{{in[0].dtype, std::move(shape)}};
  }

  Result<Arrays> forward(const ArrayRefs& in, const Types& types,
                         const RunContext&) const override {
    Array y = zeros(types[0].shape);
    visit(in, y.shape, [&](int64_t at_x, int64_t at_k, int64_t at_y, const Taps& taps) {
      const double* x = in[0]->data.data() + at_x;
      const double* k = in[1]->data.data() + at_k;
      double* out = y.data.data() + at_y;
      for (int64_t p = 0; p < taps.places; ++p) {
        double sum = 0;
        for (int64_t w = 0; w < taps.cells; ++w) {
          const int64_t at = taps.at(p, w);
          if (at >= 0) sum += x[at] * k[w];
        }
        out[p] += sum;
      }
    });
    return Arrays{std::move(y)};
  }

  Arrays backward(const ArrayRefs& in, const Arrays& out, const Arrays& grads,
                  const RunContext&) const override {
    Array dx = zeros(in[0]->shape);
    Array dk = zeros(in[1]->shape);
    visit(in, out[0].shape, [&](int64_t at_x, int64_t at_k, int64_t at_y, const Taps& taps) {
      const double* x = in[0]->data.data() + at_x;
      const double* k = in[1]->data.data() + at_k;
      const double* grad = grads[0].data.data() + at_y;
      for (int64_t p = 0; p < taps.places; ++p) {
        for (int64_t w = 0; w < taps.cells; ++w) {
          const int64_t at = taps.at(p, w);
          if (at < 0) continue;
          dx.data[static_cast<size_t>(at_x + at)] += grad[p] * k[w];
          dk.data[static_cast<size_t>(at_k + w)] += grad[p] * x[at];
        }
      }
    });
    return {std::move(dx), std::move(dk)};
  }

  Result<Names> emit(OnnxSink& sink, const Names& in, const Types& types) const override {
    auto attributes = window_attributes(window_, types[0].shape, true);
    attributes.push_back(OnnxSink::of_int("group", groups_));
    return sink.node("Conv", in, std::move(attributes));
  }

 private:
  template <typename Body>
  void visit(const ArrayRefs& in, const Shape& y, Body body) const {
    const Shape& x = in[0]->shape;
    const Taps taps = taps_for(window_, x, y);
    const int64_t width = element_count(spatial(x));
    const int64_t inner = in[1]->shape[1];
    const int64_t outer = y[1] / groups_;
    for (int64_t n = 0; n < x[0]; ++n) {
      for (int64_t o = 0; o < y[1]; ++o) {
        for (int64_t c = 0; c < inner; ++c) {
          const int64_t channel = o / outer * inner + c;
          body((n * x[1] + channel) * width, (o * inner + c) * taps.cells,
               (n * y[1] + o) * taps.places, taps);
        }
      }
    }
  }

  Window window_;
  int64_t groups_;
};

class TransposedConvolutionOp : public Op {
 public:
  TransposedConvolutionOp(Window window, std::vector<int64_t> output_padding)
      : window_(std::move(window)), output_padding_(std::move(output_padding)) {}
  std::string name() const override { return "ConvTranspose"; }

  Result<Types> infer(const Types& in) const override {
    const Shape& x = in[0].shape;
    const Shape& kernel = in[1].shape;
    if (x.size() != window_.size.size() + 2 || kernel.size() != x.size() || kernel[0] != x[1]) {
      return fail(ErrorCode::kInvalidArgument, "a transposed kernel " + shape_text(kernel) +
                                                   " does not fit " + shape_text(x));
    }
    Shape shape = {x[0], kernel[1]};
    for (size_t i = 0; i + 2 < x.size(); ++i) {
      shape.push_back(x[i + 2] < 0 ? -1
                                   : (x[i + 2] - 1) * window_.strides[i] + reach(window_, i) -
                                         surplus(i));
    }
    return Types{{in[0].dtype, std::move(shape)}};
  }

  Result<Arrays> forward(const ArrayRefs& in, const Types& types,
                         const RunContext&) const override {
    Array y = zeros(types[0].shape);
    visit(in, y.shape, [&](size_t x, size_t k, size_t to) {
      y.data[to] += in[0]->data[x] * in[1]->data[k];
    });
    return Arrays{std::move(y)};
  }

  Arrays backward(const ArrayRefs& in, const Arrays& out, const Arrays& grads,
                  const RunContext&) const override {
    Array dx = zeros(in[0]->shape);
    Array dk = zeros(in[1]->shape);
    visit(in, out[0].shape, [&](size_t x, size_t k, size_t to) {
      dx.data[x] += grads[0].data[to] * in[1]->data[k];
      dk.data[k] += grads[0].data[to] * in[0]->data[x];
    });
    return {std::move(dx), std::move(dk)};
  }

  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    std::vector<int64_t> before, after, extra;
    for (size_t i = 0; i < window_.size.size(); ++i) {
      const int64_t cut = std::max<int64_t>(surplus(i), 0);
      before.push_back(cut / 2);
      after.push_back(cut - cut / 2);
      extra.push_back(std::max<int64_t>(-surplus(i), 0));
    }
    before.insert(before.end(), after.begin(), after.end());
    return sink.node("ConvTranspose", in,
                     {OnnxSink::of_ints("kernel_shape", window_.size),
                      OnnxSink::of_ints("strides", window_.strides),
                      OnnxSink::of_ints("dilations", window_.dilations),
                      OnnxSink::of_ints("pads", before),
                      OnnxSink::of_ints("output_padding", extra)});
  }

 private:
  /// By how much the full result, (n − 1) · stride + reach, exceeds Keras's; negative: falls short.
  int64_t surplus(size_t i) const {
    const int64_t size = reach(window_, i);
    const bool same = window_.padding == Padding::kSame;
    if (!output_padding_.empty()) return (same ? 2 * (size / 2) : 0) - output_padding_[i];
    return same ? size - window_.strides[i] : size - std::max(size, window_.strides[i]);
  }

  template <typename Body>
  void visit(const ArrayRefs& in, const Shape& y, Body body) const {
    const Shape& x = in[0]->shape;
    std::vector<int64_t> starts;
    for (size_t i = 0; i < window_.size.size(); ++i) {
      starts.push_back(std::max<int64_t>(surplus(i), 0) / 2);
    }
    const Taps taps = taps_of(window_, spatial(y), spatial(x), starts);
    const int64_t width = element_count(spatial(y));
    for (int64_t n = 0; n < x[0]; ++n) {
      for (int64_t c = 0; c < x[1]; ++c) {
        for (int64_t o = 0; o < y[1]; ++o) {
          for (int64_t p = 0; p < taps.places; ++p) {
            for (int64_t w = 0; w < taps.cells; ++w) {
              const int64_t at = taps.at(p, w);
              if (at < 0) continue;
              body(static_cast<size_t>((n * x[1] + c) * taps.places + p),
                   static_cast<size_t>((c * y[1] + o) * taps.cells + w),
                   static_cast<size_t>((n * y[1] + o) * width + at));
            }
          }
        }
      }
    }
  }

  Window window_;
  std::vector<int64_t> output_padding_;
};

class PoolingOp : public Op {
 public:
  PoolingOp(bool average, Window window) : average_(average), window_(std::move(window)) {}
  std::string name() const override { return average_ ? "AveragePool" : "MaxPool"; }

  Result<Types> infer(const Types& in) const override {
    TL_ASSIGN_OR_RETURN(const Shape places, windowed(window_, in[0].shape));
    Shape shape = {in[0].shape[0], in[0].shape[1]};
    shape.insert(shape.end(), places.begin(), places.end());
    return Types{{in[0].dtype, std::move(shape)}};
  }

  Result<Arrays> forward(const ArrayRefs& in, const Types& types,
                         const RunContext&) const override {
    Array y = zeros(types[0].shape);
    visit(*in[0], y.shape, [&](const double* x, size_t to, const std::vector<int64_t>& cells) {
      double value = average_ ? 0.0 : -std::numeric_limits<double>::infinity();
      for (const int64_t at : cells) value = average_ ? value + x[at] : std::max(value, x[at]);
      y.data[to] = average_ ? value / static_cast<double>(cells.size()) : value;
    });
    return Arrays{std::move(y)};
  }

  Arrays backward(const ArrayRefs& in, const Arrays& out, const Arrays& grads,
                  const RunContext&) const override {
    Array dx = zeros(in[0]->shape);
    visit(*in[0], out[0].shape, [&](const double* x, size_t to, const std::vector<int64_t>& cells) {
      double* plane = dx.data.data() + (x - in[0]->data.data());
      const double grad = grads[0].data[to];
      for (const int64_t at : cells) {
        if (average_) plane[at] += grad / static_cast<double>(cells.size());
        if (!average_ && x[at] == out[0].data[to]) {
          plane[at] += grad;
          break;
        }
      }
    });
    return {std::move(dx)};
  }

  Result<Names> emit(OnnxSink& sink, const Names& in, const Types& types) const override {
    return sink.node(name(), in, window_attributes(window_, types[0].shape, false));
  }

 private:
  template <typename Body>
  void visit(const Array& x, const Shape& y, Body body) const {
    const Taps taps = taps_for(window_, x.shape, y);
    const int64_t width = element_count(spatial(x.shape));
    std::vector<int64_t> cells;
    for (int64_t plane = 0; plane < x.shape[0] * x.shape[1]; ++plane) {
      for (int64_t p = 0; p < taps.places; ++p) {
        cells.clear();
        for (int64_t w = 0; w < taps.cells; ++w) {
          if (taps.at(p, w) >= 0) cells.push_back(taps.at(p, w));
        }
        body(x.data.data() + plane * width, static_cast<size_t>(plane * taps.places + p), cells);
      }
    }
  }

  bool average_;
  Window window_;
};

}  // namespace

OpPtr convolution(Window window, int64_t groups) {
  return std::make_shared<ConvolutionOp>(std::move(window), groups);
}
OpPtr transposed_convolution(Window window, std::vector<int64_t> output_padding) {
  return std::make_shared<TransposedConvolutionOp>(std::move(window), std::move(output_padding));
}
OpPtr pooling(bool average, Window window) {
  return std::make_shared<PoolingOp>(average, std::move(window));
}

}  // namespace thunderline::cerebros::graph
