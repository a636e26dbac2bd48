#include "thunderline/cerebros/keras/layers/layer.h"

namespace thunderline::cerebros::keras {
namespace {

double rate_of(Call& call) {
  const double rate = call.number("rate", 0.0);
  if (!(rate >= 0 && rate < 1)) call.refuse("rate");
  return rate;
}

/// At inference these layers are not there at all.
void lower_noise(Call& call, const std::function<graph::OpPtr(uint64_t)>& op) {
  if (!call.assembly().training || call.g().failed()) {
    call.outputs = {call.x()};
    return;
  }
  const Json& seed = call.setting("seed");
  const uint64_t own = call.seed();
  call.outputs = {call.g().add(
      op(seed.is_number_integer() ? seed.get<uint64_t>() : own * 0x9E3779B97F4A7C15ull),
      {call.x()})};
}

void lower_dropout(Call& call) {
  const double rate = rate_of(call);
  std::vector<int64_t> shape;
  const Json& noise = call.setting("noise_shape");
  if (noise.is_array()) {
    for (const Json& extent : noise) {
      shape.push_back(extent.is_number_integer() ? extent.get<int64_t>() : -1);
    }
    if (shape.size() != call.g().rank(call.x())) return call.refuse("noise_shape");
  }
  lower_noise(call, [&](uint64_t seed) { return graph::dropout(rate, shape, seed); });
}

template <size_t kAxes>
void lower_spatial_dropout(Call& call) {
  const double rate = rate_of(call);
  std::vector<int64_t> shape(kAxes + 2, 1);
  shape[0] = -1;
  shape[call.channels_first() ? 1 : kAxes + 1] = -1;
  lower_noise(call, [&](uint64_t seed) { return graph::dropout(rate, shape, seed); });
}

void lower_gaussian_noise(Call& call) {
  const double stddev = call.number("stddev", 0.0);
  lower_noise(call, [&](uint64_t seed) { return graph::gaussian_noise(true, stddev, seed); });
}

void lower_gaussian_dropout(Call& call) {
  const double rate = rate_of(call);
  const double stddev = std::sqrt(rate / (1.0 - rate));
  lower_noise(call, [&](uint64_t seed) { return graph::gaussian_noise(false, stddev, seed); });
}

/// Source: keras.layers.AlphaDropout: dropped cells take -α·λ, then mean and variance are restored.
void lower_alpha_dropout(Call& call) {
  GraphBuilder& g = call.g();
  const double rate = rate_of(call);
  call.setting("noise_shape");
  if (!call.assembly().training) {
    call.outputs = {call.x()};
    return;
  }
  constexpr double kDropped = -1.7580993408473766;
  const Ref x = call.x();
  std::vector<int64_t> extents;
  for (size_t i = 0; i < g.rank(x); ++i) extents.push_back(-1 - static_cast<int64_t>(i));
  const Ref ones = g.add(graph::fill(DType::kFloat32, 1.0, extents), {x});
  const Ref kept = g.f(Binary::kMultiply, g.add(graph::dropout(rate, {}, call.seed()), {ones}),
                       1.0 - rate);
  const Ref mixed = g.either(g.f(Binary::kGreater, kept, 0.0), x, g.number(kDropped));
  const double a = 1.0 / std::sqrt((1 - rate) * (1 + rate * kDropped * kDropped));
  call.outputs = {g.f(Binary::kAdd, g.f(Binary::kMultiply, mixed, a), -a * kDropped * rate)};
}

/// Adds l1 · Σ|x| + l2 · Σx², by sample, to the loss.
void lower_activity(Call& call) {
  GraphBuilder& g = call.g();
  const double l1 = call.number("l1", 0.0), l2 = call.number("l2", 0.0);
  const Ref x = call.x();
  call.outputs = {x};
  if (!call.assembly().losses) return;
  const Ref penalty = g.f(Binary::kAdd, g.f(Binary::kMultiply, g.f(Unary::kAbs, x), l1),
                          g.f(Binary::kMultiply, g.f(Binary::kMultiply, x, x), l2));
  std::vector<int64_t> axes;
  for (size_t i = 1; i < g.rank(x); ++i) axes.push_back(static_cast<int64_t>(i));
  Ref rows = axes.empty() ? penalty : g.total(Reduction::kSum, penalty, axes, false);
  g.loss(g.total(Reduction::kMean, rows, {0}, false));
}

constexpr LayerType kLayers[] = {
    {"ActivityRegularization", lower_activity, MaskRule::kPass},
    {"AlphaDropout", lower_alpha_dropout, MaskRule::kPass},
    {"Dropout", lower_dropout, MaskRule::kPass},
    {"GaussianDropout", lower_gaussian_dropout, MaskRule::kPass},
    {"GaussianNoise", lower_gaussian_noise, MaskRule::kPass},
    {"SpatialDropout1D", lower_spatial_dropout<1>, MaskRule::kPass},
    {"SpatialDropout2D", lower_spatial_dropout<2>, MaskRule::kPass},
    {"SpatialDropout3D", lower_spatial_dropout<3>, MaskRule::kPass},
};

}  // namespace

std::span<const LayerType> regularization_layers() { return kLayers; }

}  // namespace thunderline::cerebros::keras
