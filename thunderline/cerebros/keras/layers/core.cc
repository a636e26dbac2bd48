#include "thunderline/cerebros/keras/layers/layer.h"

namespace thunderline::cerebros::keras {
namespace {

void lower_dense(Call& call) {
  GraphBuilder& g = call.g();
  const Ref x = call.x();
  const int64_t units = call.integer("units", 0);
  if (units <= 0 || g.rank(x) < 2) return call.fail("Dense wants units > 0 and rows");
  Ref y = g.add(graph::matmul(), {x, call.variable("kernel", {g.extent(x, -1), units})});
  if (call.flag("use_bias", true)) y = g.f(Binary::kAdd, y, call.bias(units));
  call.outputs = {activate(call, "activation", y)};
}

/// The equation without its ellipsis, whose axes get letters that it does not use.
std::string spelled_out(const std::string& equation, size_t axes) {
  std::string letters;
  for (char c = 'A'; c <= 'Z' && letters.size() < axes; ++c) {
    if (equation.find(c) == std::string::npos) letters += c;
  }
  std::string result;
  for (size_t i = 0; i < equation.size(); ++i) {
    if (equation.compare(i, 3, "...") == 0) {
      result += letters;
      i += 2;
    } else if (equation[i] != ' ') {
      result += equation[i];
    }
  }
  return result;
}

void lower_einsum_dense(Call& call) {
  GraphBuilder& g = call.g();
  const Ref x = call.x();
  std::string equation = call.text("equation", "");
  const size_t named = equation.substr(0, equation.find(',')).size();
  const size_t dots = equation.find("...") == std::string::npos ? 0 : g.rank(x) - (named - 3);
  if (dots > 20) return call.refuse("equation");
  equation = spelled_out(equation, dots);
  const size_t comma = equation.find(','), arrow = equation.find("->");
  if (comma == std::string::npos || arrow == std::string::npos || arrow < comma) {
    return call.refuse("equation");
  }
  const std::string left = equation.substr(0, comma);
  const std::string middle = equation.substr(comma + 1, arrow - comma - 1);
  const std::string right = equation.substr(arrow + 2);
  if (left.size() != g.rank(x)) return call.refuse("equation");
  // Extents of indices: those of the input, and of the output as its config says.
  std::map<char, int64_t> extents;
  for (size_t i = 0; i < left.size(); ++i) {
    extents[left[i]] = g.extent(x, static_cast<int64_t>(i));
  }
  const Json& output_shape = call.setting("output_shape");
  std::vector<Json> tail = {output_shape};
  if (output_shape.is_array()) tail.assign(output_shape.begin(), output_shape.end());
  for (size_t i = 0; i < tail.size() && i < right.size(); ++i) {
    const Json& extent = tail[tail.size() - 1 - i];
    const char index = right[right.size() - 1 - i];
    if (extent.is_number_integer() && !extents.contains(index)) extents[index] = extent;
  }
  graph::Shape kernel, bias;
  for (const char c : middle) kernel.push_back(extents.contains(c) ? extents[c] : -1);
  Ref y = g.add(graph::einsum(equation), {x, call.variable("kernel", kernel)});
  if (call.has("bias_axes")) {
    const std::string axes = call.text("bias_axes", "");
    size_t first = right.size();
    for (const char c : axes) first = std::min(first, right.find(c));
    for (size_t i = first; i < right.size(); ++i) {
      bias.push_back(axes.find(right[i]) == std::string::npos ? 1 : extents[right[i]]);
    }
    y = g.f(Binary::kAdd, y, call.variable("bias", bias));
  }
  call.outputs = {activate(call, "activation", y)};
}

void lower_embedding(Call& call) {
  GraphBuilder& g = call.g();
  const int64_t rows = call.integer("input_dim", 0);
  const int64_t width = call.integer("output_dim", 0);
  call.setting("input_length");
  call.setting("weights");
  const Ref table = call.variable("embeddings", {rows, width});
  const Ref ids = g.type(call.x()).dtype == DType::kInt64 ? call.x() : g.to(DType::kInt32, call.x());
  call.outputs = {g.add(graph::gather_rows(), {table, ids})};
  call.output_mask = std::optional<Ref>();
  if (call.flag("mask_zero", false)) {
    call.output_mask = g.f(Unary::kNot, g.f(Binary::kEqual, ids, 0.0));
  }
}

void lower_masking(Call& call) {
  GraphBuilder& g = call.g();
  const Ref x = call.x();
  const Ref same = g.f(Binary::kEqual, x, call.number("mask_value", 0.0));
  const Ref other = g.to(DType::kFloat32, g.f(Unary::kNot, same));
  const Ref kept = g.total(Reduction::kMax, other, {-1}, true);
  call.outputs = {g.f(Binary::kMultiply, x, kept)};
  call.output_mask = g.f(Binary::kGreater, g.total(Reduction::kMax, other, {-1}, false), 0.0);
}

void lower_identity(Call& call) { call.outputs = {call.x()}; }

constexpr LayerType kLayers[] = {
    {"Dense", lower_dense, MaskRule::kPass},
    {"EinsumDense", lower_einsum_dense},
    {"Embedding", lower_embedding},
    {"Identity", lower_identity, MaskRule::kPass},
    {"Masking", lower_masking},
};

}  // namespace

std::span<const LayerType> core_layers() { return kLayers; }

}  // namespace thunderline::cerebros::keras
