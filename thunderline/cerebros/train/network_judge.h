#pragma once

#include <memory>
#include <vector>

#include "thunderline/cerebros/train/network_data.h"
#include "thunderline/cerebros/train/network_metric.h"

namespace thunderline::cerebros::train {

/// Loss, losses by output and metrics of an epoch, batch by batch, under Keras's names.
/// Thread-safety: one thread. Source: keras CompileMetrics and CompileLoss, 3.15.1.
class NetworkJudge {
 public:
  /// Errors: those of NetworkMetric::create.
  static Result<NetworkJudge> create(const NetworkCompile& compile, const graph::Graph& graph,
                                     const std::vector<TargetType>& targets);

  void reset();

  /// Takes in the plan's last run, on `batch`.
  Status add(const StepPlan& plan, const LossGraph& losses, const NetworkData& batch);

  /// Adds name → value to `values`, each name with `prefix`.
  void write(const std::string& prefix, EpochValues& values) const;

  /// Whether more of the value of that name is better; nothing for names that are not known.
  std::optional<bool> rises(const std::string& name) const;

 private:
  struct Entry {
    std::string name;
    size_t output = 0;
    bool weighted = false;
    std::unique_ptr<NetworkMetric> metric;
  };
  struct Mean {
    std::string name;
    double sum = 0;
  };

  bool named(const std::string& name) const;
  void add_entry(const std::string& name, Entry entry);

  std::vector<Entry> entries_;
  // By output, where there are several. Unlike the loss, these are means over batches whatever
  // their size: Keras does not know a batch's rows where it keeps them.
  std::vector<Mean> losses_;
  double sum_ = 0;
  double rows_ = 0;
  double batches_ = 0;
};

}  // namespace thunderline::cerebros::train
