#include "thunderline/cerebros/keras/layers/layer.h"

namespace thunderline::cerebros::keras {
namespace {

template <size_t kAxes, bool kAverage>
void lower_pooling(Call& call) {
  GraphBuilder& g = call.g();
  if (g.rank(call.x()) != kAxes + 2) {
    return call.fail("expected an input of rank " + std::to_string(kAxes + 2));
  }
  graph::Window window;
  window.size = call.by_axis("pool_size", kAxes, {2});
  window.strides = call.by_axis("strides", kAxes, window.size);
  window.dilations = std::vector<int64_t>(kAxes, 1);
  const std::string padding = call.text("padding", "valid");
  if (padding == "same") window.padding = graph::Padding::kSame;
  else if (padding != "valid") return call.refuse("padding");
  const bool first = call.channels_first();
  const Ref x = first ? call.x() : g.moved(call.x(), -1, 1);
  const Ref y = g.add(graph::pooling(kAverage, window), {x});
  call.outputs = {first ? y : g.moved(y, 1, -1)};
}

/// Keras's mean over the steps that a mask keeps.
Ref masked_mean(GraphBuilder& g, Ref x, Ref mask, bool keepdims) {
  const Ref kept = g.expand(g.to(DType::kFloat32, mask), -1);
  const Ref sum = g.total(Reduction::kSum, g.f(Binary::kMultiply, x, kept), {1}, keepdims);
  return g.f(Binary::kDivide, sum, g.total(Reduction::kSum, kept, {1}, keepdims));
}

template <size_t kAxes, bool kAverage>
void lower_global(Call& call) {
  GraphBuilder& g = call.g();
  const bool keepdims = call.flag("keepdims", false);
  const int64_t first = call.channels_first() ? 2 : 1;
  std::vector<int64_t> axes;
  for (size_t i = 0; i < kAxes; ++i) axes.push_back(first + static_cast<int64_t>(i));
  if (g.rank(call.x()) != kAxes + 2) {
    return call.fail("expected an input of rank " + std::to_string(kAxes + 2));
  }
  const auto named = call.named.find("mask");
  const std::optional<Ref> mask =
      named == call.named.end() ? call.mask() : std::optional(named->second.first);
  if (kAverage && kAxes == 1 && mask && first == 1) {
    call.outputs = {masked_mean(g, call.x(), *mask, keepdims)};
  } else {
    call.outputs = {
        g.total(kAverage ? Reduction::kMean : Reduction::kMax, call.x(), axes, keepdims)};
  }
}

constexpr LayerType kLayers[] = {
    {"AveragePooling1D", lower_pooling<1, true>},
    {"AveragePooling2D", lower_pooling<2, true>},
    {"AveragePooling3D", lower_pooling<3, true>},
    {"GlobalAveragePooling1D", lower_global<1, true>},
    {"GlobalAveragePooling2D", lower_global<2, true>},
    {"GlobalAveragePooling3D", lower_global<3, true>},
    {"GlobalMaxPooling1D", lower_global<1, false>},
    {"GlobalMaxPooling2D", lower_global<2, false>},
    {"GlobalMaxPooling3D", lower_global<3, false>},
    {"MaxPooling1D", lower_pooling<1, false>},
    {"MaxPooling2D", lower_pooling<2, false>},
    {"MaxPooling3D", lower_pooling<3, false>},
};

}  // namespace

std::span<const LayerType> pooling_layers() { return kLayers; }

}  // namespace thunderline::cerebros::keras
