#include "thunderline/cerebros/graph/graph.h"

#include <algorithm>
#include <utility>

namespace thunderline::cerebros::graph {
namespace {

/// Errors of operators know shapes only; the layer is added here.
Error placed(Error error, const std::string& scope) {
  if (error.where.empty()) error.where = scope;
  return error;
}

Status check_inputs(const Graph& graph, const ArrayRefs& inputs) {
  if (inputs.size() != graph.inputs.size()) {
    return fail(ErrorCode::kInvalidArgument, "expected " + std::to_string(graph.inputs.size()) +
                                                 " inputs, got " + std::to_string(inputs.size()));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Graph::Value& value = graph.values[graph.inputs[i]];
    const Shape& want = value.type.shape;
    const Shape& got = inputs[i]->shape;
    bool fits = want.size() == got.size();
    for (size_t k = 0; fits && k < want.size(); ++k) fits = want[k] < 0 || want[k] == got[k];
    if (!fits || static_cast<int64_t>(inputs[i]->data.size()) != element_count(got)) {
      return fail(ErrorCode::kInvalidArgument,
                  "expected shape " + shape_text(want) + ", got " + shape_text(got), value.name);
    }
  }
  return {};
}

}  // namespace

Result<Trace> run(const Graph& graph, const ArrayRefs& inputs, const ArrayRefs& parameters,
                  const RunContext& context) {
  TL_RETURN_IF_ERROR(check_inputs(graph, inputs));
  Trace trace{Arrays(graph.values.size()), context};
  Arrays& values = trace.values;
  for (size_t i = 0; i < inputs.size(); ++i) values[graph.inputs[i]] = *inputs[i];
  for (const auto& [value, array] : graph.constants) values[value] = array;
  for (const auto& [value, number] : graph.parameters) values[value] = *parameters[number];
  for (const Graph::Node& node : graph.nodes) {
    ArrayRefs operands;
    std::vector<ValueType> types;
    for (const size_t id : node.inputs) {
      operands.push_back(&values[id]);
      types.push_back({graph.values[id].type.dtype, values[id].shape});
    }
    auto outputs = node.op->infer(types);
    if (!outputs) return tl::unexpected<Error>(placed(outputs.error(), node.scope));
    for (const ValueType& type : *outputs) TL_RETURN_IF_ERROR(check_size(type.shape));
    auto results = node.op->forward(operands, *outputs, context);
    if (!results) return tl::unexpected<Error>(placed(results.error(), node.scope));
    for (size_t k = 0; k < node.outputs.size(); ++k) {
      values[node.outputs[k]] = std::move((*results)[k]);
    }
  }
  return trace;
}

Arrays backpropagate(const Graph& graph, const Trace& trace,
                     const std::map<size_t, Array>& seeds) {
  Arrays grads(graph.values.size());
  const auto missing = [](const Array& array) {
    return array.shape.empty() && array.data.empty();
  };
  for (const auto& [value, grad] : seeds) accumulate(grads[value], grad);
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    const Graph::Node& node = graph.nodes[n];
    if (std::all_of(node.outputs.begin(), node.outputs.end(),
                    [&](size_t id) { return missing(grads[id]); })) {
      continue;
    }
    ArrayRefs operands;
    Arrays outputs, given;
    for (const size_t id : node.inputs) operands.push_back(&trace.values[id]);
    for (const size_t id : node.outputs) {
      outputs.push_back(trace.values[id]);
      given.push_back(missing(grads[id]) ? zeros(trace.values[id].shape) : grads[id]);
    }
    const Arrays taken = node.op->backward(operands, outputs, given, trace.context);
    for (size_t k = 0; k < node.inputs.size(); ++k) accumulate(grads[node.inputs[k]], taken[k]);
  }
  return grads;
}

GraphBuilder::GraphBuilder(std::string name) {
  graph_.name = std::move(name);
  new_value({DType::kFloat32, {}});  // Stands for what could not be made.
  graph_.constants[0] = zeros({});
}

GraphBuilder::GraphBuilder(Graph graph) : graph_(std::move(graph)) {
  for (const auto& [value, number] : graph_.parameters) parameters_[number] = value;
}

size_t GraphBuilder::new_value(ValueType type, std::string name) {
  graph_.values.push_back({std::move(type), std::move(name)});
  return graph_.values.size() - 1;
}

Ref GraphBuilder::input(const std::string& name, ValueType type) {
  const size_t id = new_value(std::move(type), name);
  graph_.inputs.push_back(id);
  return {id};
}

Ref GraphBuilder::constant(DType dtype, Array array) {
  const size_t id = new_value({dtype, array.shape});
  graph_.constants[id] = std::move(array);
  return {id};
}

Ref GraphBuilder::number(double value, DType dtype) {
  const auto key = std::pair{value, dtype};
  const auto known = numbers_.find(key);
  if (known != numbers_.end()) return {known->second};
  const Ref ref = constant(dtype, {{}, {value}});
  numbers_[key] = ref.id;
  return ref;
}

Ref GraphBuilder::parameter(size_t number, Shape shape) {
  const auto known = parameters_.find(number);
  if (known != parameters_.end()) return {known->second};
  const size_t id = new_value({DType::kFloat32, std::move(shape)});
  graph_.parameters[id] = number;
  parameters_[number] = id;
  return {id};
}

void GraphBuilder::update_parameter(Ref parameter, Ref value) {
  const auto known = graph_.parameters.find(parameter.id);
  if (known != graph_.parameters.end()) graph_.updates.push_back({known->second, value.id});
}

Ref GraphBuilder::latest(Ref parameter) const {
  const auto known = graph_.parameters.find(parameter.id);
  if (known == graph_.parameters.end()) return parameter;
  for (size_t i = graph_.updates.size(); i-- > 0;) {
    if (graph_.updates[i].first == known->second) return {graph_.updates[i].second};
  }
  return parameter;
}

std::vector<Ref> GraphBuilder::add_many(OpPtr op, const std::vector<Ref>& inputs) {
  if (failed()) return {};
  std::vector<ValueType> types;
  Graph::Node node{std::move(op), {}, {}, scope_};
  for (const Ref input : inputs) {
    types.push_back(type(input));
    node.inputs.push_back(input.id);
  }
  auto outputs = node.op->infer(types);
  if (!outputs) {
    fail_with(outputs.error());
    return {};
  }
  std::vector<Ref> refs;
  for (ValueType& output : *outputs) {
    if (const Status fits = check_size(output.shape); !fits) {
      fail_with(fits.error());
      return {};
    }
    node.outputs.push_back(new_value(std::move(output)));
    refs.push_back({node.outputs.back()});
  }
  graph_.nodes.push_back(std::move(node));
  return refs;
}

Ref GraphBuilder::add(OpPtr op, const std::vector<Ref>& inputs, size_t output) {
  const std::vector<Ref> refs = add_many(std::move(op), inputs);
  return output < refs.size() ? refs[output] : Ref{};
}

void GraphBuilder::output(Ref value, const std::string& name) {
  graph_.outputs.push_back(value.id);
  graph_.output_names.push_back(name);
}

void GraphBuilder::fail_with(Error error) {
  if (!error_) error_ = placed(std::move(error), scope_);
}

int64_t GraphBuilder::extent(Ref value, int64_t axis) const {
  const Shape& of = shape(value);
  const int64_t at = axis < 0 ? axis + static_cast<int64_t>(of.size()) : axis;
  return at >= 0 && at < static_cast<int64_t>(of.size()) ? of[static_cast<size_t>(at)] : 1;
}

Ref GraphBuilder::expand(Ref x, int64_t axis) {
  std::vector<int64_t> target;
  const int64_t size = static_cast<int64_t>(rank(x));
  const int64_t at = axis < 0 ? axis + size + 1 : axis;
  for (int64_t i = 0; i <= size; ++i) {
    if (i == at) target.push_back(1);
    if (i == size) break;
    // Before the new axis, places agree and 0 keeps an extent; behind it, one free extent may be left.
    const int64_t here = shape(x)[static_cast<size_t>(i)];
    target.push_back(i < at ? 0 : here);
  }
  return shaped(x, std::move(target));
}

Ref GraphBuilder::squeeze(Ref x, int64_t axis) {
  std::vector<int64_t> target;
  const int64_t size = static_cast<int64_t>(rank(x));
  const int64_t at = axis < 0 ? axis + size : axis;
  for (int64_t i = 0; i < size; ++i) {
    if (i != at) target.push_back(i < at ? 0 : shape(x)[static_cast<size_t>(i)]);
  }
  return shaped(x, std::move(target));
}

Ref GraphBuilder::moved(Ref x, int64_t from, int64_t to) {
  std::vector<int64_t> axes;
  const int64_t size = static_cast<int64_t>(rank(x));
  from = from < 0 ? from + size : from;
  to = to < 0 ? to + size : to;
  if (from == to) return x;
  for (int64_t i = 0; i < size; ++i) {
    if (i != from) axes.push_back(i);
  }
  axes.insert(axes.begin() + std::clamp<int64_t>(to, 0, static_cast<int64_t>(axes.size())), from);
  return add(transpose(std::move(axes)), {x});
}

Result<Graph> GraphBuilder::finish() {
  if (error_) return tl::unexpected<Error>(*error_);
  return std::move(graph_);
}

}  // namespace thunderline::cerebros::graph
