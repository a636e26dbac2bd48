#include "thunderline/cerebros/keras/layers/layer.h"

#include <numbers>

namespace thunderline::cerebros::keras {
namespace {

using G = GraphBuilder;

Ref leaky(G& g, Ref x, double slope) {
  return g.either(g.f(Binary::kGreater, x, 0.0), x, g.f(Binary::kMultiply, x, slope));
}

/// exp(x) − 1 without the overflow of what `where` throws away.
Ref exp_minus_one(G& g, Ref x) {
  return g.f(Binary::kSubtract, g.f(Unary::kExp, g.f(Binary::kMinimum, x, 0.0)), 1.0);
}

Ref elu(G& g, Ref x, double alpha) {
  return g.either(g.f(Binary::kGreater, x, 0.0), x,
                  g.f(Binary::kMultiply, exp_minus_one(g, x), alpha));
}

Ref gelu(G& g, Ref x, bool approximate) {
  if (approximate) {
    const Ref cube = g.f(Binary::kMultiply, g.f(Binary::kMultiply, x, g.f(Binary::kMultiply, x, x)),
                         0.044715);
    const Ref inner =
        g.f(Binary::kMultiply, g.f(Binary::kAdd, x, cube), std::sqrt(2.0 / std::numbers::pi));
    const Ref gate = g.f(Binary::kAdd, g.f(Unary::kTanh, inner), 1.0);
    return g.f(Binary::kMultiply, g.f(Binary::kMultiply, x, 0.5), gate);
  }
  const Ref erf = g.f(Unary::kErf, g.f(Binary::kDivide, x, std::numbers::sqrt2));
  const Ref gate = g.f(Binary::kAdd, erf, 1.0);
  return g.f(Binary::kMultiply, g.f(Binary::kMultiply, x, 0.5), gate);
}

Ref clip(G& g, Ref x, double low, double high) {
  return g.f(Binary::kMinimum, g.f(Binary::kMaximum, x, low), high);
}

Ref hard_sigmoid(G& g, Ref x) {
  return g.f(Binary::kDivide, clip(g, g.f(Binary::kAdd, x, 3.0), 0.0, 6.0), 6.0);
}

Ref softmax(G& g, Ref x) { return g.add(graph::softmax(-1), {x}); }

Ref log_softmax(G& g, Ref x) {
  const Ref shifted = g.f(Binary::kSubtract, x, g.total(Reduction::kMax, x, {-1}, true));
  const Ref sum = g.total(Reduction::kSum, g.f(Unary::kExp, shifted), {-1}, true);
  return g.f(Binary::kSubtract, shifted, g.f(Unary::kLog, sum));
}

/// Keras's sparsemax, the support found by comparing each pair instead of sorting. Its threshold takes
/// the sum of the running sums of the support, where Martins and Astudillo 2016 take the last of them.
/// Source: keras/src/backend/tensorflow/nn.py, 3.15.1.
Ref sparsemax(G& g, Ref x) {
  const Ref row = g.expand(x, -2);
  const Ref column = g.expand(x, -1);
  const Ref above = g.to(DType::kFloat32, g.f(Binary::kGreaterEqual, row, column));
  const Ref count = g.total(Reduction::kSum, above, {-1}, false);
  const Ref sum = g.total(Reduction::kSum, g.f(Binary::kMultiply, above, row), {-1}, false);
  const Ref left = g.f(Binary::kAdd, g.f(Binary::kMultiply, count, x), 1.0);
  const Ref support = g.to(DType::kFloat32, g.f(Binary::kGreater, left, sum));
  const Ref size = g.total(Reduction::kSum, support, {-1}, true);
  const Ref mass = g.total(Reduction::kSum, g.f(Binary::kMultiply, support, sum), {-1}, true);
  const Ref threshold = g.f(Binary::kDivide, g.f(Binary::kSubtract, mass, 1.0), size);
  return g.f(Unary::kRelu, g.f(Binary::kSubtract, x, threshold));
}

Ref soft_shrink(G& g, Ref x) {
  const Ref size = g.f(Unary::kRelu, g.f(Binary::kSubtract, g.f(Unary::kAbs, x), 0.5));
  return g.f(Binary::kMultiply, g.f(Unary::kSign, x), size);
}

Ref hard_shrink(G& g, Ref x) {
  return g.either(g.f(Binary::kGreater, g.f(Unary::kAbs, x), 0.5), x,
                  g.f(Binary::kMultiply, x, 0.0));
}

Ref glu(G& g, Ref x) {
  const int64_t half = g.extent(x, -1) / 2;
  const Ref value = g.add(graph::slice(-1, 0, half, 1), {x});
  const Ref gate = g.add(graph::slice(-1, half, std::nullopt, 1), {x});
  return g.f(Binary::kMultiply, value, g.f(Unary::kSigmoid, gate));
}

Ref squareplus(G& g, Ref x) {
  const Ref root = g.f(Unary::kSqrt, g.f(Binary::kAdd, g.f(Binary::kMultiply, x, x), 4.0));
  return g.f(Binary::kDivide, g.f(Binary::kAdd, x, root), 2.0);
}

Ref sparse_plus(G& g, Ref x) {
  const Ref shifted = g.f(Unary::kRelu, g.f(Binary::kAdd, x, 1.0));
  const Ref bow = g.f(Binary::kDivide, g.f(Binary::kMultiply, shifted, shifted), 4.0);
  return g.either(g.f(Binary::kLess, x, 1.0), bow, x);
}

Ref times(G& g, Ref x, Ref y) { return g.f(Binary::kMultiply, x, y); }

const std::map<std::string, Ref (*)(G&, Ref)>& table() {
  static const std::map<std::string, Ref (*)(G&, Ref)> kTable = {
      {"linear", [](G&, Ref x) { return x; }},
      {"relu", [](G& g, Ref x) { return g.f(Unary::kRelu, x); }},
      {"relu6", [](G& g, Ref x) { return clip(g, x, 0.0, 6.0); }},
      {"leaky_relu", [](G& g, Ref x) { return leaky(g, x, 0.2); }},
      {"elu", [](G& g, Ref x) { return elu(g, x, 1.0); }},
      {"celu", [](G& g, Ref x) { return elu(g, x, 1.0); }},
      {"selu", [](G& g, Ref x) {
         constexpr double kAlpha = 1.6732632423543772, kScale = 1.0507009873554805;
         return g.f(Binary::kMultiply, elu(g, x, kAlpha), kScale);
       }},
      {"gelu", [](G& g, Ref x) { return gelu(g, x, false); }},
      {"silu", [](G& g, Ref x) { return times(g, x, g.f(Unary::kSigmoid, x)); }},
      {"swish", [](G& g, Ref x) { return times(g, x, g.f(Unary::kSigmoid, x)); }},
      {"sigmoid", [](G& g, Ref x) { return g.f(Unary::kSigmoid, x); }},
      {"tanh", [](G& g, Ref x) { return g.f(Unary::kTanh, x); }},
      {"softplus", [](G& g, Ref x) { return g.f(Unary::kSoftplus, x); }},
      {"softsign", [](G& g, Ref x) {
         return g.f(Binary::kDivide, x, g.f(Binary::kAdd, g.f(Unary::kAbs, x), 1.0));
       }},
      {"hard_sigmoid", hard_sigmoid},
      {"hard_silu", [](G& g, Ref x) { return times(g, x, hard_sigmoid(g, x)); }},
      {"hard_swish", [](G& g, Ref x) { return times(g, x, hard_sigmoid(g, x)); }},
      {"hard_tanh", [](G& g, Ref x) { return clip(g, x, -1.0, 1.0); }},
      {"hard_shrink", hard_shrink},
      {"soft_shrink", soft_shrink},
      {"tanh_shrink", [](G& g, Ref x) {
         return g.f(Binary::kSubtract, x, g.f(Unary::kTanh, x));
       }},
      {"exponential", [](G& g, Ref x) { return g.f(Unary::kExp, x); }},
      {"softmax", softmax},
      {"log_softmax", log_softmax},
      {"sparsemax", sparsemax},
      {"log_sigmoid", [](G& g, Ref x) {
         return g.f(Unary::kNegative, g.f(Unary::kSoftplus, g.f(Unary::kNegative, x)));
       }},
      {"mish", [](G& g, Ref x) { return times(g, x, g.f(Unary::kTanh, g.f(Unary::kSoftplus, x))); }},
      {"glu", glu},
      {"squareplus", squareplus},
      {"sparse_plus", sparse_plus},
      {"sparse_sigmoid", [](G& g, Ref x) {
         return clip(g, g.f(Binary::kMultiply, g.f(Binary::kAdd, x, 1.0), 0.5), 0.0, 1.0);
       }},
  };
  return kTable;
}

void lower_activation(Call& call) { call.outputs = {activate(call, "activation", call.x())}; }

void lower_leaky_relu(Call& call) {
  const double slope = call.number("negative_slope", call.number("alpha", 0.3));
  call.outputs = {leaky(call.g(), call.x(), slope)};
}

void lower_elu(Call& call) { call.outputs = {elu(call.g(), call.x(), call.number("alpha", 1.0))}; }

void lower_relu(Call& call) {
  G& g = call.g();
  const Ref x = call.x();
  const double threshold = call.number("threshold", 0.0);
  const double slope = call.number("negative_slope", 0.0);
  const Ref below =
      g.f(Binary::kMultiply, g.f(Binary::kSubtract, x, threshold), slope);
  Ref y = g.either(g.f(Binary::kGreaterEqual, x, threshold), x, below);
  if (call.has("max_value")) {
    const double most = call.number("max_value", 0.0);
    y = g.f(Binary::kMinimum, y, most);
  }
  call.outputs = {y};
}

void lower_prelu(Call& call) {
  G& g = call.g();
  const Ref x = call.x();
  graph::Shape shape(g.shape(x).begin() + std::min<size_t>(1, g.rank(x)), g.shape(x).end());
  for (const int64_t axis : call.integers("shared_axes", {})) {
    if (axis >= 1 && axis <= static_cast<int64_t>(shape.size())) {
      shape[static_cast<size_t>(axis - 1)] = 1;
    }
  }
  const Ref alpha = call.variable("alpha", shape);
  const Ref below = g.f(Binary::kMinimum, x, 0.0);
  call.outputs = {g.f(Binary::kAdd, g.f(Unary::kRelu, x), g.f(Binary::kMultiply, alpha, below))};
}

void lower_softmax(Call& call) {
  G& g = call.g();
  Ref x = call.x();
  const auto axes = call.integers("axis", {-1});
  if (axes.size() != 1) return call.refuse("axis");
  const auto mask = call.named.find("mask");
  if (mask != call.named.end()) {
    const Ref off = g.f(Unary::kNot, mask->second.first);
    x = g.f(Binary::kAdd, x, g.f(Binary::kMultiply, g.to(DType::kFloat32, off), -1e9));
  }
  call.outputs = {g.add(graph::softmax(axes[0]), {x})};
}

constexpr LayerType kLayers[] = {
    {"Activation", lower_activation, MaskRule::kPass},
    {"ELU", lower_elu, MaskRule::kPass},
    {"LeakyReLU", lower_leaky_relu, MaskRule::kPass},
    {"PReLU", lower_prelu, MaskRule::kPass},
    {"ReLU", lower_relu, MaskRule::kPass},
    {"Softmax", lower_softmax, MaskRule::kPass},
};

}  // namespace

std::span<const LayerType> activation_layers() { return kLayers; }

Ref activate(G& g, const Json& activation, Ref x) {
  std::string name = "linear";
  Json settings = Json::object();
  if (activation.is_string()) name = activation.get<std::string>();
  if (activation.is_object()) {
    const Json config = activation.value("config", Json());
    name = config.is_string() ? config.get<std::string>() : activation.value("class_name", "");
    if (config.is_object()) settings = config;
    if (name == "ReLU" || name == "LeakyReLU" || name == "Softmax" || name == "function") name += "()";
  }
  if (name == "gelu" && settings.value("approximate", Json(false)) == true) return gelu(g, x, true);
  const auto found = table().find(name);
  if (found == table().end()) {
    std::string known;
    for (const auto& [key, function] : table()) {
      known += (known.empty() ? "" : ", ") + key;
    }
    g.fail_with({ErrorCode::kBadData, "activation \"" + name + "\" is not supported", "",
                 "supported: " + known});
    return x;
  }
  return found->second(g, x);
}

Ref activate(Call& call, const char* key, Ref x) {
  return activate(call.g(), call.setting(key), x);
}

}  // namespace thunderline::cerebros::keras
