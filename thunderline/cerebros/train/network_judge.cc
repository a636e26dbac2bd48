#include "thunderline/cerebros/train/network_judge.h"

#include <algorithm>

namespace thunderline::cerebros::train {
namespace {

/// As a float32 model gives it: thresholds and ties fall where they fall in Keras.
graph::Array rounded(const graph::Array& array) {
  graph::Array result = array;
  for (double& value : result.data) value = static_cast<float>(value);
  return result;
}

}  // namespace

void NetworkJudge::add_entry(const std::string& name, Entry entry) {
  entry.name = name;
  for (int number = 1; named(entry.name); ++number)
    entry.name = name + "_" + std::to_string(number);
  entries_.push_back(std::move(entry));
}

bool NetworkJudge::named(const std::string& name) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.name == name; });
}

Result<NetworkJudge> NetworkJudge::create(const NetworkCompile& compile, const graph::Graph& graph,
                                          const std::vector<TargetType>& targets) {
  NetworkJudge judge;
  const bool several = compile.outputs.size() > 1;
  for (const bool weighted : {false, true}) {
    for (size_t i = 0; i < compile.outputs.size(); ++i) {
      const NetworkCompile::Output& output = compile.outputs[i];
      const graph::Shape& prediction = graph.values[graph.outputs[i]].type.shape;
      for (const std::string& config : weighted ? output.weighted_metrics : output.metrics) {
        if (targets[i].shape.empty()) {
          return fail(ErrorCode::kBadData, "the output " + output.name + " has metrics and no loss",
                      "compile_config: metrics");
        }
        TL_ASSIGN_OR_RETURN(auto metric,
                            NetworkMetric::create(config, targets[i].shape, prediction));
        const std::string front = several ? output.name + "_" : "";
        std::string name = front + metric->name();
        if (weighted && judge.named(name)) name = front + "weighted_" + metric->name();
        judge.add_entry(name, {"", i, weighted, std::move(metric)});
      }
    }
  }
  std::vector<Mean> means;
  for (const NetworkCompile::Output& output : compile.outputs) {
    if (output.loss) means.push_back({output.name + "_loss"});
  }
  if (means.size() > 1) judge.losses_ = std::move(means);
  return judge;
}

void NetworkJudge::reset() {
  for (Entry& entry : entries_) entry.metric->reset();
  for (Mean& mean : losses_) mean.sum = 0;
  sum_ = rows_ = batches_ = 0;
}

Status NetworkJudge::add(const StepPlan& plan, const LossGraph& losses, const NetworkData& batch) {
  const double rows = static_cast<double>(batch.rows());
  sum_ += rows * plan.value(losses.total).data[0];
  rows_ += rows;
  batches_ += 1;
  for (size_t i = 0; i < losses_.size(); ++i) {
    losses_[i].sum += plan.value(losses.losses[i]).data[0];
  }
  for (Entry& entry : entries_) {
    const graph::Array* weights = entry.weighted && !batch.sample_weights.empty()
                                      ? &batch.sample_weights[entry.output]
                                      : nullptr;
    TL_RETURN_IF_ERROR(entry.metric->add(batch.targets[entry.output],
                                         rounded(plan.value(losses.predictions[entry.output])),
                                         weights));
  }
  return {};
}

void NetworkJudge::write(const std::string& prefix, EpochValues& values) const {
  values[prefix + "loss"] = rows_ == 0 ? 0.0 : sum_ / rows_;
  for (const Mean& mean : losses_) {
    values[prefix + mean.name] = batches_ == 0 ? 0.0 : mean.sum / batches_;
  }
  for (const Entry& entry : entries_) values[prefix + entry.name] = entry.metric->result();
}

std::optional<bool> NetworkJudge::rises(const std::string& name) const {
  const std::string base = name.starts_with("val_") ? name.substr(4) : name;
  for (const Mean& mean : losses_) {
    if (mean.name == base) return false;
  }
  for (const Entry& entry : entries_) {
    if (entry.name == base) return entry.metric->rises();
  }
  return std::nullopt;
}

}  // namespace thunderline::cerebros::train
