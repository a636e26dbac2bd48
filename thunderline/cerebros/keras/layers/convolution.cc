#include "thunderline/cerebros/keras/layers/layer.h"

namespace thunderline::cerebros::keras {
namespace {

using graph::Padding;
using graph::Window;

Window window_of(Call& call, size_t axes) {
  Window window;
  window.size = call.by_axis("kernel_size", axes, {1});
  window.strides = call.by_axis("strides", axes, {1});
  window.dilations = call.by_axis("dilation_rate", axes, {1});
  const std::string padding = call.text("padding", "valid");
  if (padding == "same") window.padding = Padding::kSame;
  else if (padding == "causal" && axes == 1) window.padding = Padding::kCausal;
  else if (padding != "valid") call.refuse("padding");
  return window;
}

/// x with its channels in front.
Ref channels_in_front(Call& call, Ref x) {
  return call.channels_first() ? x : call.g().moved(x, -1, 1);
}

/// Bias and activation, and the channels back to their place.
void finish(Call& call, Ref y, int64_t filters) {
  GraphBuilder& g = call.g();
  const bool first = call.channels_first();
  if (!first) y = g.moved(y, 1, -1);
  if (call.flag("use_bias", true)) {
    Ref bias = call.bias(filters);
    if (first) {
      graph::Shape shape(g.rank(y), 1);
      if (shape.size() > 1) shape[1] = filters;
      bias = g.shaped(bias, shape);
    }
    y = g.f(Binary::kAdd, y, bias);
  }
  call.outputs = {activate(call, "activation", y)};
}

bool fits(Call& call, size_t axes) {
  if (call.g().rank(call.x()) == axes + 2) return true;
  call.fail("expected an input of rank " + std::to_string(axes + 2) + ", got " +
            graph::shape_text(call.g().shape(call.x())));
  return false;
}

graph::Shape with(graph::Shape shape, int64_t a, int64_t b) {
  shape.push_back(a);
  shape.push_back(b);
  return shape;
}

template <size_t kAxes>
void lower_convolution(Call& call) {
  if (!fits(call, kAxes)) return;
  GraphBuilder& g = call.g();
  const Window window = window_of(call, kAxes);
  const int64_t filters = call.integer("filters", 0), groups = call.integer("groups", 1);
  const Ref x = channels_in_front(call, call.x());
  const int64_t channels = g.extent(x, 1);
  if (filters < 1) return call.refuse("filters");
  if (groups < 1 || channels % groups != 0 || filters % groups != 0) return call.refuse("groups");
  // Keras keeps [window…, in, out]; the operator wants [out, in, window…].
  const Ref kernel = call.variable("kernel", with(window.size, channels / groups, filters));
  const Ref turned = g.moved(g.moved(kernel, -1, 0), -1, 1);
  finish(call, g.add(graph::convolution(window, groups), {x, turned}), filters);
}

/// [window…, in, multiplier] as [in · multiplier, 1, window…].
Ref depthwise_kernel(Call& call, const Window& window, int64_t channels, int64_t multiplier,
                     const std::string& role) {
  GraphBuilder& g = call.g();
  const Ref kernel = call.variable(role, with(window.size, channels, multiplier));
  const Ref turned = g.moved(g.moved(kernel, -1, 0), -1, 0);  // [in, multiplier, window…]
  std::vector<int64_t> target = {channels * multiplier, 1};
  target.insert(target.end(), window.size.begin(), window.size.end());
  return g.shaped(turned, target);
}

template <size_t kAxes>
void lower_depthwise(Call& call) {
  if (!fits(call, kAxes)) return;
  GraphBuilder& g = call.g();
  const Window window = window_of(call, kAxes);
  const int64_t multiplier = call.integer("depth_multiplier", 1);
  const Ref x = channels_in_front(call, call.x());
  const int64_t channels = g.extent(x, 1);
  if (multiplier < 1 || channels < 1) return call.refuse("depth_multiplier");
  const Ref kernel = depthwise_kernel(call, window, channels, multiplier, "kernel");
  finish(call, g.add(graph::convolution(window, channels), {x, kernel}), channels * multiplier);
}

template <size_t kAxes>
void lower_separable(Call& call) {
  if (!fits(call, kAxes)) return;
  GraphBuilder& g = call.g();
  const Window window = window_of(call, kAxes);
  const int64_t multiplier = call.integer("depth_multiplier", 1);
  const int64_t filters = call.integer("filters", 0);
  const Ref x = channels_in_front(call, call.x());
  const int64_t channels = g.extent(x, 1);
  if (multiplier < 1 || channels < 1) return call.refuse("depth_multiplier");
  if (filters < 1) return call.refuse("filters");
  const Ref depthwise = depthwise_kernel(call, window, channels, multiplier, "depthwise_kernel");
  const Ref inner = g.add(graph::convolution(window, channels), {x, depthwise});
  const std::vector<int64_t> ones(kAxes, 1);
  const Ref pointwise =
      call.variable("pointwise_kernel", with(ones, channels * multiplier, filters));
  const Ref turned = g.moved(g.moved(pointwise, -1, 0), -1, 1);
  finish(call, g.add(graph::convolution({ones, ones, ones, Padding::kValid}, 1), {inner, turned}),
         filters);
}

template <size_t kAxes>
void lower_transposed(Call& call) {
  if (!fits(call, kAxes)) return;
  GraphBuilder& g = call.g();
  const Window window = window_of(call, kAxes);
  const int64_t filters = call.integer("filters", 0);
  const Ref x = channels_in_front(call, call.x());
  if (filters < 1) return call.refuse("filters");
  std::vector<int64_t> extra;
  if (call.has("output_padding")) {
    extra = call.integers("output_padding", {0});
    if (extra.size() == 1) extra.resize(kAxes, extra[0]);
    if (extra.size() != kAxes) return call.refuse("output_padding");
  }
  // Keras keeps [window…, out, in]; the operator wants [in, out, window…].
  const Ref kernel = call.variable("kernel", with(window.size, filters, g.extent(x, 1)));
  const Ref turned = g.moved(g.moved(kernel, -1, 0), -1, 1);
  finish(call, g.add(graph::transposed_convolution(window, extra), {x, turned}), filters);
}

constexpr LayerType kLayers[] = {
    {"Conv1D", lower_convolution<1>},          {"Conv1DTranspose", lower_transposed<1>},
    {"Conv2D", lower_convolution<2>},          {"Conv2DTranspose", lower_transposed<2>},
    {"Conv3D", lower_convolution<3>},          {"Conv3DTranspose", lower_transposed<3>},
    {"DepthwiseConv1D", lower_depthwise<1>},   {"DepthwiseConv2D", lower_depthwise<2>},
    {"SeparableConv1D", lower_separable<1>},   {"SeparableConv2D", lower_separable<2>},
};

}  // namespace

std::span<const LayerType> convolution_layers() { return kLayers; }

}  // namespace thunderline::cerebros::keras
