#include "thunderline/cerebros/train/network_plan.h"

#include <algorithm>
#include <cmath>

#include "thunderline/cerebros/train/weight_rules.h"

namespace thunderline::cerebros::train {
namespace {

using graph::Array;
using graph::Binary;
using graph::GraphBuilder;
using graph::Ref;

constexpr size_t kNowhere = static_cast<size_t>(-1);

/// What the last sigmoid or softmax of an output was made of: Keras's `_keras_logits`.
std::optional<Ref> logits_of(const graph::Graph& graph, size_t output) {
  for (const graph::Graph::Node& node : graph.nodes) {
    const std::string name = node.op->name();
    if (node.outputs == std::vector<size_t>{output} && (name == "Sigmoid" || name == "Softmax")) {
      return Ref{node.inputs[0]};
    }
  }
  return std::nullopt;
}

Status add_penalties(GraphBuilder& g, const keras::Network& network, std::vector<Ref>& terms) {
  for (size_t i = 0; i < network.variables.size(); ++i) {
    const keras::Variable& variable = network.variables[i];
    if (!variable.trainable || variable.regularizer.empty()) continue;
    const Ref weights = g.parameter(i, variable.value.shape);
    auto penalty = weight_penalty(g, variable.regularizer, weights);
    if (!penalty) {
      Error error = penalty.error();
      error.where = variable.name;
      return tl::unexpected<Error>(std::move(error));
    }
    terms.push_back(*penalty);
  }
  return {};
}

bool finite(const Array& array) {
  return std::all_of(array.data.begin(), array.data.end(),
                     [](double x) { return std::isfinite(x); });
}

bool missing(const Array& array) { return array.shape.empty() && array.data.empty(); }

}  // namespace

Result<LossGraph> add_losses(const graph::Graph& graph, const keras::Network& network,
                             const NetworkCompile& compile,
                             const std::vector<TargetType>& targets) {
  LossGraph result;
  result.predictions = graph.outputs;
  GraphBuilder g(graph);
  g.set_scope("loss");
  std::vector<Ref> target_refs, weight_refs, terms;
  for (size_t i = 0; i < compile.outputs.size(); ++i) {
    if (!compile.outputs[i].loss) continue;
    target_refs.push_back(
        g.input(compile.outputs[i].name + " (target)", {graph::DType::kFloat32, targets[i].shape}));
  }
  for (size_t i = 0; i < compile.outputs.size(); ++i) {
    if (!compile.outputs[i].loss || !targets[i].weights) continue;
    weight_refs.push_back(g.input(compile.outputs[i].name + " (weights)",
                                  {graph::DType::kFloat32, *targets[i].weights}));
  }
  size_t number = 0;
  for (size_t i = 0; i < compile.outputs.size(); ++i) {
    const NetworkCompile::Output& output = compile.outputs[i];
    if (!output.loss) continue;
    g.set_scope("loss of " + output.name);
    const Ref prediction{graph.outputs[i]};
    const LossValues values = loss_values(g, *output.loss, target_refs[number], prediction,
                                          logits_of(graph, prediction.id));
    std::optional<Ref> weight, mask;
    if (number < weight_refs.size()) weight = weight_refs[number];
    if (i < graph.output_masks.size() && graph.output_masks[i]) mask = Ref{*graph.output_masks[i]};
    Ref loss = reduce_loss(g, values, weight, mask, output.loss->reduction);
    result.losses.push_back(loss.id);
    if (output.loss_weight) loss = g.f(Binary::kMultiply, loss, *output.loss_weight);
    terms.push_back(loss);
    ++number;
  }
  for (const size_t loss : graph.losses) terms.push_back({loss});
  TL_RETURN_IF_ERROR(add_penalties(g, network, terms));
  Ref total = terms[0];
  for (size_t i = 1; i < terms.size(); ++i) total = g.f(Binary::kAdd, total, terms[i]);
  result.total = total.id;
  TL_ASSIGN_OR_RETURN(result.graph, g.finish());
  return result;
}

StepPlan::StepPlan(graph::Graph graph, const std::vector<size_t>& roots,
                   const std::vector<bool>& trainable)
    : graph_(std::move(graph)),
      differentiated_(graph_.values.size()),
      places_(trainable.size(), kNowhere),
      values_(graph_.values.size()),
      gradients_(graph_.values.size()),
      table_(graph_.values.size()),
      squares_(graph_.values.size()),
      magnitudes_(graph_.values.size()) {
  std::vector<bool> wanted(graph_.values.size());
  for (const size_t root : roots) wanted[root] = true;
  for (const auto& [number, value] : graph_.updates) wanted[value] = true;
  for (size_t n = graph_.nodes.size(); n-- > 0;) {
    const graph::Graph::Node& node = graph_.nodes[n];
    if (std::none_of(node.outputs.begin(), node.outputs.end(),
                     [&](size_t id) { return wanted[id]; })) {
      continue;
    }
    for (const size_t id : node.inputs) wanted[id] = true;
    order_.push_back(n);
  }
  std::reverse(order_.begin(), order_.end());
  for (const auto& [value, number] : graph_.parameters) {
    places_[number] = value;
    differentiated_[value] = table_[value] = trainable[number];
  }
  for (const size_t n : order_) {
    const graph::Graph::Node& node = graph_.nodes[n];
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      if (k != 0 || node.op->name() != "Gather") table_[node.inputs[k]] = false;
    }
  }
  for (const size_t n : order_) {
    const graph::Graph::Node& node = graph_.nodes[n];
    const bool needed = std::any_of(node.inputs.begin(), node.inputs.end(),
                                    [&](size_t id) { return differentiated_[id]; });
    for (const size_t id : node.outputs) differentiated_[id] = needed;
  }
  for (const auto& [value, array] : graph_.constants) values_[value] = array;
}

void StepPlan::set_parameter(size_t number, const keras::Tensor& tensor) {
  if (places_[number] == kNowhere) return;
  Array& value = values_[places_[number]];
  value.shape = tensor.shape;
  value.data.assign(tensor.data.begin(), tensor.data.end());
}

Status StepPlan::forward(const graph::ArrayRefs& inputs, const graph::RunContext& context) {
  context_ = context;
  for (size_t i = 0; i < inputs.size(); ++i) values_[graph_.inputs[i]] = *inputs[i];
  graph::ArrayRefs operands;
  std::vector<graph::ValueType> types;
  for (const size_t n : order_) {
    const graph::Graph::Node& node = graph_.nodes[n];
    operands.clear();
    types.clear();
    for (const size_t id : node.inputs) {
      operands.push_back(&values_[id]);
      types.push_back({graph_.values[id].type.dtype, values_[id].shape});
    }
    const auto failed = [&](Error error) {
      if (error.where.empty()) error.where = node.scope;
      return tl::unexpected<Error>(std::move(error));
    };
    const auto outputs = node.op->infer(types);
    if (!outputs) return failed(outputs.error());
    for (const graph::ValueType& type : *outputs) TL_RETURN_IF_ERROR(graph::check_size(type.shape));
    auto results = node.op->forward(operands, *outputs, context);
    if (!results) return failed(results.error());
    for (size_t k = 0; k < node.outputs.size(); ++k) {
      values_[node.outputs[k]] = std::move((*results)[k]);
    }
  }
  return {};
}

void StepPlan::backward(size_t scalar) {
  for (graph::Arrays* arrays : {&gradients_, &squares_, &magnitudes_}) {
    for (Array& array : *arrays) array = {};
  }
  gradients_[scalar] = {values_[scalar].shape,
                        std::vector<double>(values_[scalar].data.size(), 1.0)};
  for (size_t at = order_.size(); at-- > 0;) {
    const graph::Graph::Node& node = graph_.nodes[order_[at]];
    if (!differentiated_[node.outputs[0]] ||
        std::all_of(node.outputs.begin(), node.outputs.end(),
                    [&](size_t id) { return missing(gradients_[id]); })) {
      continue;
    }
    graph::ArrayRefs operands;
    graph::Arrays outputs, given;
    for (const size_t id : node.inputs) operands.push_back(&values_[id]);
    for (const size_t id : node.outputs) {
      given.push_back(missing(gradients_[id]) ? graph::zeros(values_[id].shape)
                                              : std::move(gradients_[id]));
      outputs.push_back(std::move(values_[id]));
    }
    if (table_[node.inputs[0]]) add_look_ups(node.inputs[0], *operands[1], given[0]);
    graph::Arrays taken = node.op->backward(operands, outputs, given, context_);
    for (size_t k = 0; k < node.outputs.size(); ++k)
      values_[node.outputs[k]] = std::move(outputs[k]);
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      const size_t id = node.inputs[k];
      if (!differentiated_[id]) continue;
      if (missing(gradients_[id])) {
        gradients_[id] = std::move(taken[k]);
      } else {
        graph::accumulate(gradients_[id], taken[k]);
      }
    }
  }
}

void StepPlan::add_look_ups(size_t table, const Array& ids, const Array& gradient) {
  Array& squares = squares_[table];
  Array& magnitudes = magnitudes_[table];
  if (missing(squares)) squares = magnitudes = graph::zeros(values_[table].shape);
  const size_t width = squares.data.size() / static_cast<size_t>(squares.shape[0]);
  for (size_t i = 0; i < gradient.data.size(); ++i) {
    const size_t at = static_cast<size_t>(ids.data[i / width]) * width + i % width;
    squares.data[at] += gradient.data[i] * gradient.data[i];
    magnitudes.data[at] += std::abs(gradient.data[i]);
  }
}

const graph::Array& StepPlan::squares(size_t number) const {
  return places_[number] == kNowhere ? none_ : squares_[places_[number]];
}

const graph::Array& StepPlan::magnitudes(size_t number) const {
  return places_[number] == kNowhere ? none_ : magnitudes_[places_[number]];
}

const graph::Array& StepPlan::gradient(size_t number) const {
  return places_[number] == kNowhere ? none_ : gradients_[places_[number]];
}

std::string StepPlan::first_not_finite() const {
  for (const size_t id : graph_.inputs) {
    if (!finite(values_[id])) return "the input " + graph_.values[id].name;
  }
  for (const size_t n : order_) {
    const graph::Graph::Node& node = graph_.nodes[n];
    for (const size_t id : node.outputs) {
      if (!finite(values_[id])) return node.scope + ": " + node.op->name();
    }
  }
  return "";
}

}  // namespace thunderline::cerebros::train
