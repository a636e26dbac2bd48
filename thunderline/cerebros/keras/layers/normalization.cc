#include <algorithm>

#include "thunderline/cerebros/keras/layers/layer.h"

namespace thunderline::cerebros::keras {
namespace {

std::vector<int64_t> normal_axes(Call& call, std::vector<int64_t> axes, Ref x) {
  for (int64_t& axis : axes) {
    const auto normal = graph::normal_axis(axis, call.g().rank(x));
    if (!normal) call.refuse("axis");
    axis = normal.value_or(0);
  }
  std::sort(axes.begin(), axes.end());
  return axes;
}

/// The extents of `axes`, 1 elsewhere.
graph::Shape kept_shape(GraphBuilder& g, Ref x, const std::vector<int64_t>& axes) {
  graph::Shape shape(g.rank(x), 1);
  for (const int64_t axis : axes) shape[static_cast<size_t>(axis)] = g.extent(x, axis);
  return shape;
}

Ref square(GraphBuilder& g, Ref x) { return g.f(Binary::kMultiply, x, x); }

Ref root(GraphBuilder& g, Ref variance, double epsilon) {
  return g.f(Unary::kSqrt, g.f(Binary::kAdd, variance, epsilon));
}

struct Moments {
  Ref mean;
  Ref variance;
};

Moments moments(GraphBuilder& g, Ref x, const std::vector<int64_t>& axes) {
  const Ref mean = g.total(Reduction::kMean, x, axes, true);
  return {mean, g.total(Reduction::kMean, square(g, g.f(Binary::kSubtract, x, mean)), axes, true)};
}

/// Moments of the steps that a mask keeps. Source: keras BatchNormalization._moments.
Moments masked_moments(GraphBuilder& g, Ref x, Ref mask, const std::vector<int64_t>& axes) {
  std::vector<int64_t> ones;
  for (size_t i = 0; i < g.rank(x); ++i) ones.push_back(-1 - static_cast<int64_t>(i));
  const Ref all = g.add(graph::fill(DType::kFloat32, 1.0, ones), {x});
  const Ref kept = g.f(Binary::kMultiply, all, g.expand(g.to(DType::kFloat32, mask), -1));
  const Ref size = g.f(Binary::kAdd, g.total(Reduction::kSum, kept, axes, true), 1e-7);
  const auto mean_of = [&](Ref value) {
    const Ref sum = g.total(Reduction::kSum, g.f(Binary::kMultiply, value, kept), axes, true);
    return g.f(Binary::kDivide, sum, size);
  };
  const Ref mean = mean_of(x);
  return {mean, mean_of(square(g, g.f(Binary::kSubtract, x, mean)))};
}

Ref blend(GraphBuilder& g, Ref old, Ref now, double momentum) {
  return g.f(Binary::kAdd, g.f(Binary::kMultiply, old, momentum),
             g.f(Binary::kMultiply, now, 1.0 - momentum));
}

void lower_batch(Call& call) {
  GraphBuilder& g = call.g();
  const Ref x = call.x();
  const auto axis = normal_axes(call, call.integers("axis", {-1}), x);
  if (axis.size() != 1) return call.refuse("axis");
  if (call.flag("renorm", false)) return call.refuse("renorm");
  call.setting("renorm_clipping");
  const double epsilon = call.number("epsilon", 1e-3), momentum = call.number("momentum", 0.99);
  const int64_t width = g.extent(x, axis[0]);
  const bool scale = call.flag("scale", true), center = call.flag("center", true);
  const Ref gamma = scale ? call.variable("gamma", {width}) : Ref{};
  const Ref beta = center ? call.variable("beta", {width}) : Ref{};
  const Ref moving_mean = call.variable("moving_mean", {width}, false);
  const Ref moving_variance = call.variable("moving_variance", {width}, false);
  const graph::Shape shape = kept_shape(g, x, axis);
  const auto wide = [&](Ref value) {
    return axis[0] + 1 == static_cast<int64_t>(g.rank(x)) ? value : g.shaped(value, shape);
  };
  Ref mean = wide(moving_mean), variance = wide(moving_variance);
  if (call.training()) {
    std::vector<int64_t> others;
    for (size_t i = 0; i < g.rank(x); ++i) {
      if (static_cast<int64_t>(i) != axis[0]) others.push_back(static_cast<int64_t>(i));
    }
    const Moments now =
        call.mask() ? masked_moments(g, x, *call.mask(), others) : moments(g, x, others);
    mean = now.mean;
    variance = now.variance;
    // A shared layer's second call goes on from what its first one left.
    call.update(moving_mean, blend(g, g.latest(moving_mean), g.shaped(mean, {width}), momentum));
    call.update(moving_variance, blend(g, g.latest(moving_variance), g.shaped(variance, {width}), momentum));
  }
  Ref y = g.f(Binary::kDivide, g.f(Binary::kSubtract, x, mean), root(g, variance, epsilon));
  if (scale) y = g.f(Binary::kMultiply, y, wide(gamma));
  if (center) y = g.f(Binary::kAdd, y, wide(beta));
  call.outputs = {y};
}

/// gamma · y + beta, each of the extents of `axes`.
Ref scaled(Call& call, Ref y, const std::vector<int64_t>& axes, bool scale, bool center) {
  GraphBuilder& g = call.g();
  graph::Shape own;
  for (const int64_t axis : axes) own.push_back(g.extent(y, axis));
  const graph::Shape wide = kept_shape(g, y, axes);
  const bool trailing = axes.back() + 1 == static_cast<int64_t>(g.rank(y)) &&
                        axes.back() - axes.front() + 1 == static_cast<int64_t>(axes.size());
  const auto stretched = [&](Ref value) { return trailing ? value : g.shaped(value, wide); };
  if (scale) y = g.f(Binary::kMultiply, y, stretched(call.variable("gamma", own)));
  if (center) y = g.f(Binary::kAdd, y, stretched(call.variable("beta", own)));
  return y;
}

void lower_layer_normalization(Call& call) {
  GraphBuilder& g = call.g();
  const Ref x = call.x();
  const auto axes = normal_axes(call, call.integers("axis", {-1}), x);
  if (axes.empty()) return call.refuse("axis");
  const double epsilon = call.number("epsilon", 1e-3);
  const bool scale = call.flag("scale", true), center = call.flag("center", true);
  if (call.flag("rms_scaling", false)) {
    const Moments all = moments(g, x, axes);
    const Ref y = g.f(Binary::kDivide, x, root(g, all.variance, epsilon));
    call.outputs = {scaled(call, y, axes, true, false)};
    return;
  }
  const Moments all = moments(g, x, axes);
  const Ref y =
      g.f(Binary::kDivide, g.f(Binary::kSubtract, x, all.mean), root(g, all.variance, epsilon));
  call.outputs = {scaled(call, y, axes, scale, center)};
}

void lower_rms(Call& call) {
  GraphBuilder& g = call.g();
  const Ref x = call.x();
  const auto axes = normal_axes(call, call.integers("axis", {-1}), x);
  if (axes.empty()) return call.refuse("axis");
  const double epsilon = call.number("epsilon", 1e-6);
  const Ref mean = g.total(Reduction::kMean, square(g, x), axes, true);
  Ref y = g.f(Binary::kDivide, x, root(g, mean, epsilon));
  graph::Shape own;
  for (const int64_t axis : axes) own.push_back(g.extent(x, axis));
  Ref factor = call.variable("scale", own);
  if (axes.size() > 1 || axes[0] + 1 != static_cast<int64_t>(g.rank(x))) {
    factor = g.shaped(factor, kept_shape(g, x, axes));
  }
  call.outputs = {g.f(Binary::kMultiply, y, factor)};
}

void lower_group(Call& call) {
  GraphBuilder& g = call.g();
  Ref x = call.x();
  const auto axes = normal_axes(call, call.integers("axis", {-1}), x);
  if (axes.size() != 1 || axes[0] == 0) return call.refuse("axis");
  const int64_t width = g.extent(x, axes[0]);
  int64_t groups = call.integer("groups", 32);
  if (groups == -1) groups = width;
  if (groups < 1 || width < 1 || width % groups != 0) return call.refuse("groups");
  const double epsilon = call.number("epsilon", 1e-3);
  const bool scale = call.flag("scale", true), center = call.flag("center", true);
  // Channels in front, split into groups; the rest of a group is normalised together.
  x = g.moved(x, axes[0], 1);
  const graph::Shape flat = g.shape(x);
  const Ref split = g.shaped(x, {0, groups, -1});
  const Moments all = moments(g, split, {2});
  const Ref unit = g.f(Binary::kDivide, g.f(Binary::kSubtract, split, all.mean),
                       root(g, all.variance, epsilon));
  if (std::count(flat.begin() + 1, flat.end(), -1) > 0) return call.fail("wants fixed extents");
  std::vector<int64_t> target = flat;
  target[0] = 0;
  call.outputs = {scaled(call, g.moved(g.shaped(unit, target), 1, axes[0]), axes, scale, center)};
}

void lower_unit(Call& call) {
  GraphBuilder& g = call.g();
  const Ref x = call.x();
  const auto axes = normal_axes(call, call.integers("axis", {-1}), x);
  const Ref squares = g.total(Reduction::kSum, square(g, x), axes, true);
  call.outputs = {g.f(Binary::kDivide, x, g.f(Unary::kSqrt, g.f(Binary::kMaximum, squares, 1e-12)))};
}

/// A number, or nested lists, as an array of `shape` (or a scalar).
Ref given(Call& call, const char* key) {
  std::vector<double> values;
  const std::function<void(const Json&)> walk = [&](const Json& value) {
    if (value.is_array()) {
      for (const Json& part : value) walk(part);
    } else if (value.is_number()) {
      values.push_back(value.get<double>());
    } else {
      call.refuse(key);
    }
  };
  const Json& setting = call.setting(key);
  walk(setting.is_object() && setting.contains("config") ? setting["config"]["value"] : setting);
  if (values.size() == 1) return call.g().number(values[0]);
  return call.g().constant(DType::kFloat32, {{static_cast<int64_t>(values.size())}, values});
}

void lower_normalization(Call& call) {
  GraphBuilder& g = call.g();
  const Ref x = g.to(DType::kFloat32, call.x());
  const Json& axis = call.setting("axis");
  std::vector<int64_t> axes;
  if (!axis.is_null()) axes = normal_axes(call, call.integers("axis", {-1}), x);
  const graph::Shape wide = kept_shape(g, x, axes);
  graph::Shape own;
  for (const int64_t at : axes) own.push_back(g.extent(x, at));
  const bool in_config = call.has("mean") && call.has("variance");
  const auto shaped = [&](Ref value) { return g.rank(value) == 0 ? value : g.shaped(value, wide); };
  const Ref mean = shaped(in_config ? given(call, "mean") : call.variable("mean", own, false));
  const Ref variance =
      shaped(in_config ? given(call, "variance") : call.variable("variance", own, false));
  const Ref deviation = g.f(Binary::kMaximum, g.f(Unary::kSqrt, variance), 1e-7);
  if (call.flag("invert", false)) {
    call.outputs = {g.f(Binary::kAdd, mean, g.f(Binary::kMultiply, x, deviation))};
  } else {
    call.outputs = {g.f(Binary::kDivide, g.f(Binary::kSubtract, x, mean), deviation)};
  }
}

void lower_rescaling(Call& call) {
  GraphBuilder& g = call.g();
  const Ref x = g.to(DType::kFloat32, call.x());
  const Ref scale = call.has("scale") ? given(call, "scale") : g.number(1.0);
  const Ref offset = call.has("offset") ? given(call, "offset") : g.number(0.0);
  call.outputs = {g.f(Binary::kAdd, g.f(Binary::kMultiply, x, scale), offset)};
}

constexpr LayerType kLayers[] = {
    {"BatchNormalization", lower_batch, MaskRule::kPass},
    {"GroupNormalization", lower_group, MaskRule::kPass},
    {"LayerNormalization", lower_layer_normalization, MaskRule::kPass},
    {"Normalization", lower_normalization},
    {"RMSNormalization", lower_rms, MaskRule::kPass},
    {"Rescaling", lower_rescaling, MaskRule::kPass},
    {"UnitNormalization", lower_unit, MaskRule::kPass},
};

}  // namespace

std::span<const LayerType> normalization_layers() { return kLayers; }

}  // namespace thunderline::cerebros::keras
