#include <algorithm>
#include <cmath>
#include <random>

#include "thunderline/cerebros/graph/op.h"

namespace thunderline::cerebros::graph {
namespace {

using Types = std::vector<ValueType>;
using Names = std::vector<std::string>;

constexpr double kTwoOverRootPi = 1.1283791670955126;

struct UnaryEntry {
  const char* onnx;
  double (*value)(double);
  double (*slope)(double x, double y);  // null: no gradient
};

double sign(double x) { return x > 0 ? 1.0 : (x < 0 ? -1.0 : 0.0); }
double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

const UnaryEntry& entry_of(Unary function) {
  static const UnaryEntry kEntries[] = {
      {"Neg", [](double x) { return -x; }, [](double, double) { return -1.0; }},
      {"Abs", [](double x) { return std::abs(x); }, [](double x, double) { return sign(x); }},
      {"Exp", [](double x) { return std::exp(x); }, [](double, double y) { return y; }},
      {"Log", [](double x) { return std::log(x); }, [](double x, double) { return 1.0 / x; }},
      {"Sqrt", [](double x) { return std::sqrt(x); }, [](double, double y) { return 0.5 / y; }},
      {"Reciprocal", [](double x) { return 1.0 / x; }, [](double, double y) { return -y * y; }},
      {"Erf", [](double x) { return std::erf(x); },
       [](double x, double) { return kTwoOverRootPi * std::exp(-x * x); }},
      {"Tanh", [](double x) { return std::tanh(x); }, [](double, double y) { return 1 - y * y; }},
      {"Sigmoid", sigmoid, [](double, double y) { return y * (1 - y); }},
      {"Relu", [](double x) { return x > 0 ? x : 0.0; },
       [](double x, double) { return x > 0 ? 1.0 : 0.0; }},
      {"Softplus",
       [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); },
       [](double x, double) { return sigmoid(x); }},
      {"Floor", [](double x) { return std::floor(x); }, nullptr},
      {"Ceil", [](double x) { return std::ceil(x); }, nullptr},
      {"Round", [](double x) { return std::nearbyint(x); }, nullptr},
      {"Sign", sign, nullptr},
      {"Sin", [](double x) { return std::sin(x); }, [](double x, double) { return std::cos(x); }},
      {"Cos", [](double x) { return std::cos(x); }, [](double x, double) { return -std::sin(x); }},
      {"Not", [](double x) { return x == 0 ? 1.0 : 0.0; }, nullptr},
      {"Identity", [](double x) { return x; }, [](double, double) { return 1.0; }},
  };
  return kEntries[static_cast<size_t>(function)];
}

class UnaryOp : public Op {
 public:
  explicit UnaryOp(Unary function) : entry_(entry_of(function)) {}
  std::string name() const override { return entry_.onnx; }
  Result<Types> infer(const Types& in) const override { return Types{in[0]}; }
  Result<Arrays> forward(const ArrayRefs& in, const Types&, const RunContext&) const override {
    Array y{in[0]->shape, in[0]->data};
    for (double& value : y.data) value = entry_.value(value);
    return Arrays{std::move(y)};
  }
  Arrays backward(const ArrayRefs& in, const Arrays& out, const Arrays& grads,
                  const RunContext&) const override {
    if (entry_.slope == nullptr) return Arrays(1);
    Array dx = grads[0];
    for (size_t i = 0; i < dx.data.size(); ++i) {
      dx.data[i] *= entry_.slope(in[0]->data[i], out[0].data[i]);
    }
    return {std::move(dx)};
  }
  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    return sink.node(entry_.onnx, in);
  }

 private:
  const UnaryEntry& entry_;
};

enum class Domain { kSame, kCompare };

struct BinaryEntry {
  const char* onnx;
  Domain domain;
  double (*value)(double, double);
  double (*slope_a)(double a, double b, double y);
  double (*slope_b)(double a, double b, double y);
};

/// Of two equal operands, the first takes the whole gradient of a maximum or minimum.
const BinaryEntry& entry_of(Binary function) {
  using D = double;
  static const BinaryEntry kEntries[] = {
      {"Add", Domain::kSame, [](D a, D b) { return a + b; }, [](D, D, D) { return 1.0; },
       [](D, D, D) { return 1.0; }},
      {"Sub", Domain::kSame, [](D a, D b) { return a - b; }, [](D, D, D) { return 1.0; },
       [](D, D, D) { return -1.0; }},
      {"Mul", Domain::kSame, [](D a, D b) { return a * b; }, [](D, D b, D) { return b; },
       [](D a, D, D) { return a; }},
      {"Div", Domain::kSame, [](D a, D b) { return a / b; }, [](D, D b, D) { return 1.0 / b; },
       [](D, D b, D y) { return -y / b; }},
      {"Pow", Domain::kSame, [](D a, D b) { return std::pow(a, b); },
       [](D a, D b, D) { return b == 0 ? 0.0 : b * std::pow(a, b - 1); },
       [](D a, D, D y) { return a > 0 ? y * std::log(a) : 0.0; }},
      {"Max", Domain::kSame, [](D a, D b) { return a >= b || std::isnan(a) ? a : b; },
       [](D a, D b, D) { return a >= b ? 1.0 : 0.0; },
       [](D a, D b, D) { return a >= b ? 0.0 : 1.0; }},
      {"Min", Domain::kSame, [](D a, D b) { return a <= b || std::isnan(a) ? a : b; },
       [](D a, D b, D) { return a <= b ? 1.0 : 0.0; },
       [](D a, D b, D) { return a <= b ? 0.0 : 1.0; }},
      {"Equal", Domain::kCompare, [](D a, D b) { return a == b ? 1.0 : 0.0; }, nullptr, nullptr},
      {"Less", Domain::kCompare, [](D a, D b) { return a < b ? 1.0 : 0.0; }, nullptr, nullptr},
      {"Greater", Domain::kCompare, [](D a, D b) { return a > b ? 1.0 : 0.0; }, nullptr, nullptr},
      {"LessOrEqual", Domain::kCompare, [](D a, D b) { return a <= b ? 1.0 : 0.0; }, nullptr,
       nullptr},
      {"GreaterOrEqual", Domain::kCompare, [](D a, D b) { return a >= b ? 1.0 : 0.0; }, nullptr,
       nullptr},
      {"And", Domain::kCompare, [](D a, D b) { return a != 0 && b != 0 ? 1.0 : 0.0; }, nullptr,
       nullptr},
      {"Or", Domain::kCompare, [](D a, D b) { return a != 0 || b != 0 ? 1.0 : 0.0; }, nullptr,
       nullptr},
  };
  return kEntries[static_cast<size_t>(function)];
}

class BinaryOp : public Op {
 public:
  explicit BinaryOp(Binary function) : entry_(entry_of(function)) {}
  std::string name() const override { return entry_.onnx; }

  Result<Types> infer(const Types& in) const override {
    if (in[0].dtype != in[1].dtype) {
      return fail(ErrorCode::kInvalidArgument,
                  std::string(entry_.onnx) + " of " + graph::dtype_name(in[0].dtype) + " and " +
                      graph::dtype_name(in[1].dtype) + " is not defined");
    }
    TL_ASSIGN_OR_RETURN(Shape shape, broadcast(in[0].shape, in[1].shape));
    const DType dtype = entry_.domain == Domain::kCompare ? DType::kBool : in[0].dtype;
    return Types{{dtype, std::move(shape)}};
  }

  Result<Arrays> forward(const ArrayRefs& in, const Types& types,
                         const RunContext&) const override {
    Array y = zeros(types[0].shape);
    const bool whole = types[0].dtype == DType::kInt32 || types[0].dtype == DType::kInt64;
    visit(in, y.shape, [&](int64_t i, double a, double b, int64_t, int64_t) {
      const double value = entry_.value(a, b);
      y.data[static_cast<size_t>(i)] = whole ? std::trunc(value) : value;
    });
    return Arrays{std::move(y)};
  }

  Arrays backward(const ArrayRefs& in, const Arrays& out, const Arrays& grads,
                  const RunContext&) const override {
    if (entry_.slope_a == nullptr) return Arrays(2);
    Array da = zeros(in[0]->shape);
    Array db = zeros(in[1]->shape);
    visit(in, out[0].shape, [&](int64_t i, double a, double b, int64_t at_a, int64_t at_b) {
      const double grad = grads[0].data[static_cast<size_t>(i)];
      const double y = out[0].data[static_cast<size_t>(i)];
      da.data[static_cast<size_t>(at_a)] += grad * entry_.slope_a(a, b, y);
      db.data[static_cast<size_t>(at_b)] += grad * entry_.slope_b(a, b, y);
    });
    return {std::move(da), std::move(db)};
  }

  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    return sink.node(entry_.onnx, in);
  }

 private:
  template <typename Body>
  static void visit(const ArrayRefs& in, const Shape& shape, Body body) {
    if (in[0]->shape == in[1]->shape) {
      const int64_t count = element_count(shape);
      for (int64_t i = 0; i < count; ++i) {
        const size_t at = static_cast<size_t>(i);
        body(i, in[0]->data[at], in[1]->data[at], i, i);
      }
      return;
    }
    for_each_element(shape,
                     {broadcast_strides(in[0]->shape, shape.size()),
                      broadcast_strides(in[1]->shape, shape.size())},
                     [&](int64_t i, const std::vector<int64_t>& at) {
                       body(i, in[0]->data[static_cast<size_t>(at[0])],
                            in[1]->data[static_cast<size_t>(at[1])], at[0], at[1]);
                     });
  }

  const BinaryEntry& entry_;
};

class WhereOp : public Op {
 public:
  std::string name() const override { return "Where"; }
  Result<Types> infer(const Types& in) const override {
    if (in[0].dtype != DType::kBool || in[1].dtype != in[2].dtype) {
      return fail(ErrorCode::kInvalidArgument, "where wants a bool and two values of one dtype");
    }
    TL_ASSIGN_OR_RETURN(const Shape ab, broadcast(in[1].shape, in[2].shape));
    TL_ASSIGN_OR_RETURN(Shape shape, broadcast(in[0].shape, ab));
    return Types{{in[1].dtype, std::move(shape)}};
  }
  Result<Arrays> forward(const ArrayRefs& in, const Types& types,
                         const RunContext&) const override {
    Array y = zeros(types[0].shape);
    visit(in, y.shape, [&](int64_t i, bool first, int64_t at_a, int64_t at_b) {
      y.data[static_cast<size_t>(i)] = first ? in[1]->data[static_cast<size_t>(at_a)]
                                             : in[2]->data[static_cast<size_t>(at_b)];
    });
    return Arrays{std::move(y)};
  }
  Arrays backward(const ArrayRefs& in, const Arrays& out, const Arrays& grads,
                  const RunContext&) const override {
    Array da = zeros(in[1]->shape);
    Array db = zeros(in[2]->shape);
    visit(in, out[0].shape, [&](int64_t i, bool first, int64_t at_a, int64_t at_b) {
      double& target = first ? da.data[static_cast<size_t>(at_a)]
                             : db.data[static_cast<size_t>(at_b)];
      target += grads[0].data[static_cast<size_t>(i)];
    });
    return {Array{}, std::move(da), std::move(db)};
  }
  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    return sink.node("Where", in);
  }

 private:
  template <typename Body>
  static void visit(const ArrayRefs& in, const Shape& shape, Body body) {
    std::vector<std::vector<int64_t>> strides;
    for (const Array* array : in) strides.push_back(broadcast_strides(array->shape, shape.size()));
    for_each_element(shape, strides, [&](int64_t i, const std::vector<int64_t>& at) {
      body(i, in[0]->data[static_cast<size_t>(at[0])] != 0, at[1], at[2]);
    });
  }
};

class CastOp : public Op {
 public:
  explicit CastOp(DType to) : to_(to) {}
  std::string name() const override { return "Cast"; }
  Result<Types> infer(const Types& in) const override { return Types{{to_, in[0].shape}}; }
  Result<Arrays> forward(const ArrayRefs& in, const Types&, const RunContext&) const override {
    Array y = *in[0];
    for (double& value : y.data) {
      if (to_ == DType::kBool) value = value != 0 ? 1.0 : 0.0;
      if (to_ == DType::kInt32 || to_ == DType::kInt64) value = std::trunc(value);
    }
    return Arrays{std::move(y)};
  }
  Arrays backward(const ArrayRefs&, const Arrays&, const Arrays& grads,
                  const RunContext&) const override {
    if (to_ != DType::kFloat32) return Arrays(1);
    return {grads[0]};
  }
  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    static constexpr int64_t kOnnx[] = {1, 6, 7, 9};  // TensorProto.DataType
    return sink.node("Cast", in, {OnnxSink::of_int("to", kOnnx[static_cast<size_t>(to_)])});
  }

 private:
  DType to_;
};

/// What changes its input in training only, by numbers that depend on nothing but two seeds.
class NoiseOp : public Op {
 public:
  explicit NoiseOp(uint64_t seed) : seed_(seed) {}
  Result<Types> infer(const Types& in) const override { return Types{in[0]}; }
  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    return sink.node("Identity", in);
  }
  Result<Arrays> forward(const ArrayRefs& in, const Types&,
                         const RunContext& context) const override {
    if (!context.training) return Arrays{*in[0]};
    return Arrays{apply(*in[0], *in[0], context, true)};
  }
  Arrays backward(const ArrayRefs& in, const Arrays&, const Arrays& grads,
                  const RunContext& context) const override {
    if (!context.training) return {grads[0]};
    return {apply(*in[0], grads[0], context, false)};
  }

 protected:
  /// The factors (and what is added, when `forward`) of x, applied to `values`.
  virtual Array apply(const Array& x, const Array& values, const RunContext& context,
                      bool forward) const = 0;
  std::mt19937_64 source(const RunContext& context) const {
    return std::mt19937_64(context.seed * 0x9E3779B97F4A7C15ull + seed_);
  }
  static double unit(std::mt19937_64& source) {
    return static_cast<double>(source() >> 11) * 0x1.0p-53;
  }

 private:
  uint64_t seed_;
};

class DropoutOp : public NoiseOp {
 public:
  DropoutOp(double rate, std::vector<int64_t> noise_shape, uint64_t seed)
      : NoiseOp(seed), rate_(rate), noise_shape_(std::move(noise_shape)) {}
  std::string name() const override { return "Dropout"; }

 protected:
  Array apply(const Array& x, const Array& values, const RunContext& context,
              bool) const override {
    Shape shape = noise_shape_.empty() ? x.shape : noise_shape_;
    for (size_t i = 0; i < shape.size(); ++i) shape[i] = shape[i] < 0 ? x.shape[i] : shape[i];
    std::mt19937_64 random = source(context);
    Array mask = zeros(shape);
    for (double& value : mask.data) value = unit(random) < rate_ ? 0.0 : 1.0 / (1.0 - rate_);
    Array y = values;
    for_each_element(x.shape, {broadcast_strides(shape, x.shape.size())},
                     [&](int64_t i, const std::vector<int64_t>& at) {
                       y.data[static_cast<size_t>(i)] *= mask.data[static_cast<size_t>(at[0])];
                     });
    return y;
  }

 private:
  double rate_;
  std::vector<int64_t> noise_shape_;
};

class GaussianOp : public NoiseOp {
 public:
  GaussianOp(bool additive, double stddev, uint64_t seed)
      : NoiseOp(seed), additive_(additive), stddev_(stddev) {}
  std::string name() const override { return "GaussianNoise"; }

 protected:
  Array apply(const Array&, const Array& values, const RunContext& context,
              bool forward) const override {
    std::mt19937_64 random = source(context);
    Array y = values;
    for (double& value : y.data) {
      const double u = 1.0 - unit(random);
      const double normal = std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * unit(random));
      if (additive_) {
        value += forward ? stddev_ * normal : 0.0;
      } else {
        value *= 1.0 + stddev_ * normal;
      }
    }
    return y;
  }

 private:
  bool additive_;
  double stddev_;
};

}  // namespace

OpPtr unary(Unary function) { return std::make_shared<UnaryOp>(function); }
OpPtr binary(Binary function) { return std::make_shared<BinaryOp>(function); }
OpPtr where() { return std::make_shared<WhereOp>(); }
OpPtr cast(DType to) { return std::make_shared<CastOp>(to); }
OpPtr dropout(double rate, std::vector<int64_t> noise_shape, uint64_t seed) {
  return std::make_shared<DropoutOp>(rate, std::move(noise_shape), seed);
}
OpPtr gaussian_noise(bool additive, double stddev, uint64_t seed) {
  return std::make_shared<GaussianOp>(additive, stddev, seed);
}

}  // namespace thunderline::cerebros::graph
