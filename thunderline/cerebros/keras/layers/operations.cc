#include <algorithm>

#include "thunderline/cerebros/keras/layers/layer.h"

namespace thunderline::cerebros::keras {
namespace {

DType dtype_of(Call& call, const std::string& name) {
  if (name == "int32") return DType::kInt32;
  if (name == "int64") return DType::kInt64;
  if (name == "bool") return DType::kBool;
  if (name != "float32") call.fail("dtype " + name + " is not supported");
  return DType::kFloat32;
}

void flatten(const Json& value, size_t depth, graph::Array& array) {
  if (!value.is_array()) {
    array.data.push_back(value.is_boolean() ? value.get<bool>() : value.is_number() ? value.get<double>() : NAN);
    return;
  }
  if (depth == array.shape.size()) array.shape.push_back(static_cast<int64_t>(value.size()));
  for (const Json& part : value) flatten(part, depth + 1, array);
}

/// An operand: a tensor of the call, a bare number, or a constant with a dtype.
Ref operand(Call& call, const Json& argument, DType like) {
  GraphBuilder& g = call.g();
  if (argument.is_object() && argument.contains("tensor")) {
    return call.inputs[argument["tensor"].get<size_t>()].first;
  }
  DType dtype = like;
  graph::Array array;
  if (argument.is_object() && argument.value("config", Json()).is_object()) {
    dtype = dtype_of(call, argument["config"].value("dtype", "float32"));
    flatten(argument["config"].value("value", Json()), 0, array);
  } else {
    if (argument.is_number_float()) dtype = DType::kFloat32;
    flatten(argument, 0, array);
  }
  const bool sound = graph::element_count(array.shape) == static_cast<int64_t>(array.data.size()) &&
                     std::none_of(array.data.begin(), array.data.end(), [](double v) { return std::isnan(v); });
  if (sound) return g.constant(dtype, std::move(array));
  call.fail("the constant " + dump_json(argument).substr(0, 80) + " is not supported");
  return {};
}

const Json& argument(Call& call, size_t at, const char* name) {
  static const Json kNull;
  if (at < call.arguments.size()) return call.arguments[at];
  const auto found = call.keywords.find(name);
  return found == call.keywords.end() ? kNull : *found;
}

DType type_of_inputs(Call& call) {
  DType widest = DType::kBool;
  for (const Masked& input : call.inputs) {
    const DType dtype = call.g().type(input.first).dtype;
    if (dtype == DType::kFloat32) return dtype;
    if (dtype == DType::kInt64 || (dtype == DType::kInt32 && widest == DType::kBool)) widest = dtype;
  }
  return widest;
}

/// Both operands in the dtype to which NumPy's rules bring them.
std::pair<Ref, Ref> promoted(Call& call, bool divide) {
  GraphBuilder& g = call.g();
  const DType like = type_of_inputs(call);
  Ref a = operand(call, argument(call, 0, "x1"), like), b = operand(call, argument(call, 1, "x2"), like);
  const DType da = g.type(a).dtype, db = g.type(b).dtype;
  DType to = da;
  if (divide || da == DType::kFloat32 || db == DType::kFloat32) to = DType::kFloat32;
  else if (da == DType::kInt64 || db == DType::kInt64) to = DType::kInt64;
  else if (da == DType::kInt32 || db == DType::kInt32) to = DType::kInt32;
  return {g.to(to, a), g.to(to, b)};
}

template <Binary kFunction, bool kDivide = false>
void lower_binary(Call& call) {
  const auto [a, b] = promoted(call, kDivide);
  call.outputs = {call.g().f(kFunction, a, b)};
}

void lower_not_equal(Call& call) {
  const auto [a, b] = promoted(call, false);
  call.outputs = {call.g().f(Unary::kNot, call.g().f(Binary::kEqual, a, b))};
}

void lower_floor_divide(Call& call) {
  const auto [a, b] = promoted(call, true);
  call.outputs = {call.g().f(Unary::kFloor, call.g().f(Binary::kDivide, a, b))};
}

template <Binary kFunction>
void lower_logical(Call& call) {
  const auto [a, b] = promoted(call, false);
  GraphBuilder& g = call.g();
  call.outputs = {g.f(kFunction, g.to(DType::kBool, a), g.to(DType::kBool, b))};
}

template <Unary kFunction>
void lower_unary(Call& call) { call.outputs = {call.g().f(kFunction, call.x())}; }

template <Unary kFunction>
void lower_float_unary(Call& call) {
  call.outputs = {call.g().f(kFunction, call.g().to(DType::kFloat32, call.x()))};
}

void lower_not(Call& call) { call.outputs = {call.g().f(Unary::kNot, call.g().to(DType::kBool, call.x()))}; }
void lower_square(Call& call) { call.outputs = {call.g().f(Binary::kMultiply, call.x(), call.x())}; }
void lower_rsqrt(Call& call) {
  call.outputs = {call.g().f(Unary::kReciprocal, call.g().f(Unary::kSqrt, call.x()))};
}
void lower_log1p(Call& call) {
  call.outputs = {call.g().f(Unary::kLog, call.g().f(Binary::kAdd, call.x(), 1.0))};
}
void lower_expm1(Call& call) {
  call.outputs = {call.g().f(Binary::kSubtract, call.g().f(Unary::kExp, call.x()), 1.0)};
}

/// keras.ops.nn: the activation of that name.
template <const char* const* kName>
void lower_named(Call& call) { call.outputs = {activate(call.g(), *kName, call.x())}; }
constexpr const char* kSilu = "silu";
constexpr const char* kSelu = "selu";
constexpr const char* kRelu6 = "relu6";
constexpr const char* kMish = "mish";
constexpr const char* kSoftsign = "softsign";
constexpr const char* kHardSigmoid = "hard_sigmoid";
constexpr const char* kLogSoftmax = "log_softmax";

void lower_gelu(Call& call) {
  const bool approximate = call.flag("approximate", true);
  call.outputs = {activate(call.g(), {{"class_name", "gelu"}, {"config", {{"approximate", approximate}}}}, call.x())};
}
void lower_elu(Call& call) {
  if (call.number("alpha", 1.0) != 1.0) return call.refuse("alpha");
  call.outputs = {activate(call.g(), "elu", call.x())};
}
void lower_leaky_relu(Call& call) {
  GraphBuilder& g = call.g();
  const Ref low = g.f(Binary::kMultiply, call.x(), call.number("negative_slope", 0.2));
  call.outputs = {g.either(g.f(Binary::kGreater, call.x(), 0.0), call.x(), low)};
}
void lower_softmax(Call& call) {
  call.outputs = {call.g().add(graph::softmax(call.integer("axis", -1)), {call.x()})};
}

std::vector<int64_t> axes_of(Call& call, const char* key) {
  std::vector<int64_t> axes;
  if (call.has(key)) return call.integers(key, {});
  for (size_t i = 0; i < call.g().rank(call.x()); ++i) axes.push_back(static_cast<int64_t>(i));
  return axes;
}

template <Reduction kKind>
void lower_reduce(Call& call) {
  GraphBuilder& g = call.g();
  Ref x = call.x();
  if (kKind == Reduction::kMean) x = g.to(DType::kFloat32, x);
  else if (g.type(x).dtype == DType::kBool) x = g.to(DType::kInt32, x);
  if (call.has("initial")) return call.refuse("initial");
  call.outputs = {g.total(kKind, x, axes_of(call, "axis"), call.flag("keepdims", false))};
}

template <bool kAll>
void lower_any(Call& call) {
  GraphBuilder& g = call.g();
  const Ref x = g.to(DType::kInt32, g.to(DType::kBool, call.x()));
  call.outputs = {g.to(DType::kBool, g.total(kAll ? Reduction::kMin : Reduction::kMax, x, axes_of(call, "axis"), call.flag("keepdims", false)))};
}

template <bool kRoot>
void lower_variance(Call& call) {
  GraphBuilder& g = call.g();
  const Ref x = g.to(DType::kFloat32, call.x());
  const auto axes = axes_of(call, "axis");
  const Ref d = g.f(Binary::kSubtract, x, g.total(Reduction::kMean, x, axes, true));
  const Ref variance = g.total(Reduction::kMean, g.f(Binary::kMultiply, d, d), axes, call.flag("keepdims", false));
  call.outputs = {kRoot ? g.f(Unary::kSqrt, variance) : variance};
}

template <bool kSmallest>
void lower_arg(Call& call) {
  if (!call.has("axis")) return call.refuse("axis");
  call.outputs = {call.g().to(DType::kInt32, call.g().add(graph::arg_max(call.integer("axis", -1), call.flag("keepdims", false), kSmallest), {call.x()}))};
}

void lower_matmul(Call& call) {
  GraphBuilder& g = call.g();
  auto [a, b] = promoted(call, false);
  const bool row = g.rank(a) == 1, column = g.rank(b) == 1;
  if (row) a = g.expand(a, 0);
  if (column) b = g.expand(b, 1);
  Ref y = g.add(graph::matmul(), {a, b});
  if (column) y = g.squeeze(y, -1);
  if (row) y = g.squeeze(y, column ? -1 : -2);
  call.outputs = {y};
}

void lower_einsum(Call& call) {
  std::string equation = call.text("subscripts", "");
  equation.erase(std::remove(equation.begin(), equation.end(), ' '), equation.end());
  const bool plain = call.inputs.size() == 2 && equation.find("->") != std::string::npos &&
                     equation.find('.') == std::string::npos && equation.find(',') != std::string::npos;
  if (!plain) return call.refuse("subscripts");
  call.outputs = {call.g().add(graph::einsum(equation), {call.inputs[0].first, call.inputs[1].first})};
}

std::vector<Ref> all(Call& call) {
  std::vector<Ref> refs;
  for (const Masked& input : call.inputs) refs.push_back(input.first);
  return refs;
}

void lower_concatenate(Call& call) {
  call.outputs = {call.g().add(graph::concatenate(call.integer("axis", -1)), all(call))};
}

void lower_stack(Call& call) {
  const int64_t axis = call.integer("axis", 0);
  std::vector<Ref> parts;
  for (const Ref x : all(call)) parts.push_back(call.g().expand(x, axis));
  call.outputs = {call.g().add(graph::concatenate(axis), parts)};
}

void lower_reshape(Call& call) {
  std::vector<int64_t> target;
  const Json& shape = call.has("newshape") ? call.setting("newshape") : call.setting("shape");
  for (const Json& extent : shape) target.push_back(extent.is_number_integer() ? extent.get<int64_t>() : -1);
  // Two open extents: the first is the batch, which keeps its place.
  if (std::count(target.begin(), target.end(), -1) > 1) target[0] = 0;
  call.outputs = {call.g().shaped(call.x(), target)};
}

void lower_transpose(Call& call) {
  GraphBuilder& g = call.g();
  std::vector<int64_t> axes = call.integers("axes", {});
  if (axes.empty()) {
    for (size_t i = g.rank(call.x()); i-- > 0;) axes.push_back(static_cast<int64_t>(i));
  }
  for (int64_t& axis : axes) {
    if (axis < 0) axis += static_cast<int64_t>(g.rank(call.x()));
    if (axis < 0 || axis >= static_cast<int64_t>(axes.size())) return call.refuse("axes");
  }
  call.outputs = {g.add(graph::transpose(axes), {call.x()})};
}

void lower_swap_axes(Call& call) {
  const int64_t rank = static_cast<int64_t>(call.g().rank(call.x()));
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < rank; ++i) axes.push_back(i);
  int64_t a = call.integer("axis1", 0), b = call.integer("axis2", 0);
  a += a < 0 ? rank : 0;
  b += b < 0 ? rank : 0;
  if (a < 0 || a >= rank) return call.refuse("axis1");
  if (b < 0 || b >= rank) return call.refuse("axis2");
  std::swap(axes[static_cast<size_t>(a)], axes[static_cast<size_t>(b)]);
  call.outputs = {call.g().add(graph::transpose(axes), {call.x()})};
}

void lower_expand_dims(Call& call) {
  Ref x = call.x();
  for (const int64_t axis : call.integers("axis", {-1})) x = call.g().expand(x, axis);
  call.outputs = {x};
}

void lower_squeeze(Call& call) {
  if (!call.has("axis")) return call.refuse("axis");
  auto axes = call.integers("axis", {});
  if (axes.size() != 1) return call.refuse("axis");
  call.outputs = {call.g().squeeze(call.x(), axes[0])};
}

/// A slice of the index, or nothing for a part that is none.
struct Range {
  std::optional<int64_t> start, stop;
  int64_t step = 1;
};
std::optional<Range> range_of(const Json& part) {
  if (!part.is_object() || part.value("class_name", "") != "__slice__") return std::nullopt;
  const Json config = part.value("config", Json::object());
  Range range;
  const auto read = [&](const char* key) -> std::optional<int64_t> {
    const Json value = config.value(key, Json());
    return value.is_number_integer() ? std::optional(value.get<int64_t>()) : std::nullopt;
  };
  range.start = read("start");
  range.stop = read("stop");
  range.step = read("step").value_or(1);
  return range.step == 0 ? std::nullopt : std::optional(range);
}

void lower_get_item(Call& call) {
  GraphBuilder& g = call.g();
  Json index = argument(call, 1, "key");
  if (!index.is_array()) index = Json::array({index});
  Ref x = call.x();
  int64_t axis = 0;
  for (const Json& part : index) {
    if (part.is_null()) {
      x = g.expand(x, axis++);
    } else if (part.is_number_integer()) {
      const int64_t at = part.get<int64_t>();
      const std::optional<int64_t> stop = at == -1 ? std::nullopt : std::optional(at + 1);
      x = g.squeeze(g.add(graph::slice(axis, at, stop, 1), {x}), axis);
    } else if (part == "ellipsis" || (part.is_object() && part.value("class_name", "") == "__ellipsis__")) {
      size_t rest = 0;
      for (const Json& other : index) rest += other.is_null() ? 0 : 1;
      axis = static_cast<int64_t>(g.rank(call.x())) - static_cast<int64_t>(rest) + 1 + axis;
    } else if (const auto range = range_of(part)) {
      const bool whole = !range->start && !range->stop && range->step == 1;
      if (!whole) x = g.add(graph::slice(axis, range->start, range->stop, range->step), {x});
      ++axis;
    } else {
      return call.fail("the index " + dump_json(part) + " is not supported");
    }
  }
  call.outputs = {x};
}

void lower_where(Call& call) {
  GraphBuilder& g = call.g();
  const Ref condition = operand(call, argument(call, 0, "condition"), DType::kBool);
  DType like = DType::kBool;
  for (size_t i = 1; i < 3; ++i) {
    const Json& part = argument(call, i, i == 1 ? "x1" : "x2");
    const DType own = g.type(operand(call, part, DType::kInt32)).dtype;
    if (own == DType::kFloat32 || like == DType::kBool) like = own;
  }
  call.outputs = {g.either(g.to(DType::kBool, condition), g.to(like, operand(call, argument(call, 1, "x1"), like)),
                           g.to(like, operand(call, argument(call, 2, "x2"), like)))};
}

template <int kValue>
void lower_like(Call& call) {
  GraphBuilder& g = call.g();
  std::vector<int64_t> extents;
  for (size_t i = 0; i < g.rank(call.x()); ++i) extents.push_back(-1 - static_cast<int64_t>(i));
  const DType dtype = call.has("dtype") && call.setting("dtype").is_string() ? dtype_of(call, call.text("dtype", "")) : g.type(call.x()).dtype;
  call.outputs = {g.add(graph::fill(dtype, kValue, extents), {call.x()})};
}

void lower_cast(Call& call) {
  const Json& dtype = call.setting("dtype");
  const std::string name = dtype.is_string() ? dtype.get<std::string>() : dtype.is_object() ? dtype["config"].value("name", "") : "";
  call.outputs = {call.g().to(dtype_of(call, name), call.x())};
}

void lower_clip(Call& call) {
  GraphBuilder& g = call.g();
  const auto bound = [&](size_t at, const char* key) {
    const Json& given = argument(call, at, key);
    return operand(call, given.is_null() ? call.setting(key) : given, g.type(call.x()).dtype);
  };
  call.outputs = {g.f(Binary::kMinimum, g.f(Binary::kMaximum, call.x(), bound(1, "x_min")), bound(2, "x_max"))};
}

void lower_flip(Call& call) {
  Ref x = call.x();
  for (const int64_t axis : axes_of(call, "axis")) x = call.g().add(graph::slice(axis, std::nullopt, std::nullopt, -1), {x});
  call.outputs = {x};
}

void lower_cumsum(Call& call) {
  if (!call.has("axis")) return call.refuse("axis");
  call.outputs = {call.g().add(graph::cumulative_sum(call.integer("axis", 0)), {call.x()})};
}

constexpr LayerType kLayers[] = {
    {"Abs", lower_unary<Unary::kAbs>}, {"Absolute", lower_unary<Unary::kAbs>},
    {"Add", lower_binary<Binary::kAdd>}, {"All", lower_any<true>}, {"Any", lower_any<false>},
    {"Argmax", lower_arg<false>}, {"Argmin", lower_arg<true>}, {"Cast", lower_cast},
    {"Ceil", lower_unary<Unary::kCeil>}, {"Clip", lower_clip},
    {"Concatenate", lower_concatenate}, {"Cos", lower_unary<Unary::kCos>},
    {"Cumsum", lower_cumsum}, {"Divide", lower_binary<Binary::kDivide, true>},
    {"Einsum", lower_einsum}, {"Elu", lower_elu}, {"Equal", lower_binary<Binary::kEqual>},
    {"Erf", lower_unary<Unary::kErf>}, {"Exp", lower_float_unary<Unary::kExp>},
    {"ExpandDims", lower_expand_dims}, {"Expm1", lower_expm1}, {"Flip", lower_flip},
    {"Floor", lower_unary<Unary::kFloor>}, {"FloorDivide", lower_floor_divide},
    {"Gelu", lower_gelu}, {"GetItem", lower_get_item},
    {"Greater", lower_binary<Binary::kGreater>},
    {"GreaterEqual", lower_binary<Binary::kGreaterEqual>},
    {"HardSigmoid", lower_named<&kHardSigmoid>}, {"LeakyRelu", lower_leaky_relu},
    {"Less", lower_binary<Binary::kLess>}, {"LessEqual", lower_binary<Binary::kLessEqual>},
    {"Log", lower_float_unary<Unary::kLog>}, {"Log1p", lower_log1p},
    {"LogSoftmax", lower_named<&kLogSoftmax>}, {"LogicalAnd", lower_logical<Binary::kAnd>},
    {"LogicalNot", lower_not}, {"LogicalOr", lower_logical<Binary::kOr>},
    {"Matmul", lower_matmul}, {"Max", lower_reduce<Reduction::kMax>},
    {"Maximum", lower_binary<Binary::kMaximum>}, {"Mean", lower_reduce<Reduction::kMean>},
    {"Min", lower_reduce<Reduction::kMin>}, {"Minimum", lower_binary<Binary::kMinimum>},
    {"Mish", lower_named<&kMish>}, {"Multiply", lower_binary<Binary::kMultiply>},
    {"Negative", lower_unary<Unary::kNegative>}, {"NotEqual", lower_not_equal},
    {"OnesLike", lower_like<1>}, {"Power", lower_binary<Binary::kPower>},
    {"Prod", lower_reduce<Reduction::kProd>}, {"Reciprocal", lower_unary<Unary::kReciprocal>},
    {"Relu", lower_unary<Unary::kRelu>}, {"Relu6", lower_named<&kRelu6>},
    {"Reshape", lower_reshape}, {"Round", lower_unary<Unary::kRound>}, {"Rsqrt", lower_rsqrt},
    {"Selu", lower_named<&kSelu>}, {"Sigmoid", lower_unary<Unary::kSigmoid>},
    {"Sign", lower_unary<Unary::kSign>}, {"Silu", lower_named<&kSilu>},
    {"Sin", lower_unary<Unary::kSin>}, {"Softmax", lower_softmax},
    {"Softplus", lower_unary<Unary::kSoftplus>}, {"Softsign", lower_named<&kSoftsign>},
    {"Sqrt", lower_float_unary<Unary::kSqrt>}, {"Square", lower_square},
    {"Squeeze", lower_squeeze}, {"Stack", lower_stack}, {"Std", lower_variance<true>},
    {"Subtract", lower_binary<Binary::kSubtract>}, {"Sum", lower_reduce<Reduction::kSum>},
    {"SwapAxes", lower_swap_axes}, {"Swapaxes", lower_swap_axes},
    {"Tanh", lower_unary<Unary::kTanh>}, {"Transpose", lower_transpose},
    {"TrueDivide", lower_binary<Binary::kDivide, true>}, {"Var", lower_variance<false>},
    {"Where", lower_where}, {"ZerosLike", lower_like<0>},
};

}  // namespace

std::span<const LayerType> operation_layers() { return kLayers; }

}  // namespace thunderline::cerebros::keras
