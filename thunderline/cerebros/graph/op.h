#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/graph/array.h"

namespace thunderline::cerebros::graph {

struct Graph;

/// What an exporter offers to operators: it writes ONNX nodes, whatever they end up in.
class OnnxSink {
 public:
  struct Attribute {
    enum class Kind { kInt, kInts, kFloat, kText, kGraph };
    std::string name;
    Kind kind = Kind::kInt;
    std::vector<int64_t> ints;
    float number = 0;
    std::string text;
    const Graph* graph = nullptr;
    /// For kGraph: the outer names of the body's inputs; empty where the operator feeds it.
    std::vector<std::string> bound;
  };
  static Attribute of_int(std::string name, int64_t value);
  static Attribute of_ints(std::string name, std::vector<int64_t> values);
  static Attribute of_float(std::string name, float value);
  static Attribute of_text(std::string name, std::string value);

  virtual ~OnnxSink() = default;
  virtual int64_t opset() const = 0;

  /// Adds a node and returns the names of its outputs.
  virtual std::vector<std::string> node(const std::string& op_type,
                                        const std::vector<std::string>& inputs,
                                        std::vector<Attribute> attributes = {},
                                        size_t outputs = 1) = 0;

  /// A constant of int64 numbers, or a float32 scalar.
  virtual std::string integers(std::vector<int64_t> values, bool scalar = false) = 0;
  virtual std::string number(float value) = 0;
};

/// What a run of a graph gives operators beside their inputs.
struct RunContext {
  bool training = false;
  uint64_t seed = 0;  ///< Of this step's random masks; each operator mixes in its own.
};

using Arrays = std::vector<Array>;
using ArrayRefs = std::vector<const Array*>;

/// One primitive operator: its shapes, its numbers, its gradient and its ONNX form in one place.
/// Keras layers are made of these. Immutable. Thread-safety: any thread.
class Op {
 public:
  virtual ~Op() = default;
  virtual std::string name() const = 0;

  /// Types of the outputs. Called with free extents when a graph is built, and with the real ones
  /// before each run. Errors: kInvalidArgument that says which shapes do not fit.
  virtual Result<std::vector<ValueType>> infer(const std::vector<ValueType>& inputs) const = 0;

  /// Precondition: `infer` accepts the inputs' shapes, and gave `types`.
  /// Errors: kInvalidArgument for values that the operator cannot take (an index out of range).
  virtual Result<Arrays> forward(const ArrayRefs& inputs, const std::vector<ValueType>& types,
                                 const RunContext& context) const = 0;

  /// Gradients with respect to the inputs; an empty array stands for none.
  /// `grads`: of the outputs, same shapes. `context` is the one of the forward run.
  virtual Arrays backward(const ArrayRefs& inputs, const Arrays& outputs, const Arrays& grads,
                          const RunContext& context) const;

  /// Writes the operator with `inputs`; returns the names of its outputs. `types`: of the inputs.
  virtual Result<std::vector<std::string>> emit(OnnxSink& sink,
                                                const std::vector<std::string>& inputs,
                                                const std::vector<ValueType>& types) const = 0;
};

using OpPtr = std::shared_ptr<const Op>;

/// The one-operand functions that a graph knows; each has its derivative and its ONNX form.
enum class Unary { kNegative, kAbs, kExp, kLog, kSqrt, kReciprocal, kErf, kTanh, kSigmoid, kRelu,
                   kSoftplus, kFloor, kCeil, kRound, kSign, kSin, kCos, kNot, kIdentity };
enum class Binary { kAdd, kSubtract, kMultiply, kDivide, kPower, kMaximum, kMinimum, kEqual, kLess,
                    kGreater, kLessEqual, kGreaterEqual, kAnd, kOr };
enum class Reduction { kSum, kMean, kMax, kMin, kProd };

OpPtr unary(Unary function);
/// Broadcasts as NumPy does. Both operands have one dtype.
OpPtr binary(Binary function);
OpPtr where();
OpPtr cast(DType to);
OpPtr reduce(Reduction kind, std::vector<int64_t> axes, bool keepdims);
OpPtr arg_max(int64_t axis, bool keepdims, bool smallest);
OpPtr cumulative_sum(int64_t axis);
OpPtr softmax(int64_t axis);

/// ONNX's Reshape: 0 keeps the extent at that place, one -1 takes the rest.
OpPtr reshape(std::vector<int64_t> target);
OpPtr transpose(std::vector<int64_t> axes);
OpPtr concatenate(int64_t axis);
/// Slices along one axis: `start`, `stop` and `step` as Python's.
OpPtr slice(int64_t axis, std::optional<int64_t> start, std::optional<int64_t> stop, int64_t step);
/// Pads by a constant; `pads` are (before, after) by axis.
OpPtr pad(std::vector<std::pair<int64_t, int64_t>> pads, double value);
/// Rows of the first input at the places of the second, as NumPy's take along axis 0.
OpPtr gather_rows();
/// An array of `value`; an extent of -1 - k is that of the input's axis k.
OpPtr fill(DType dtype, double value, std::vector<int64_t> extents);

/// NumPy's matmul, operands of rank >= 2 whose leading axes broadcast.
OpPtr matmul();
/// Two operands, explicit output, no ellipsis, no index twice in one operand.
OpPtr einsum(const std::string& equation);

/// Where a window may reach over the edge.
enum class Padding { kValid, kSame, kCausal };
struct Window {
  std::vector<int64_t> size;
  std::vector<int64_t> strides;
  std::vector<int64_t> dilations;
  Padding padding = Padding::kValid;
};
/// x [n, c, spatial…], kernel [out, c / groups, window…]: a cross-correlation.
OpPtr convolution(Window window, int64_t groups);
/// x [n, c, spatial…], kernel [c, out, window…]; Keras's extents for "valid" and "same".
/// `output_padding`: empty for Keras's default.
OpPtr transposed_convolution(Window window, std::vector<int64_t> output_padding);
/// x [n, c, spatial…]; averages count real cells only.
OpPtr pooling(bool average, Window window);

/// x · mask / (1 - rate), the mask drawn anew at each training step from `noise_shape` (-1: that of
/// x). The identity at inference. Source: keras.layers.Dropout.
OpPtr dropout(double rate, std::vector<int64_t> noise_shape, uint64_t seed);
/// x + N(0, stddev) when `additive`, x · N(1, stddev) otherwise; the identity at inference.
OpPtr gaussian_noise(bool additive, double stddev, uint64_t seed);

/// Runs `body` along axis 1 of the sequences. Inputs: states [n, …], sequences [n, t, …], captured
/// values, in this order; the body takes them in the same order, sequences one step each and gives
/// the new states, then what is stacked along axis 1. `reverse` goes from the last step to the
/// first, and stacks in the order of its steps.
/// Outputs: last states, stacked outputs.
OpPtr scan(std::shared_ptr<const Graph> body, size_t states, size_t sequences, bool reverse);

/// Adds `from` to `to`, which takes its shape when it is empty.
void accumulate(Array& to, const Array& from);

/// Sums `grad` over the axes along which `shape` was broadcast.
Array unbroadcast(const Array& grad, const Shape& shape);

/// The shape of a broadcast. Errors: kInvalidArgument.
Result<Shape> broadcast(const Shape& a, const Shape& b);

/// Errors: kResourceLimit for more elements than a value may have.
Status check_size(const Shape& shape);

/// An axis counted from the front. Errors: kInvalidArgument when it is out of range.
Result<int64_t> normal_axis(int64_t axis, size_t rank);

}  // namespace thunderline::cerebros::graph
