#include "thunderline/cerebros/train/network_runner.h"

#include <algorithm>
#include <numeric>

#include "thunderline/cerebros/train/kernels/flush_to_zero.h"

namespace thunderline::cerebros::train {
namespace {

std::vector<bool> trainable_flags(const keras::Network& network) {
  std::vector<bool> flags;
  for (const keras::Variable& variable : network.variables) flags.push_back(variable.trainable);
  return flags;
}

std::vector<size_t> roots_of(const LossGraph& losses) {
  std::vector<size_t> roots = losses.predictions;
  roots.push_back(losses.total);
  return roots;
}

}  // namespace

graph::ArrayRefs inputs_of(const NetworkData& batch, const NetworkCompile& compile) {
  graph::ArrayRefs refs;
  for (const graph::Array& input : batch.inputs) refs.push_back(&input);
  for (size_t i = 0; i < compile.outputs.size(); ++i) {
    if (compile.outputs[i].loss) refs.push_back(&batch.targets[i]);
  }
  for (size_t i = 0; i < batch.sample_weights.size(); ++i) {
    if (compile.outputs[i].loss) refs.push_back(&batch.sample_weights[i]);
  }
  return refs;
}

Result<NetworkRunner> NetworkRunner::create(const graph::Graph& graph,
                                            const keras::Network& network,
                                            const NetworkCompile& compile,
                                            const NetworkData& data) {
  const std::vector<TargetType> types = target_types(data);
  TL_ASSIGN_OR_RETURN(LossGraph losses, add_losses(graph, network, compile, types));
  TL_ASSIGN_OR_RETURN(NetworkJudge judge, NetworkJudge::create(compile, graph, types));
  StepPlan plan(losses.graph, roots_of(losses), trainable_flags(network));
  return NetworkRunner{std::move(losses), std::move(plan), std::move(judge)};
}

void NetworkRunner::set_parameters(const keras::Network& network) {
  for (size_t i = 0; i < network.variables.size(); ++i) {
    plan.set_parameter(i, network.variables[i].value);
  }
}

Status NetworkRunner::run_over(const NetworkData& data, const NetworkCompile& compile,
                               int64_t batch_size) {
  judge.reset();
  NetworkData batch;
  std::vector<int64_t> rows;
  for (int64_t first = 0; first < data.rows(); first += batch_size) {
    rows.resize(static_cast<size_t>(std::min(batch_size, data.rows() - first)));
    std::iota(rows.begin(), rows.end(), first);
    take_rows(data, rows, batch);
    TL_RETURN_IF_ERROR(plan.forward(inputs_of(batch, compile), {}));
    TL_RETURN_IF_ERROR(judge.add(plan, losses, batch));
  }
  return {};
}

const graph::Graph& evaluation_graph(const keras::Network& network) {
  return network.evaluation ? *network.evaluation : *network.inference;
}

Status check_training_graph(const keras::Network& network) {
  if (network.training) return {};
  Error error =
      network.untrainable.value_or(Error{ErrorCode::kBadData, "no training form", "", ""});
  error.message = "this model can be run but not trained: " + error.message;
  return tl::unexpected<Error>(std::move(error));
}

Result<NetworkOptimizer> make_optimizer(const keras::Network& network,
                                        const NetworkCompile& compile) {
  std::vector<graph::Shape> shapes;
  for (const keras::Variable& variable : network.variables) {
    if (variable.trainable) shapes.push_back(variable.value.shape);
  }
  TL_ASSIGN_OR_RETURN(NetworkOptimizer optimizer,
                      NetworkOptimizer::create(compile.optimizer, shapes));
  TL_RETURN_IF_ERROR(optimizer.load(network.extra, network.counters));
  return optimizer;
}

Status check_constraints(const keras::Network& network) {
  for (const keras::Variable& variable : network.variables) {
    const auto rule = WeightConstraint::parse(variable.constraint);
    if (rule) continue;
    Error error = rule.error();
    error.where = variable.name;
    return tl::unexpected<Error>(std::move(error));
  }
  return {};
}

Status check_trainable(const keras::Network& network) {
  TL_RETURN_IF_ERROR(check_training_graph(network));
  TL_ASSIGN_OR_RETURN(const NetworkCompile compile,
                      parse_network_compile(network.config, network.training->output_names));
  TL_RETURN_IF_ERROR(check_constraints(network));
  TL_ASSIGN_OR_RETURN(const NetworkOptimizer optimizer, make_optimizer(network, compile));
  return {};
}

Result<Evaluation> network_evaluate(const keras::Network& network, const NetworkData& given,
                                    int64_t batch_size) {
  const FlushToZero flush;
  if (batch_size <= 0) {
    return fail(ErrorCode::kInvalidArgument, "batch_size is not positive", "batch_size",
                "give 1 or more");
  }
  TL_ASSIGN_OR_RETURN(const NetworkCompile compile,
                      parse_network_compile(network.config, network.inference->output_names));
  TL_ASSIGN_OR_RETURN(const NetworkData data, conform(given, *network.inference, compile, "data"));
  TL_ASSIGN_OR_RETURN(NetworkRunner runner,
                      NetworkRunner::create(evaluation_graph(network), network, compile, data));
  runner.set_parameters(network);
  TL_RETURN_IF_ERROR(runner.run_over(data, compile, batch_size));
  Evaluation evaluation;
  runner.judge.write("", evaluation.metrics);
  evaluation.loss = evaluation.metrics.extract("loss").mapped();
  return evaluation;
}

}  // namespace thunderline::cerebros::train
