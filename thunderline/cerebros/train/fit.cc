#include "thunderline/cerebros/train/fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "thunderline/base/json_util.h"
#include "thunderline/base/random.h"
#include "thunderline/cerebros/train/kernels/flush_to_zero.h"
#include "thunderline/cerebros/train/metric.h"
#include "thunderline/cerebros/train/optimizer.h"
#include "thunderline/cerebros/train/plan.h"
#include "thunderline/cerebros/train/training_data.h"

namespace thunderline::cerebros::train {
namespace {

using keras::Model;

// Streams of the seed: shuffles have their epoch's number, masks come from this one.
constexpr uint64_t kDropoutStream = uint64_t{1} << 32;
constexpr int64_t kPredictionRows = 256;

Status invalid(const std::string& message, const char* field, const char* hint) {
  return fail(ErrorCode::kInvalidArgument, message, field, hint);
}

Status check_options(const FitOptions& options, const TrainingData& data) {
  if (options.epochs < 0) return invalid("epochs is negative", "epochs", "give 0 or more");
  if (options.batch_size <= 0) {
    return invalid("batch_size is not positive", "batch_size", "give 1 or more");
  }
  if (!(options.validation_split >= 0 && options.validation_split < 1)) {
    return invalid("validation_split is " + std::to_string(options.validation_split),
                   "validation_split", "give a fraction in [0, 1)");
  }
  if (!options.class_weight.empty() && !data.sample_weight.empty()) {
    return invalid("class_weight and sample_weight exclude each other", "class_weight",
                   "give one of them");
  }
  for (const auto& [label, weight] : options.class_weight) {
    if (!std::isfinite(weight)) {
      return invalid("the weight of class " + std::to_string(label) + " is not finite",
                     "class_weight", "give a finite number");
    }
  }
  return {};
}

Status check_compiled(const Model& model) {
  if (model.compile) return {};
  return fail(ErrorCode::kInvalidArgument, "the model is not compiled", model.name,
              "give it an optimizer and a loss");
}

/// Loss and metrics over `data` with the plan's weights, written with `prefix`.
void judge(Plan& plan, const TrainingData& data, int64_t batch_size, Metrics& metrics,
           const std::string& prefix, EpochValues& values) {
  const int64_t outputs = plan.output_width();
  metrics.reset();
  double sum = 0;
  for (int64_t first = 0; first < data.rows; first += batch_size) {
    const int64_t rows = std::min(batch_size, data.rows - first);
    const TrainingData batch = slice(data, first, rows, plan.input_width(), outputs);
    plan.forward(batch.x.data(), rows);
    sum += weighted_loss_sum(plan.losses(batch.y), batch.sample_weight, outputs);
    metrics.add(plan.outputs(), batch.y, outputs);
  }
  values[prefix + "loss"] = sum / static_cast<double>(data.rows);
  metrics.write(prefix, values);
}

/// Rows for training, and rows for validation.
struct Rows {
  TrainingData training;
  std::optional<TrainingData> validation;
};

Result<Rows> split(const TrainingData& data, const FitOptions& options, int64_t input_width,
                   int64_t output_width) {
  TL_RETURN_IF_ERROR(check_data(data, input_width, output_width, "training data"));
  Rows rows{data, options.validation_data};
  if (rows.validation) {
    TL_RETURN_IF_ERROR(check_data(*rows.validation, input_width, output_width, "validation data"));
  } else if (options.validation_split > 0) {
    const auto kept = static_cast<int64_t>(
        std::floor(static_cast<double>(data.rows) * (1.0 - options.validation_split)));
    if (kept == 0 || kept == data.rows) {
      return fail(ErrorCode::kInvalidArgument,
                  "validation_split leaves one side of " + std::to_string(data.rows) +
                      " rows without any",
                  "validation_split", "give more rows or another fraction");
    }
    rows.training = slice(data, 0, kept, input_width, output_width);
    rows.validation = slice(data, kept, data.rows - kept, input_width, output_width);
  }
  return rows;
}

/// One training, from compilation to result.
class Training {
 public:
  static Result<Training> create(const Model& model, const TrainingData& data,
                                 const FitOptions& options);

  Result<FitResult> run();

 private:
  Training(const Model& model, const FitOptions& options, Rows rows, Plan plan, Metrics metrics);

  Status train_epoch(int epoch, EpochValues& values);
  void load_batch(int64_t first, int64_t rows);
  Status check_finite(double value, const char* what, int epoch, int64_t step) const;
  Result<bool> end_epoch(int epoch, EpochValues values);
  FitResult finish();

  const FitOptions& options_;
  Rows rows_;
  std::vector<float> class_weights_;
  Plan plan_;
  Metrics metrics_;
  keras::Adam adam_;
  int64_t batch_size_;
  std::optional<EarlyStopper> stopper_;
  std::optional<PlateauWatch> plateau_;
  std::vector<int64_t> order_;
  std::vector<float> best_parameters_;
  FitResult result_;
};

Training::Training(const Model& model, const FitOptions& options, Rows rows, Plan plan,
                   Metrics metrics)
    : options_(options),
      rows_(std::move(rows)),
      plan_(std::move(plan)),
      metrics_(std::move(metrics)),
      adam_(model.compile->optimizer),
      batch_size_(plan_.max_rows()) {
  result_.model = model;
  order_.resize(static_cast<size_t>(rows_.training.rows));
  std::iota(order_.begin(), order_.end(), int64_t{0});
  if (!options.class_weight.empty()) {
    class_weights_ = weights_of_classes(options.class_weight, rows_.training, plan_.output_width());
    rows_.training.sample_weight = class_weights_;
  }
}

Result<Training> Training::create(const Model& model, const TrainingData& data,
                                  const FitOptions& options) {
  TL_RETURN_IF_ERROR(keras::validate(model));
  TL_RETURN_IF_ERROR(check_compiled(model));
  TL_RETURN_IF_ERROR(check_options(options, data));
  TL_ASSIGN_OR_RETURN(Rows rows, split(data, options, model.input_width(), model.output_width()));
  TL_ASSIGN_OR_RETURN(Metrics metrics, Metrics::create(model.compile->metrics));
  const int64_t batch_size = std::min(options.batch_size, rows.training.rows);
  TL_ASSIGN_OR_RETURN(Plan plan, Plan::compile(model, batch_size, Plan::Purpose::kTraining,
                                               derive_seed(options.seed, kDropoutStream)));
  Training training(model, options, std::move(rows), std::move(plan), std::move(metrics));
  if (options.early_stopping) {
    TL_ASSIGN_OR_RETURN(training.stopper_, EarlyStopper::create(*options.early_stopping));
  }
  if (options.reduce_lr) {
    TL_ASSIGN_OR_RETURN(training.plateau_, PlateauWatch::create(*options.reduce_lr));
  }
  return training;
}

void Training::load_batch(int64_t first, int64_t rows) {
  const TrainingData& data = rows_.training;
  const int64_t inputs = plan_.input_width();
  const int64_t outputs = plan_.output_width();
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t row = order_[static_cast<size_t>(first + i)];
    std::copy_n(data.x.data() + row * inputs, inputs, plan_.input_row(i));
    std::copy_n(data.y.data() + row * outputs, outputs, plan_.target_row(i));
    plan_.weight(i) =
        data.sample_weight.empty() ? 1.0f : data.sample_weight[static_cast<size_t>(row)];
  }
}

Status Training::check_finite(double value, const char* what, int epoch, int64_t step) const {
  if (std::isfinite(value)) return {};
  const std::string tensor = plan_.first_not_finite();
  return fail(ErrorCode::kBadData,
              std::string(what) + " is not finite at epoch " + std::to_string(epoch) + ", step " +
                  std::to_string(step) +
                  (tensor.empty() ? "" : "; the first tensor that is not is " + tensor),
              result_.model.name, "lower the learning rate or scale the data");
}

Status Training::train_epoch(int epoch, EpochValues& values) {
  if (options_.shuffle) {
    std::iota(order_.begin(), order_.end(), int64_t{0});
    Random random(derive_seed(options_.seed, static_cast<uint64_t>(epoch)));
    for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random.below(i)]);
  }
  metrics_.reset();
  double sum = 0;
  int64_t& iterations = result_.model.optimizer_state.iterations;
  const int64_t all = rows_.training.rows;
  for (int64_t first = 0, step = 0; first < all; first += batch_size_, ++step) {
    const int64_t rows = std::min(batch_size_, all - first);
    load_batch(first, rows);
    const double loss = plan_.forward_backward(rows, static_cast<uint64_t>(iterations));
    TL_RETURN_IF_ERROR(check_finite(loss, "the loss", epoch, step));
    sum += loss;
    metrics_.add(plan_.outputs(), plan_.batch_targets(), plan_.output_width());
    if (options_.on_batch) options_.on_batch();
    ++iterations;
    plan_.update(adam_step(adam_, adam_.learning_rate, iterations));
  }
  if (!plan_.parameters_finite()) {
    return check_finite(NAN, "a weight", epoch, (all - 1) / batch_size_);
  }
  values["loss"] = sum / static_cast<double>(all);
  metrics_.write("", values);
  return {};
}

/// Runs the callbacks; whether to go on.
Result<bool> Training::end_epoch(int epoch, EpochValues values) {
  const double learning_rate = adam_.learning_rate;
  bool go_on = true;
  if (plateau_) {
    values["learning_rate"] = learning_rate;
    TL_ASSIGN_OR_RETURN(adam_.learning_rate, plateau_->on_epoch_end(learning_rate, values));
  }
  if (stopper_) {
    TL_ASSIGN_OR_RETURN(const EarlyStopper::Decision decision,
                        stopper_->on_epoch_end(epoch, values));
    if (decision.keep_weights) {
      const auto parameters = plan_.parameters();
      best_parameters_.assign(parameters.begin(), parameters.end());
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

FitResult Training::finish() {
  if (!best_parameters_.empty()) plan_.set_parameters(best_parameters_);
  plan_.store(result_.model);
  result_.model.compile->optimizer.learning_rate = adam_.learning_rate;
  if (stopper_) {
    result_.history.stopped_epoch = stopper_->stopped_epoch();
    result_.history.best_epoch = stopper_->best_epoch();
  }
  return std::move(result_);
}

Result<FitResult> Training::run() {
  bool go_on = true;
  for (int epoch = 0; go_on && epoch < options_.epochs; ++epoch) {
    EpochValues values;
    TL_RETURN_IF_ERROR(train_epoch(epoch, values));
    if (rows_.validation) {
      judge(plan_, *rows_.validation, batch_size_, metrics_, "val_", values);
      TL_RETURN_IF_ERROR(check_finite(values["val_loss"], "the validation loss", epoch,
                                      (rows_.training.rows - 1) / batch_size_));
    }
    TL_ASSIGN_OR_RETURN(go_on, end_epoch(epoch, std::move(values)));
  }
  return finish();
}

}  // namespace

std::string History::to_json() const {
  Json json = Json::object();
  for (const auto& [name, series] : values) json[name] = series;
  json["epoch"] = epoch;
  json["stopped_epoch"] = stopped_epoch;
  json["best_epoch"] = best_epoch;
  return dump_json(json);
}

Result<FitResult> fit(const Model& model, const TrainingData& data, const FitOptions& options) {
  const FlushToZero flush;
  TL_ASSIGN_OR_RETURN(Training training, Training::create(model, data, options));
  return training.run();
}

Result<std::vector<float>> predict(const Model& model, std::span<const float> x, int64_t rows) {
  const FlushToZero flush;
  TL_ASSIGN_OR_RETURN(Plan plan, Plan::compile(model, std::clamp<int64_t>(rows, 1, kPredictionRows),
                                               Plan::Purpose::kInference));
  TL_RETURN_IF_ERROR(check_inputs(x, rows, plan.input_width(), "input"));
  std::vector<float> outputs;
  outputs.reserve(static_cast<size_t>(rows * plan.output_width()));
  for (int64_t first = 0; first < rows; first += plan.max_rows()) {
    plan.forward(x.data() + first * plan.input_width(), std::min(plan.max_rows(), rows - first));
    outputs.insert(outputs.end(), plan.outputs().begin(), plan.outputs().end());
  }
  return outputs;
}

Result<Evaluation> evaluate(const Model& model, const TrainingData& data, int64_t batch_size) {
  const FlushToZero flush;
  TL_RETURN_IF_ERROR(check_compiled(model));
  if (batch_size <= 0) {
    return fail(ErrorCode::kInvalidArgument, "batch_size is not positive", "batch_size",
                "give 1 or more");
  }
  TL_RETURN_IF_ERROR(keras::validate(model));
  TL_RETURN_IF_ERROR(check_data(data, model.input_width(), model.output_width(), "data"));
  TL_ASSIGN_OR_RETURN(Metrics metrics, Metrics::create(model.compile->metrics));
  TL_ASSIGN_OR_RETURN(Plan plan, Plan::compile(model, std::min(batch_size, data.rows),
                                               Plan::Purpose::kInference));
  Evaluation evaluation;
  judge(plan, data, plan.max_rows(), metrics, "", evaluation.metrics);
  evaluation.loss = evaluation.metrics.extract("loss").mapped();
  return evaluation;
}

}  // namespace thunderline::cerebros::train
