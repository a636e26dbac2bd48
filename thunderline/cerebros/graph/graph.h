#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/graph/op.h"

namespace thunderline::cerebros::graph {

/// A computation as a list of operators, each using only what stands before it. Immutable once
/// built; inference, training and the ONNX export are all made from it.
struct Graph {
  struct Value {
    ValueType type;
    std::string name;  ///< Of inputs and outputs.
  };
  struct Node {
    OpPtr op;
    std::vector<size_t> inputs;
    std::vector<size_t> outputs;
    std::string scope;  ///< The layer that it comes from.
  };

  std::string name;
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<size_t> inputs;
  std::vector<size_t> outputs;
  std::vector<std::string> output_names;
  std::vector<std::optional<size_t>> output_masks;      ///< By output: the mask that Keras gives it.
  std::map<size_t, Array> constants;                    ///< By value.
  std::map<size_t, size_t> parameters;                  ///< Value → number of the parameter.
  std::vector<std::pair<size_t, size_t>> updates;       ///< Parameter ← value, after a step.
  std::vector<size_t> losses;                           ///< Scalars that training adds to its loss.
};

/// What a run computed: every value, by number.
struct Trace {
  Arrays values;
  RunContext context;
};

/// Runs a graph. `parameters` by number. Errors: those of the operators; kInvalidArgument for inputs
/// of other shapes than the graph's; kResourceLimit.
Result<Trace> run(const Graph& graph, const ArrayRefs& inputs, const ArrayRefs& parameters,
                  const RunContext& context);

/// Gradients of every value, by number, given those of some (`seeds`); an empty array: none.
Arrays backpropagate(const Graph& graph, const Trace& trace,
                     const std::map<size_t, Array>& seeds);

/// A value of a graph that is being built.
struct Ref {
  size_t id = 0;
};

/// Builds a graph. The first error sticks: what follows does nothing, and `finish` returns it.
class GraphBuilder {
 public:
  explicit GraphBuilder(std::string name);
  /// Goes on where `graph` ends; its numbers of values stay what they are.
  explicit GraphBuilder(Graph graph);

  Ref input(const std::string& name, ValueType type);
  Ref constant(DType dtype, Array array);
  Ref number(double value, DType dtype = DType::kFloat32);
  Ref parameter(size_t number, Shape shape);
  Ref add(OpPtr op, const std::vector<Ref>& inputs, size_t output = 0);
  std::vector<Ref> add_many(OpPtr op, const std::vector<Ref>& inputs);
  void output(Ref value, const std::string& name);
  /// After a training step, the parameter becomes `value`.
  void update_parameter(Ref parameter, Ref value);
  /// What a parameter is to become as of now; the parameter itself where nothing updates it.
  Ref latest(Ref parameter) const;
  void loss(Ref value) { graph_.losses.push_back(value.id); }

  /// What a layer adds, and where an error happened.
  void set_scope(std::string scope) { scope_ = std::move(scope); }
  void fail_with(Error error);
  bool failed() const { return error_.has_value(); }

  const ValueType& type(Ref value) const { return graph_.values[value.id].type; }
  const Shape& shape(Ref value) const { return type(value).shape; }
  size_t rank(Ref value) const { return shape(value).size(); }
  /// The extent of an axis, counted from the end when negative; 1 for an axis that is not there.
  int64_t extent(Ref value, int64_t axis) const;

  // Shorthands.
  Ref f(Unary function, Ref x) { return add(unary(function), {x}); }
  Ref f(Binary function, Ref a, Ref b) { return add(binary(function), {a, b}); }
  Ref f(Binary function, Ref a, double b) { return f(function, a, number(b, type(a).dtype)); }
  Ref to(DType dtype, Ref x) { return type(x).dtype == dtype ? x : add(cast(dtype), {x}); }
  Ref either(Ref condition, Ref a, Ref b) { return add(where(), {condition, a, b}); }
  Ref shaped(Ref x, std::vector<int64_t> target) { return add(reshape(std::move(target)), {x}); }
  /// With one more axis of extent 1.
  Ref expand(Ref x, int64_t axis);
  /// Without an axis of extent 1.
  Ref squeeze(Ref x, int64_t axis);
  Ref total(Reduction kind, Ref x, std::vector<int64_t> axes, bool keepdims) {
    return add(reduce(kind, std::move(axes), keepdims), {x});
  }
  /// The axes in another order; moves `from` to `to`.
  Ref moved(Ref x, int64_t from, int64_t to);

  Result<Graph> finish();

 private:
  size_t new_value(ValueType type, std::string name = "");

  Graph graph_;
  std::string scope_;
  std::optional<Error> error_;
  std::map<std::pair<double, DType>, size_t> numbers_;
  std::map<size_t, size_t> parameters_;
};

}  // namespace thunderline::cerebros::graph
