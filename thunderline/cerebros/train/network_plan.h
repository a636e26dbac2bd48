#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/graph/graph.h"
#include "thunderline/cerebros/keras/network.h"
#include "thunderline/cerebros/train/network_compile.h"

namespace thunderline::cerebros::train {

/// A model's graph with its losses on top. Inputs: the model's, then the target of each output that
/// has a loss, then, where weights are given, the weights of each.
struct LossGraph {
  graph::Graph graph;
  size_t total = 0;                 ///< The scalar that training makes smaller.
  std::vector<size_t> predictions;  ///< One an output.
  std::vector<size_t> losses;       ///< One an output with a loss; without its weight.
};

/// What the data give for an output: the targets' shape (axis 0 free), and the weights' rank.
struct TargetType {
  graph::Shape shape;
  std::optional<graph::Shape> weights;
};

/// Adds losses, loss weights and the penalties of trainable variables.
/// Errors: kBadData and kInvalidArgument that name the output, the loss or the variable.
Result<LossGraph> add_losses(const graph::Graph& graph, const keras::Network& network,
                             const NetworkCompile& compile, const std::vector<TargetType>& targets);

/// A graph compiled for many runs: what is not needed for `roots` is left out, what needs no
/// gradient is not differentiated, and constants and parameters stay where they are between runs.
/// Thread-safety: one thread.
class StepPlan {
 public:
  StepPlan(graph::Graph graph, const std::vector<size_t>& roots,
           const std::vector<bool>& trainable);

  void set_parameter(size_t number, const keras::Tensor& value);

  /// Precondition: inputs as the graph's types say. Errors: those of the operators.
  Status forward(const graph::ArrayRefs& inputs, const graph::RunContext& context);

  /// Gradients of a scalar of the last run.
  void backward(size_t scalar);

  const graph::Array& value(size_t id) const { return values_[id]; }
  /// Empty where the scalar does not depend on the parameter.
  const graph::Array& gradient(size_t number) const;

  /// For a parameter of which only rows are looked up: Σ over the look-ups of the squares (or
  /// magnitudes) of their gradients; empty for others.
  const graph::Array& squares(size_t number) const;
  const graph::Array& magnitudes(size_t number) const;

  const graph::Graph& graph() const { return graph_; }

  /// The first value of the last run, in the order of computation, that holds a number that is not
  /// finite: "dense_1: MatMul"; empty when all are finite.
  std::string first_not_finite() const;

 private:
  void add_look_ups(size_t table, const graph::Array& ids, const graph::Array& gradient);

  graph::Graph graph_;
  std::vector<size_t> order_;         // The nodes that are run.
  std::vector<bool> differentiated_;  // By value.
  std::vector<size_t> places_;        // Value of each parameter.
  graph::Arrays values_;
  graph::Arrays gradients_;
  std::vector<bool> table_;  // By value: a parameter that only Gather takes.
  graph::Arrays squares_;
  graph::Arrays magnitudes_;
  graph::Array none_;
  graph::RunContext context_;
};

}  // namespace thunderline::cerebros::train
