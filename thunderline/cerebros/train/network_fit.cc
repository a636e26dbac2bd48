#include "thunderline/cerebros/train/network_fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "thunderline/base/random.h"
#include "thunderline/cerebros/train/kernels/flush_to_zero.h"
#include "thunderline/cerebros/train/network_runner.h"

namespace thunderline::cerebros::train {
namespace {

// Streams of the seed: shuffles have their epoch's number, masks come from this one.
constexpr uint64_t kNoiseStream = uint64_t{1} << 32;

Status invalid(const std::string& message, const char* field, const char* hint) {
  return fail(ErrorCode::kInvalidArgument, message, field, hint);
}

Status check_options(const FitOptions& options, const NetworkData& data) {
  if (options.epochs < 0) return invalid("epochs is negative", "epochs", "give 0 or more");
  if (options.batch_size <= 0) {
    return invalid("batch_size is not positive", "batch_size", "give 1 or more");
  }
  if (!(options.validation_split >= 0 && options.validation_split < 1)) {
    return invalid("validation_split is " + std::to_string(options.validation_split),
                   "validation_split", "give a fraction in [0, 1)");
  }
  if (options.validation_data) {
    return invalid("validation rows of a chain of Dense layers", "validation_data",
                   "give those of the network");
  }
  if (options.class_weight.empty()) return {};
  if (!data.sample_weights.empty()) {
    return invalid("class_weight and sample_weight exclude each other", "class_weight",
                   "give one of them");
  }
  if (data.targets.size() != 1) {
    return invalid("class_weight is for models of one output", "class_weight",
                   "give sample weights by output");
  }
  for (const auto& [label, weight] : options.class_weight) {
    if (!std::isfinite(weight)) {
      return invalid("the weight of class " + std::to_string(label) + " is not finite",
                     "class_weight", "give a finite number");
    }
  }
  return {};
}

/// One training, from compilation to result.
class NetworkTraining {
 public:
  static Result<NetworkTraining> create(const keras::Network& network, NetworkData data,
                                        const std::optional<NetworkData>& validation,
                                        const FitOptions& options);
  Result<NetworkFitResult> run();

 private:
  NetworkTraining(const keras::Network& network, NetworkCompile compile, const FitOptions& options,
                  NetworkRunner training, NetworkOptimizer optimizer)
      : options_(options),
        compile_(std::move(compile)),
        training_(std::move(training)),
        optimizer_(std::move(optimizer)) {
    result_.network = network;
  }

  Status make_callbacks();
  std::vector<NetworkOptimizer::Target> targets();
  Status train_epoch(int epoch, EpochValues& values);
  Status step(int epoch, int64_t number);
  void update();
  Status check_finite(double value, const char* what, int epoch, int64_t step);
  Result<bool> end_epoch(int epoch, EpochValues values);
  Result<NetworkFitResult> finish();

  const FitOptions& options_;
  NetworkCompile compile_;
  NetworkRunner training_;
  NetworkOptimizer optimizer_;
  std::optional<NetworkRunner> validation_;
  NetworkData rows_, validation_rows_, batch_;
  std::vector<WeightConstraint> constraints_;
  std::optional<EarlyStopper> stopper_;
  std::optional<PlateauWatch> plateau_;
  std::vector<int64_t> order_;
  std::vector<keras::Tensor> best_;
  NetworkFitResult result_;
};

Result<NetworkTraining> NetworkTraining::create(const keras::Network& network, NetworkData data,
                                                const std::optional<NetworkData>& validation,
                                                const FitOptions& options) {
  TL_RETURN_IF_ERROR(check_training_graph(network));
  TL_ASSIGN_OR_RETURN(NetworkCompile compile,
                      parse_network_compile(network.config, network.training->output_names));
  TL_RETURN_IF_ERROR(check_constraints(network));
  TL_RETURN_IF_ERROR(check_options(options, data));
  TL_ASSIGN_OR_RETURN(data, conform(std::move(data), *network.training, compile, "training data"));
  std::optional<NetworkData> held;
  if (validation) {
    TL_ASSIGN_OR_RETURN(held, conform(*validation, *network.training, compile, "validation data"));
  } else if (options.validation_split > 0) {
    const int64_t all = data.rows();
    const auto kept = static_cast<int64_t>(
        std::floor(static_cast<double>(all) * (1.0 - options.validation_split)));
    if (kept == 0 || kept == all) {
      return fail(
          ErrorCode::kInvalidArgument,
          "validation_split leaves one side of " + std::to_string(all) + " rows without any",
          "validation_split", "give more rows or another fraction");
    }
    held = row_range(data, kept, all - kept);
    data = row_range(data, 0, kept);
  }
  if (!options.class_weight.empty()) {
    data.sample_weights = {class_weights(options.class_weight, data.targets[0])};
  }
  TL_ASSIGN_OR_RETURN(NetworkOptimizer optimizer, make_optimizer(network, compile));
  TL_ASSIGN_OR_RETURN(NetworkRunner runner,
                      NetworkRunner::create(*network.training, network, compile, data));
  NetworkTraining training(network, std::move(compile), options, std::move(runner),
                           std::move(optimizer));
  if (held) {
    TL_ASSIGN_OR_RETURN(
        training.validation_,
        NetworkRunner::create(evaluation_graph(network), network, training.compile_, *held));
    training.validation_rows_ = *std::move(held);
  }
  for (const keras::Variable& variable : network.variables) {
    if (!variable.trainable) continue;
    TL_ASSIGN_OR_RETURN(const WeightConstraint rule, WeightConstraint::parse(variable.constraint));
    training.constraints_.push_back(rule);
  }
  training.rows_ = std::move(data);
  training.order_.resize(static_cast<size_t>(training.rows_.rows()));
  training.training_.set_parameters(network);
  TL_RETURN_IF_ERROR(training.make_callbacks());
  return training;
}

Status NetworkTraining::make_callbacks() {
  const auto mode = [&](MonitorMode asked, const std::string& monitor) {
    const auto rises = training_.judge.rises(monitor);
    if (asked != MonitorMode::kAuto || !rises) return asked;
    return *rises ? MonitorMode::kMax : MonitorMode::kMin;
  };
  if (options_.early_stopping) {
    EarlyStopping options = *options_.early_stopping;
    options.mode = mode(options.mode, options.monitor);
    TL_ASSIGN_OR_RETURN(stopper_, EarlyStopper::create(options));
  }
  if (!options_.reduce_lr) return {};
  if (optimizer_.scheduled()) {
    return invalid("the learning rate has a schedule, which nothing may reduce", "reduce_lr",
                   "compile the model with a number");
  }
  ReduceLrOnPlateau options = *options_.reduce_lr;
  options.mode = mode(options.mode, options.monitor);
  TL_ASSIGN_OR_RETURN(plateau_, PlateauWatch::create(options));
  return {};
}

std::vector<NetworkOptimizer::Target> NetworkTraining::targets() {
  std::vector<NetworkOptimizer::Target> targets;
  for (keras::Variable& variable : result_.network.variables) {
    if (variable.trainable) targets.push_back({&variable.value, constraints_[targets.size()]});
  }
  return targets;
}

Status NetworkTraining::check_finite(double value, const char* what, int epoch, int64_t step) {
  if (std::isfinite(value)) return {};
  std::string tensor;
  for (const keras::Variable& variable : result_.network.variables) {
    const bool sound = std::all_of(variable.value.data.begin(), variable.value.data.end(),
                                   [](float x) { return std::isfinite(x); });
    if (!sound && tensor.empty()) tensor = variable.name;
  }
  if (tensor.empty()) tensor = training_.plan.first_not_finite();
  return fail(ErrorCode::kBadData,
              std::string(what) + " is not finite at epoch " + std::to_string(epoch) + ", step " +
                  std::to_string(step) +
                  (tensor.empty() ? "" : "; the first tensor that is not is " + tensor),
              result_.network.name, "lower the learning rate or scale the data");
}

/// Gradients into variables, and what layers keep beside them (moving statistics).
void NetworkTraining::update() {
  std::vector<NetworkOptimizer::Gradient> gradients;
  keras::Network& network = result_.network;
  for (size_t i = 0; i < network.variables.size(); ++i) {
    if (!network.variables[i].trainable) continue;
    const StepPlan& plan = training_.plan;
    gradients.push_back({plan.gradient(i), plan.squares(i), plan.magnitudes(i)});
  }
  if (!gradients.empty()) optimizer_.step(std::move(gradients), targets());
  for (const auto& [number, value] : training_.plan.graph().updates) {
    const graph::Array& now = training_.plan.value(value);
    network.variables[number].value.data.assign(now.data.begin(), now.data.end());
  }
  training_.set_parameters(network);
}

Status NetworkTraining::step(int epoch, int64_t number) {
  const uint64_t seed = derive_seed(derive_seed(options_.seed, kNoiseStream),
                                    static_cast<uint64_t>(optimizer_.iterations()));
  TL_RETURN_IF_ERROR(training_.plan.forward(inputs_of(batch_, compile_), {true, seed}));
  TL_RETURN_IF_ERROR(check_finite(training_.plan.value(training_.losses.total).data[0], "the loss",
                                  epoch, number));
  TL_RETURN_IF_ERROR(training_.judge.add(training_.plan, training_.losses, batch_));
  training_.plan.backward(training_.losses.total);
  update();
  return {};
}

Status NetworkTraining::train_epoch(int epoch, EpochValues& values) {
  std::iota(order_.begin(), order_.end(), int64_t{0});
  if (options_.shuffle) {
    Random random(derive_seed(options_.seed, static_cast<uint64_t>(epoch)));
    for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random.below(i)]);
  }
  training_.judge.reset();
  const size_t size = static_cast<size_t>(options_.batch_size);
  int64_t number = 0;
  for (size_t first = 0; first < order_.size(); first += size, ++number) {
    take_rows(rows_, std::span(order_).subspan(first, std::min(size, order_.size() - first)),
              batch_);
    TL_RETURN_IF_ERROR(step(epoch, number));
  }
  for (const keras::Variable& variable : result_.network.variables) {
    for (const float value : variable.value.data) {
      TL_RETURN_IF_ERROR(check_finite(value, "a weight", epoch, number - 1));
    }
  }
  training_.judge.write("", values);
  return {};
}

/// Runs the callbacks; whether to go on.
Result<bool> NetworkTraining::end_epoch(int epoch, EpochValues values) {
  const double learning_rate = optimizer_.learning_rate();
  bool go_on = true;
  if (plateau_) {
    values["learning_rate"] = learning_rate;
    TL_ASSIGN_OR_RETURN(const double next, plateau_->on_epoch_end(learning_rate, values));
    optimizer_.set_learning_rate(next);
  }
  if (stopper_) {
    TL_ASSIGN_OR_RETURN(const EarlyStopper::Decision decision,
                        stopper_->on_epoch_end(epoch, values));
    if (decision.keep_weights) {
      best_.clear();
      for (const keras::Variable& variable : result_.network.variables)
        best_.push_back(variable.value);
    }
    go_on = !decision.stop;
  }
  result_.history.epoch.push_back(epoch);
  for (const auto& [name, value] : values) result_.history.values[name].push_back(value);
  if (options_.on_epoch &&
      !options_.on_epoch({epoch, options_.epochs, std::move(values), learning_rate})) {
    result_.stopped_by_caller = true;
    go_on = false;
  }
  return go_on;
}

Result<NetworkFitResult> NetworkTraining::finish() {
  keras::Network& network = result_.network;
  if (options_.epochs > 0) optimizer_.finish(targets());
  // As Keras: the best epoch's weights go before averages.
  for (size_t i = 0; i < best_.size(); ++i) network.variables[i].value = best_[i];
  optimizer_.store(network.extra, network.counters);
  if (!optimizer_.scheduled()) {
    TL_ASSIGN_OR_RETURN(network.config,
                        with_learning_rate(network.config, optimizer_.learning_rate()));
  }
  if (stopper_) {
    result_.history.stopped_epoch = stopper_->stopped_epoch();
    result_.history.best_epoch = stopper_->best_epoch();
  }
  return std::move(result_);
}

Result<NetworkFitResult> NetworkTraining::run() {
  bool go_on = true;
  for (int epoch = 0; go_on && epoch < options_.epochs; ++epoch) {
    EpochValues values;
    TL_RETURN_IF_ERROR(train_epoch(epoch, values));
    if (validation_) {
      validation_->set_parameters(result_.network);
      TL_RETURN_IF_ERROR(validation_->run_over(validation_rows_, compile_, options_.batch_size));
      validation_->judge.write("val_", values);
      TL_RETURN_IF_ERROR(check_finite(values["val_loss"], "the validation loss", epoch, 0));
    }
    TL_ASSIGN_OR_RETURN(go_on, end_epoch(epoch, std::move(values)));
  }
  return finish();
}

}  // namespace

Result<NetworkFitResult> network_fit(const keras::Network& network, const NetworkData& data,
                                     const std::optional<NetworkData>& validation,
                                     const FitOptions& options) {
  const FlushToZero flush;
  TL_ASSIGN_OR_RETURN(NetworkTraining training,
                      NetworkTraining::create(network, data, validation, options));
  return training.run();
}

}  // namespace thunderline::cerebros::train
