#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/graph/graph.h"
#include "thunderline/cerebros/keras/tensor.h"
#include "thunderline/cerebros/train/learning_rate.h"
#include "thunderline/cerebros/train/weight_rules.h"

namespace thunderline::cerebros::train {

/// Keras's optimizers: SGD, Adam, AdamW, RMSprop, Adagrad, Adadelta, Adamax, Nadam, Lion, with
/// every argument of their configs. State is float32, as Keras keeps it; a step computes in
/// float64. Thread-safety: one thread. Source: keras.optimizers, 3.15.1.
class NetworkOptimizer {
 public:
  /// A variable that is trained: where it lies, and what it is put through after each step.
  struct Target {
    keras::Tensor* value = nullptr;
    WeightConstraint constraint;
  };

  /// A gradient, and for a table of which only rows were looked up, the sums over those look-ups of
  /// squares and magnitudes, which TensorFlow's Keras takes for the square and magnitude of the
  /// sum.
  struct Gradient {
    graph::Array sum;  ///< Empty: the loss does not depend on the variable.
    graph::Array squares;
    graph::Array magnitudes;
  };

  /// From Keras's config as JSON. `shapes`: of the trainable variables, in Keras's order.
  /// Errors: kBadData that names the optimizer or the argument.
  static Result<NetworkOptimizer> create(const std::string& config,
                                         const std::vector<graph::Shape>& shapes);

  /// One step on the gradients of `targets`; an empty gradient leaves its variable as it is.
  void step(std::vector<Gradient> gradients, const std::vector<Target>& targets);

  /// At the end of a training: with `use_ema`, variables become their averages.
  void finish(const std::vector<Target>& targets) const;

  /// Of the next step.
  double learning_rate() const { return rate_.at(iterations_); }
  bool scheduled() const { return rate_.scheduled(); }
  /// Precondition: not scheduled.
  void set_learning_rate(double value) { rate_.set(value); }
  int64_t iterations() const { return iterations_; }

  /// State as Keras stores it: "optimizer/vars/0" is the iteration, "/1" the learning rate (not of
  /// a schedule), then the variables. A file without them leaves the state new. Errors: kBadData
  /// that names the dataset of another shape.
  Status load(const std::map<std::string, keras::Tensor>& tensors,
              const std::map<std::string, int64_t>& counters);
  void store(std::map<std::string, keras::Tensor>& tensors,
             std::map<std::string, int64_t>& counters) const;

 private:
  enum class Kind { kSgd, kAdam, kRmsprop, kAdagrad, kAdadelta, kAdamax, kNadam, kLion };
  using Tensors = std::vector<keras::Tensor>;
  struct Factors;

  Status read(const std::string& config);
  void add_slots(const std::vector<graph::Shape>& shapes, size_t alternating, float value = 0);
  std::vector<keras::Tensor*> stored();
  void clip(std::vector<Gradient>& gradients) const;
  void update(const std::vector<Gradient>& gradients, const std::vector<Target>& targets);
  void update_variable(size_t index, const Gradient& gradient, keras::Tensor& variable,
                       const Factors& factors);
  void average(const std::vector<Target>& targets);
  int64_t updates() const { return accumulation_ > 0 ? iterations_ / accumulation_ : iterations_; }

  Kind kind_ = Kind::kSgd;
  LearningRate rate_;
  std::map<std::string, double> numbers_;
  bool nesterov_ = false;
  bool amsgrad_ = false;
  bool centered_ = false;
  bool use_ema_ = false;
  std::optional<double> weight_decay_, clipnorm_, clipvalue_, global_clipnorm_;
  int64_t ema_every_ = 0;
  int64_t accumulation_ = 0;
  int64_t iterations_ = 0;
  Tensors averages_;
  Tensors accumulators_;
  std::vector<Tensors> slots_;      ///< By purpose, then by variable.
  std::vector<size_t> groups_;      ///< How many purposes alternate in the file.
  keras::Tensor product_{{}, {1}};  ///< Of Nadam.
};

}  // namespace thunderline::cerebros::train
