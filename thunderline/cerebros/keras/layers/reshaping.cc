#include <algorithm>

#include "thunderline/cerebros/keras/layers/layer.h"

namespace thunderline::cerebros::keras {
namespace {

using Pair = std::pair<int64_t, int64_t>;

void lower_reshape(Call& call) {
  std::vector<int64_t> target = {0};
  for (const int64_t extent : call.integers("target_shape", {})) target.push_back(extent);
  if (std::count(target.begin() + 1, target.end(), 0) > 0) return call.refuse("target_shape");
  // The batch is kept by its place, so that -1 is left for another axis.
  call.outputs = {call.g().shaped(call.x(), target)};
}

void lower_flatten(Call& call) {
  GraphBuilder& g = call.g();
  Ref x = call.x();
  if (call.channels_first() && g.rank(x) > 2) x = g.moved(x, 1, -1);
  if (g.rank(x) == 1) {
    call.outputs = {g.expand(x, 1)};
    return;
  }
  int64_t width = 1;
  for (size_t i = 1; i < g.rank(x); ++i) {
    const int64_t extent = g.shape(x)[i];
    width = extent < 0 || width < 0 ? -1 : width * extent;
  }
  call.outputs = {g.shaped(x, {0, width})};
}

void lower_permute(Call& call) {
  std::vector<int64_t> axes = {0};
  for (const int64_t axis : call.integers("dims", {})) axes.push_back(axis);
  std::vector<int64_t> sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != static_cast<int64_t>(i)) return call.refuse("dims");
  }
  call.outputs = {call.g().add(graph::transpose(axes), {call.x()})};
}

Ref repeated(GraphBuilder& g, Ref x, int64_t axis, int64_t times) {
  if (times == 1) return x;
  // [.., n, ..] → [.., n, 1, ..] → copies side by side → [.., n · times, ..]
  const Ref lifted = g.expand(x, axis + 1);
  const Ref copies =
      g.add(graph::concatenate(axis + 1), std::vector<Ref>(static_cast<size_t>(times), lifted));
  std::vector<int64_t> target;
  for (size_t i = 0; i < g.rank(x); ++i) {
    const int64_t extent = g.shape(x)[i];
    const int64_t at = static_cast<int64_t>(i);
    target.push_back(at < axis ? 0 : (at == axis && extent >= 0 ? extent * times : extent));
  }
  return g.shaped(copies, target);
}

void lower_repeat_vector(Call& call) {
  GraphBuilder& g = call.g();
  const int64_t times = call.integer("n", 1);
  if (times < 1 || times > 100000) return call.refuse("n");
  call.outputs = {g.add(graph::concatenate(1),
                        std::vector<Ref>(static_cast<size_t>(times), g.expand(call.x(), 1)))};
}

/// Pairs by spatial axis from Keras's int, (int, int), or ((int, int), …).
std::vector<Pair> pairs_of(Call& call, const char* key, size_t axes) {
  const Json& value = call.setting(key);
  std::vector<Pair> pairs;
  const auto is_pair = [](const Json& v) {
    return v.is_array() && v.size() == 2 && v[0].is_number_integer() && v[1].is_number_integer();
  };
  if (axes == 1 && is_pair(value)) pairs = {{value[0], value[1]}};
  if (value.is_number_integer()) pairs.assign(axes, Pair{value, value});
  if (pairs.empty() && value.is_array() && value.size() == axes) {
    for (const Json& part : value) {
      if (is_pair(part)) pairs.push_back({part[0], part[1]});
      if (part.is_number_integer()) pairs.push_back({part, part});
    }
  }
  const bool sane = pairs.size() == axes && std::all_of(pairs.begin(), pairs.end(), [](Pair p) {
                      return p.first >= 0 && p.second >= 0 && p.first < 1 << 20 &&
                             p.second < 1 << 20;
                    });
  if (sane) return pairs;
  call.refuse(key);
  return std::vector<Pair>(axes, Pair{0, 0});
}

template <size_t kAxes>
void lower_zero_padding(Call& call) {
  std::vector<Pair> pads = pairs_of(call, "padding", kAxes);
  const bool first = call.channels_first();
  pads.insert(pads.begin(), first ? 2 : 1, Pair{0, 0});
  if (!first) pads.push_back({0, 0});
  call.outputs = {call.g().add(graph::pad(pads, 0.0), {call.x()})};
}

template <size_t kAxes>
void lower_cropping(Call& call) {
  const std::vector<Pair> cuts = pairs_of(call, "cropping", kAxes);
  int64_t axis = call.channels_first() ? 2 : 1;
  Ref x = call.x();
  for (const auto& [before, after] : cuts) {
    const std::optional<int64_t> stop =
        after == 0 ? std::nullopt : std::optional<int64_t>(-after);
    x = call.g().add(graph::slice(axis++, before, stop, 1), {x});
  }
  call.outputs = {x};
}

/// Rows: the weights of the old cells for each new one, half-pixel centres, edges clamped.
graph::Array bilinear_weights(int64_t cells, int64_t times) {
  graph::Array weights = graph::zeros({cells * times, cells});
  for (int64_t i = 0; i < cells * times; ++i) {
    const double at = (static_cast<double>(i) + 0.5) / static_cast<double>(times) - 0.5;
    const double low = std::floor(at);
    const auto clamped = [&](double place) {
      return static_cast<size_t>(std::clamp<int64_t>(static_cast<int64_t>(place), 0, cells - 1));
    };
    const size_t row = static_cast<size_t>(i * cells);
    weights.data[row + clamped(low)] += 1.0 - (at - low);
    weights.data[row + clamped(low + 1)] += at - low;
  }
  return weights;
}

template <size_t kAxes>
void lower_up_sampling(Call& call) {
  GraphBuilder& g = call.g();
  const auto size = call.integers("size", std::vector<int64_t>(kAxes, 2));
  const std::string how = call.text("interpolation", "nearest");
  if (size.size() != kAxes && size.size() != 1) return call.refuse("size");
  if (how != "nearest" && (how != "bilinear" || kAxes != 2)) return call.refuse("interpolation");
  const int64_t first = call.channels_first() ? 2 : 1;
  Ref x = call.x();
  for (size_t i = 0; i < kAxes; ++i) {
    const int64_t axis = first + static_cast<int64_t>(i);
    const int64_t times = size[std::min(i, size.size() - 1)];
    if (times < 1 || times > 1024) return call.refuse("size");
    if (how == "nearest") {
      x = repeated(g, x, axis, times);
      continue;
    }
    const int64_t cells = g.extent(x, axis);
    if (cells < 1) return call.fail("bilinear interpolation wants fixed extents");
    const Ref weights = g.constant(DType::kFloat32, bilinear_weights(cells, times));
    x = g.moved(g.add(graph::matmul(), {weights, g.moved(x, axis, -2)}), -2, axis);
  }
  call.outputs = {x};
}

constexpr LayerType kLayers[] = {
    {"Cropping1D", lower_cropping<1>},        {"Cropping2D", lower_cropping<2>},
    {"Cropping3D", lower_cropping<3>},        {"Flatten", lower_flatten},
    {"Permute", lower_permute},               {"RepeatVector", lower_repeat_vector},
    {"Reshape", lower_reshape},               {"UpSampling1D", lower_up_sampling<1>},
    {"UpSampling2D", lower_up_sampling<2>},   {"UpSampling3D", lower_up_sampling<3>},
    {"ZeroPadding1D", lower_zero_padding<1>}, {"ZeroPadding2D", lower_zero_padding<2>},
    {"ZeroPadding3D", lower_zero_padding<3>},
};

}  // namespace

std::span<const LayerType> reshaping_layers() { return kLayers; }

}  // namespace thunderline::cerebros::keras
