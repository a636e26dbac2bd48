#pragma once

#include "thunderline/cerebros/train/network_data.h"
#include "thunderline/cerebros/train/network_judge.h"
#include "thunderline/cerebros/train/network_optimizer.h"
#include "thunderline/cerebros/train/network_plan.h"

namespace thunderline::cerebros::train {

/// A graph with its losses, made ready to run, and what keeps an epoch's sums.
/// Thread-safety: one thread.
struct NetworkRunner {
  LossGraph losses;
  StepPlan plan;
  NetworkJudge judge;

  /// Errors: those of `add_losses` and of the metrics.
  static Result<NetworkRunner> create(const graph::Graph& graph, const keras::Network& network,
                                      const NetworkCompile& compile, const NetworkData& data);

  void set_parameters(const keras::Network& network);

  /// Loss and metrics over all rows of `data`, in order.
  Status run_over(const NetworkData& data, const NetworkCompile& compile, int64_t batch_size);
};

/// A batch as the plan of a graph with losses takes it. Lifetime: the batch's.
graph::ArrayRefs inputs_of(const NetworkData& batch, const NetworkCompile& compile);

/// What a network is judged by: inference, and what its layers add to the loss.
const graph::Graph& evaluation_graph(const keras::Network& network);

/// Errors: kBadData that names the layer for which there is no training form.
Status check_training_graph(const keras::Network& network);

/// The compiled optimizer with the state that the network carries. Errors: kBadData.
Result<NetworkOptimizer> make_optimizer(const keras::Network& network,
                                        const NetworkCompile& compile);

/// Errors: kBadData that names the variable whose constraint is not known.
Status check_constraints(const keras::Network& network);

}  // namespace thunderline::cerebros::train
