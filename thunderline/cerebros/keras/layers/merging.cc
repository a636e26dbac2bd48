#include "thunderline/cerebros/keras/layers/layer.h"

namespace thunderline::cerebros::keras {
namespace {

/// Keras broadcasts inputs of lower rank by axes of extent 1 behind the batch axis.
std::vector<Ref> aligned(Call& call) {
  GraphBuilder& g = call.g();
  size_t rank = 0;
  for (const Masked& input : call.inputs) rank = std::max(rank, g.rank(input.first));
  std::vector<Ref> refs;
  for (const Masked& input : call.inputs) {
    Ref x = input.first;
    while (g.rank(x) < rank && !g.failed()) x = g.expand(x, 1);
    refs.push_back(x);
  }
  return refs;
}

Ref fold(Call& call, Binary function) {
  const std::vector<Ref> refs = aligned(call);
  if (refs.size() < 2) {
    call.fail("a merge needs two inputs or more");
    return {};
  }
  Ref y = refs[0];
  for (size_t i = 1; i < refs.size(); ++i) y = call.g().f(function, y, refs[i]);
  return y;
}

template <Binary kFunction>
void lower_fold(Call& call) { call.outputs = {fold(call, kFunction)}; }

void lower_subtract(Call& call) {
  if (call.inputs.size() != 2) return call.fail("Subtract takes two inputs");
  call.outputs = {fold(call, Binary::kSubtract)};
}

void lower_average(Call& call) {
  const Ref sum = fold(call, Binary::kAdd);
  call.outputs = {
      call.g().f(Binary::kDivide, sum, static_cast<double>(call.inputs.size()))};
}

void lower_concatenate(Call& call) {
  std::vector<Ref> refs;
  for (const Masked& input : call.inputs) refs.push_back(input.first);
  call.outputs = {call.g().add(graph::concatenate(call.integer("axis", -1)), refs)};
}

/// Brings `axis` to the end (or, for the right operand, to the last but one).
void lower_dot(Call& call) {
  GraphBuilder& g = call.g();
  if (call.inputs.size() != 2) return call.fail("Dot takes two inputs");
  std::vector<int64_t> axes = call.integers("axes", {-1});
  if (axes.size() == 1) axes.push_back(axes[0]);
  Ref a = call.inputs[0].first, b = call.inputs[1].first;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t rank = static_cast<int64_t>(g.rank(i == 0 ? a : b));
    if (axes[i] < 0) axes[i] += rank;
    if (rank < 2 || rank > 3 || axes[i] < 1 || axes[i] >= rank) return call.refuse("axes");
  }
  if (call.flag("normalize", false)) {
    const auto unit = [&](Ref x, int64_t axis) {
      const Ref squares = g.total(Reduction::kSum, g.f(Binary::kMultiply, x, x), {axis}, true);
      return g.f(Binary::kDivide, x, g.f(Unary::kSqrt, g.f(Binary::kMaximum, squares, 1e-12)));
    };
    a = unit(a, axes[0]);
    b = unit(b, axes[1]);
  }
  const bool flat_a = g.rank(a) == 2, flat_b = g.rank(b) == 2;
  a = flat_a ? g.expand(a, 1) : g.moved(a, axes[0], -1);
  b = flat_b ? g.expand(b, 2) : g.moved(b, axes[1], 1);
  Ref y = g.add(graph::matmul(), {a, b});
  if (flat_a && flat_b) y = g.squeeze(y, 2);
  else if (flat_a) y = g.squeeze(y, 1);
  else if (flat_b) y = g.squeeze(y, 2);
  call.outputs = {y};
}

constexpr LayerType kLayers[] = {
    {"Add", lower_fold<Binary::kAdd>, MaskRule::kPass},
    {"Average", lower_average, MaskRule::kPass},
    {"Concatenate", lower_concatenate, MaskRule::kPass},
    {"Dot", lower_dot},
    {"Maximum", lower_fold<Binary::kMaximum>, MaskRule::kPass},
    {"Minimum", lower_fold<Binary::kMinimum>, MaskRule::kPass},
    {"Multiply", lower_fold<Binary::kMultiply>, MaskRule::kPass},
    {"Subtract", lower_subtract, MaskRule::kPass},
};

}  // namespace

std::span<const LayerType> merging_layers() { return kLayers; }

}  // namespace thunderline::cerebros::keras
