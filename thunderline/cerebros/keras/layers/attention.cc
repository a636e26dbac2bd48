#include "thunderline/cerebros/keras/layers/layer.h"

namespace thunderline::cerebros::keras {
namespace {

/// [1, t, s] of true where step s is not after step t.
Ref causal_mask(GraphBuilder& g, Ref scores_of) {
  const size_t rank = g.rank(scores_of);
  const auto places = [&](size_t axis, std::vector<int64_t> extents) {
    const Ref ones = g.add(graph::fill(DType::kFloat32, 1.0, std::move(extents)), {scores_of});
    return g.add(graph::cumulative_sum(static_cast<int64_t>(axis)), {ones});
  };
  const int64_t t = -1 - static_cast<int64_t>(rank - 2), s = -1 - static_cast<int64_t>(rank - 1);
  return g.f(Binary::kGreaterEqual, places(1, {1, t, 1}), places(2, {1, 1, s}));
}

Ref both(GraphBuilder& g, std::optional<Ref> a, Ref b) {
  return a ? g.f(Binary::kAnd, *a, b) : b;
}

/// Softmax of scores, those that the mask leaves out far below the others.
Ref weights_of(Call& call, Ref scores, std::optional<Ref> mask, double rate) {
  GraphBuilder& g = call.g();
  if (mask) scores = g.either(*mask, scores, g.f(Binary::kAdd, g.f(Binary::kMultiply, scores, 0.0), -1e9));
  Ref weights = g.add(graph::softmax(-1), {scores});
  if (rate > 0 && call.assembly().training) weights = g.add(graph::dropout(rate, {}, call.seed()), {weights});
  return weights;
}

std::optional<Ref> named(Call& call, const std::string& name) {
  const auto found = call.named.find(name);
  if (found == call.named.end()) return std::nullopt;
  return found->second.first;
}

bool keyword(Call& call, const char* name) {
  return call.keywords.value(name, Json(false)) == true;
}

/// [n, t, in] → [n, heads, t, size], by a kernel that Keras keeps as [in, heads, size].
Ref project(Call& layer, Ref x, int64_t heads, int64_t size, bool bias) {
  GraphBuilder& g = layer.g();
  const int64_t width = g.extent(x, -1);
  const Ref kernel = g.shaped(layer.variable("kernel", {width, heads, size}), {width, heads * size});
  Ref y = g.add(graph::matmul(), {x, kernel});
  if (bias) y = g.f(Binary::kAdd, y, g.shaped(layer.variable("bias", {heads, size}), {heads * size}));
  return g.add(graph::transpose({0, 2, 1, 3}), {g.shaped(y, {0, 0, heads, size})});
}

void lower_multi_head(Call& call) {
  GraphBuilder& g = call.g();
  std::vector<Ref> given;
  for (const Masked& input : call.inputs) given.push_back(input.first);
  const char* const kNames[] = {"query", "value", "key"};
  for (size_t i = given.size(); i < 3; ++i) {
    if (const auto ref = named(call, kNames[i])) given.push_back(*ref);
  }
  if (given.size() < 2) return call.fail("needs query and value");
  const Ref query = given[0], value = given[1], key = given.size() > 2 ? given[2] : value;
  const auto axes = call.integers("attention_axes", {1});
  if (axes != std::vector<int64_t>{1} || g.rank(query) != 3) return call.refuse("attention_axes");
  if (call.flag("use_gate", false)) return call.refuse("use_gate");
  if (call.has("sliding_window")) return call.refuse("sliding_window");
  if (keyword(call, "return_attention_scores")) return call.fail("attention scores as an output are not supported");
  const int64_t heads = call.integer("num_heads", 0), size = call.integer("key_dim", 0);
  const int64_t value_size = call.integer("value_dim", size);
  const bool bias = call.flag("use_bias", true);
  const double rate = call.number("dropout", 0.0);
  const auto output_shape = call.integers("output_shape", {g.extent(query, -1)});
  if (heads < 1 || size < 1 || value_size < 1) return call.fail("num_heads and key_dim must be > 0");
  if (output_shape.size() != 1) return call.refuse("output_shape");
  static const Json kNone = Json::object();
  Call q = call.inner(kNone, "query_dense"), k = call.inner(kNone, "key_dense");
  Call v = call.inner(kNone, "value_dense"), out = call.inner(kNone, "output_dense");
  const Ref heads_q = g.f(Binary::kMultiply, project(q, query, heads, size, bias),
                          1.0 / std::sqrt(static_cast<double>(size)));
  const Ref heads_k = project(k, key, heads, size, bias);
  const Ref heads_v = project(v, value, heads, value_size, bias);
  const Ref scores =
      g.add(graph::matmul(), {heads_q, g.add(graph::transpose({0, 1, 3, 2}), {heads_k})});
  // Masks over [n, t, s]: of queries along t, of values and keys along s.
  std::optional<Ref> mask = named(call, "attention_mask");
  const auto mask_of = [&](size_t i, const char* name) {
    if (const auto ref = named(call, name)) return std::optional(*ref);
    return i < call.inputs.size() ? call.inputs[i].second : std::nullopt;
  };
  if (const auto m = mask_of(0, "query_mask")) mask = both(g, mask, g.expand(*m, 2));
  if (const auto m = mask_of(1, "value_mask")) mask = both(g, mask, g.expand(*m, 1));
  if (const auto m = mask_of(2, "key_mask")) mask = both(g, mask, g.expand(*m, 1));
  if (keyword(call, "use_causal_mask")) mask = both(g, mask, causal_mask(g, scores));
  if (mask) {
    mask = g.to(DType::kBool, *mask);
    if (g.rank(*mask) == 3) mask = g.expand(*mask, 1);
  }
  Ref y = g.add(graph::matmul(), {weights_of(call, scores, mask, rate), heads_v});
  y = g.shaped(g.add(graph::transpose({0, 2, 1, 3}), {y}), {0, 0, heads * value_size});
  const int64_t width = output_shape[0];
  const Ref kernel = g.shaped(out.variable("kernel", {heads, value_size, width}), {heads * value_size, width});
  y = g.add(graph::matmul(), {y, kernel});
  if (bias) y = g.f(Binary::kAdd, y, out.variable("bias", {width}));
  call.outputs = {y};
  call.output_mask = mask_of(0, "query_mask");
}

/// What Attention and AdditiveAttention share: masks, softmax, the mix of values.
void attend(Call& call, Ref scores, Ref value) {
  GraphBuilder& g = call.g();
  const double rate = call.number("dropout", 0.0);
  std::optional<Ref> mask;
  if (call.inputs.size() > 1 && call.inputs[1].second) mask = g.expand(*call.inputs[1].second, 1);
  if (const auto m = named(call, "mask[1]")) mask = g.expand(*m, 1);
  if (keyword(call, "use_causal_mask")) mask = both(g, mask, causal_mask(g, scores));
  if (keyword(call, "return_attention_scores")) return call.fail("attention scores as an output are not supported");
  Ref y = g.add(graph::matmul(), {weights_of(call, scores, mask, rate), value});
  std::optional<Ref> query_mask = call.mask();
  if (const auto m = named(call, "mask[0]")) query_mask = m;
  if (query_mask) y = g.f(Binary::kMultiply, y, g.expand(g.to(DType::kFloat32, *query_mask), -1));
  call.outputs = {y};
  call.output_mask = query_mask;
}

bool is_attention(Call& call) {
  const size_t count = call.inputs.size();
  bool fits = count == 2 || count == 3;
  for (const Masked& input : call.inputs) fits = fits && call.g().rank(input.first) == 3;
  if (!fits) call.fail("expected [query, value] or [query, value, key] of rank 3");
  return fits;
}

void lower_attention(Call& call) {
  GraphBuilder& g = call.g();
  if (!is_attention(call)) return;
  const Ref query = call.inputs[0].first, value = call.inputs[1].first;
  const Ref key = call.inputs.size() > 2 ? call.inputs[2].first : value;
  const std::string mode = call.text("score_mode", "dot");
  std::optional<Ref> scale;
  if (call.flag("use_scale", false)) scale = call.variable("scale", {});
  if (mode == "dot") {
    Ref scores = g.add(graph::matmul(), {query, g.add(graph::transpose({0, 2, 1}), {key})});
    if (scale) scores = g.f(Binary::kMultiply, scores, *scale);
    return attend(call, scores, value);
  }
  if (mode != "concat") return call.refuse("score_mode");
  const Ref weight = call.variable("concat_score_weight", {});
  Ref sum = g.f(Binary::kAdd, g.expand(query, 2), g.expand(key, 1));
  if (scale) sum = g.f(Binary::kMultiply, sum, *scale);
  const Ref scores = g.total(Reduction::kSum, g.f(Unary::kTanh, sum), {-1}, false);
  attend(call, g.f(Binary::kMultiply, scores, weight), value);
}

void lower_additive_attention(Call& call) {
  GraphBuilder& g = call.g();
  if (!is_attention(call)) return;
  const Ref query = call.inputs[0].first, value = call.inputs[1].first;
  const Ref key = call.inputs.size() > 2 ? call.inputs[2].first : value;
  Ref mixed = g.f(Unary::kTanh, g.f(Binary::kAdd, g.expand(query, 2), g.expand(key, 1)));
  if (call.flag("use_scale", true)) {
    mixed = g.f(Binary::kMultiply, mixed, call.variable("scale", {g.extent(query, -1)}));
  }
  attend(call, g.total(Reduction::kSum, mixed, {-1}, false), value);
}

constexpr LayerType kLayers[] = {
    {"AdditiveAttention", lower_additive_attention},
    {"Attention", lower_attention},
    {"MultiHeadAttention", lower_multi_head},
};

}  // namespace

std::span<const LayerType> attention_layers() { return kLayers; }

}  // namespace thunderline::cerebros::keras
