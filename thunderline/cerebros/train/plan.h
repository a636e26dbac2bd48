#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/model.h"
#include "thunderline/cerebros/train/arena.h"
#include "thunderline/cerebros/train/kernels/elementwise.h"
#include "thunderline/cerebros/train/loss.h"

namespace thunderline::cerebros::train {

/// A model compiled for batches of at most `max_rows` rows: shapes are fixed, all buffers lie in
/// one arena, and no step allocates.
///
/// Each dense layer has two buffers of [max_rows, padded(units)]: `a`, its output, and `z`, which
/// is in turn x · kernel + bias, the activation's slope there (dropout's factors included), and the
/// loss's derivative with respect to x · kernel + bias. A kernel is [inputs, padded(units)], with a
/// transposed copy for the way back, renewed with every update.
/// Parameters, gradients and both of Adam's moments are four blocks of one layout.
/// Thread-safety: one thread. Movable.
class Plan {
 public:
  enum class Purpose { kInference, kTraining };

  /// `seed` drives the masks of Dropout layers without a seed of their own.
  /// Errors: kInvalidArgument for a model that keras::validate refuses or without a Dense layer,
  /// and, for training, one that is not compiled;
  /// kResourceLimit when the buffers do not fit into memory or 8 GiB.
  static Result<Plan> compile(const keras::Model& model, int64_t max_rows, Purpose purpose,
                              uint64_t seed = 0);

  int64_t input_width() const { return input_width_; }
  int64_t output_width() const { return output_width_; }
  int64_t max_rows() const { return max_rows_; }

  /// Inference on `rows` rows, x [rows, input_width] one after another. Precondition: rows fit.
  void forward(const float* x, int64_t rows);

  /// The outputs of the last pass, [rows, output_width].
  std::span<const float> outputs() const { return {outputs_, static_cast<size_t>(size())}; }

  /// The loss of each element of the last pass, [rows, output_width]. Precondition: a compiled
  /// model.
  std::span<const float> losses(std::span<const float> targets);

  /// Where the next training batch goes, row by row: floats [input_width], [output_width] and one
  /// weight. Precondition: compiled for training.
  float* input_row(int64_t row) { return input_ + row * input_stride_; }
  float* target_row(int64_t row) { return targets_ + row * output_width_; }
  float& weight(int64_t row) { return weights_[row]; }

  /// Both passes over the batch; leaves its gradients (of the weighted loss, mean over rows) and
  /// outputs, and returns Σ weight · loss. `step` numbers the batch: masks depend on it.
  double forward_backward(int64_t rows, uint64_t step);

  std::span<const float> batch_targets() const {
    return {targets_, static_cast<size_t>(size())};
  }

  /// One step of Adam on the gradients.
  void update(const AdamStep& step);

  /// All parameters as one block, padding included, to keep and to put back.
  std::span<const float> parameters() const {
    return {parameters_, static_cast<size_t>(parameter_floats_)};
  }
  void set_parameters(std::span<const float> parameters);

  /// Writes the weights, and for a training plan the optimizer's moments, into a model of the same
  /// layers.
  void store(keras::Model& model) const;

  /// The gradient of each variable, in the order of `Model::weights`.
  std::vector<keras::Tensor> gradients() const;

  /// The first tensor with a number that is not finite, as "hidden_1/kernel", "score/bias" or
  /// "score/output"; empty when all are finite. Looks at parameters, then at the last outputs.
  std::string first_not_finite() const;
  bool parameters_finite() const { return all_finite(parameters_, parameter_floats_); }

 private:
  struct DropoutStep {
    double rate = 0;
    uint64_t seed = 0;
  };
  struct DenseStep {
    std::string name;
    keras::Activation activation = keras::Activation::kLinear;
    bool use_bias = true;
    int64_t inputs = 0;
    int64_t units = 0;
    int64_t stride = 0;           // padded(units)
    int64_t kernel = 0;           // offset within a block of parameters
    int64_t bias = 0;             // likewise
    float* transposed = nullptr;  // [units, padded(inputs)]; none for the first layer
    float* z = nullptr;
    float* a = nullptr;
    std::vector<DropoutStep> dropouts;  // after the activation
  };
  enum class Block { kParameters, kGradients, kMomentum, kVelocity };

  Plan() = default;
  void add_layers(const keras::Model& model, uint64_t seed);
  Status allocate(Purpose purpose);
  void load(const keras::Model& model);
  void load_state(const keras::OptimizerState& state);
  void transpose_kernels();
  int64_t size() const { return rows_ * output_width_; }
  float* block(Block which) const;

  /// Copies between a model's tensors and a block.
  void scatter(const std::vector<const keras::Tensor*>& tensors, Block to);
  void gather(Block from, const std::vector<keras::Tensor*>& tensors) const;

  void multiply(const DenseStep& dense, const float* x, int64_t x_stride);
  void forward_training(uint64_t step);
  void apply_dropouts(const std::vector<DropoutStep>& dropouts, uint64_t step, float* a,
                      float* slope, int64_t count);
  void collect(const float* from, float* to) const;
  void start_backward();
  void backward();

  int64_t input_width_ = 0;
  int64_t input_stride_ = 0;
  int64_t output_width_ = 0;
  int64_t max_rows_ = 0;
  int64_t rows_ = 0;  // of the last pass
  int64_t parameter_floats_ = 0;
  LossForm loss_form_ = LossForm::kSquaredError;
  std::vector<DropoutStep> input_dropouts_;
  std::vector<DenseStep> dense_;

  Arena arena_;
  float* input_ = nullptr;
  float* parameters_ = nullptr;
  float* gradients_ = nullptr;
  float* momentum_ = nullptr;
  float* velocity_ = nullptr;
  float* weights_ = nullptr;
  // Without padding: [max_rows, output_width].
  float* targets_ = nullptr;
  float* outputs_ = nullptr;
  float* logits_ = nullptr;
  float* losses_ = nullptr;
  float* slopes_ = nullptr;
};

}  // namespace thunderline::cerebros::train
