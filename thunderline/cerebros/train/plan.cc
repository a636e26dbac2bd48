#include "thunderline/cerebros/train/plan.h"

#include <algorithm>
#include <utility>

#include "thunderline/base/random.h"

namespace thunderline::cerebros::train {
namespace {

using keras::Dense;
using keras::Dropout;
using keras::Model;
using keras::Tensor;

constexpr int64_t kLargestArenaBytes = int64_t{8} << 30;

Status check(const Model& model, Plan::Purpose purpose) {
  TL_RETURN_IF_ERROR(keras::validate(model));
  if (std::none_of(model.layers.begin(), model.layers.end(), [](const keras::Layer& layer) {
        return std::holds_alternative<Dense>(layer);
      })) {
    return fail(ErrorCode::kInvalidArgument, "the model has no Dense layer", model.name);
  }
  if (purpose == Plan::Purpose::kInference || model.compile) return {};
  return fail(ErrorCode::kInvalidArgument, "the model is not compiled", model.name,
              "give it an optimizer and a loss");
}

std::vector<const Tensor*> pointers(const std::vector<Tensor>& tensors) {
  std::vector<const Tensor*> result;
  for (const Tensor& tensor : tensors) result.push_back(&tensor);
  return result;
}

std::vector<Tensor*> pointers(std::vector<Tensor>& tensors) {
  std::vector<Tensor*> result;
  for (Tensor& tensor : tensors) result.push_back(&tensor);
  return result;
}

/// Tensors of zeros, shaped as the model's weights.
std::vector<Tensor> zeros_like(const std::vector<const Tensor*>& weights) {
  std::vector<Tensor> zeros;
  for (const Tensor* weight : weights) {
    zeros.push_back({weight->shape, std::vector<float>(weight->data.size())});
  }
  return zeros;
}

}  // namespace

Result<Plan> Plan::compile(const Model& model, int64_t max_rows, Purpose purpose, uint64_t seed) {
  TL_RETURN_IF_ERROR(check(model, purpose));
  TL_CHECK(max_rows > 0);
  Plan plan;
  plan.max_rows_ = max_rows;
  plan.add_layers(model, seed);
  if (model.compile) {
    plan.loss_form_ = loss_form(model.compile->loss, plan.dense_.back().activation);
    // A mask after the head is no longer a sigmoid's output.
    if (!plan.dense_.back().dropouts.empty() &&
        plan.loss_form_ == LossForm::kCrossEntropyOfLogits) {
      plan.loss_form_ = LossForm::kCrossEntropyOfProbabilities;
    }
  }
  TL_RETURN_IF_ERROR(plan.allocate(purpose));
  plan.load(model);
  if (purpose == Purpose::kTraining) plan.load_state(model.optimizer_state);
  return plan;
}

void Plan::add_layers(const Model& model, uint64_t seed) {
  input_width_ = model.input_width();
  input_stride_ = padded(input_width_);
  int64_t width = input_width_;
  for (size_t i = 0; i < model.layers.size(); ++i) {
    if (const auto* dense = std::get_if<Dense>(&model.layers[i])) {
      DenseStep step;
      step.name = dense->name;
      step.activation = dense->activation;
      step.use_bias = dense->use_bias;
      step.inputs = width;
      step.units = dense->units;
      step.stride = padded(dense->units);
      step.kernel = parameter_floats_;
      step.bias = step.kernel + step.inputs * step.stride;
      parameter_floats_ = step.bias + step.stride;
      width = step.units;
      dense_.push_back(std::move(step));
    } else if (const auto* dropout = std::get_if<Dropout>(&model.layers[i])) {
      if (dropout->rate <= 0) continue;
      const uint64_t own = dropout->seed ? static_cast<uint64_t>(*dropout->seed)
                                         : derive_seed(seed, static_cast<uint64_t>(i));
      (dense_.empty() ? input_dropouts_ : dense_.back().dropouts).push_back({dropout->rate, own});
    }
  }
  output_width_ = width;
}

Status Plan::allocate(Purpose purpose) {
  const bool training = purpose == Purpose::kTraining;
  std::vector<std::pair<float**, int64_t>> placed;
  const auto place = [&](float*& pointer, int64_t count) {
    placed.emplace_back(&pointer, arena_.reserve(count));
  };
  for (DenseStep& dense : dense_) {
    place(dense.z, max_rows_ * dense.stride);
    place(dense.a, max_rows_ * dense.stride);
    if (training && &dense != &dense_.front()) {
      place(dense.transposed, dense.units * padded(dense.inputs));
    }
  }
  place(parameters_, parameter_floats_);
  const int64_t elements = max_rows_ * output_width_;
  for (float** buffer : {&targets_, &outputs_, &logits_, &losses_, &slopes_}) {
    place(*buffer, elements);
  }
  if (training) {
    place(input_, max_rows_ * input_stride_);
    place(weights_, max_rows_);
    for (float** block : {&gradients_, &momentum_, &velocity_}) place(*block, parameter_floats_);
  }
  if (arena_.size_bytes() > kLargestArenaBytes || !arena_.allocate()) {
    return fail(ErrorCode::kResourceLimit,
                "batches of " + std::to_string(max_rows_) + " rows need " +
                    std::to_string(arena_.size_bytes() >> 20) + " MiB",
                "batch_size", "use smaller batches");
  }
  for (const auto& [pointer, offset] : placed) *pointer = arena_.at(offset);
  return {};
}

float* Plan::block(Block which) const {
  switch (which) {
    case Block::kParameters: return parameters_;
    case Block::kGradients: return gradients_;
    case Block::kMomentum: return momentum_;
    case Block::kVelocity: return velocity_;
  }
  return nullptr;
}

void Plan::scatter(const std::vector<const Tensor*>& tensors, Block to) {
  auto tensor = tensors.begin();
  for (const DenseStep& dense : dense_) {
    const float* from = (*tensor++)->data.data();
    for (int64_t i = 0; i < dense.inputs; ++i) {
      std::copy_n(from + i * dense.units, dense.units, block(to) + dense.kernel + i * dense.stride);
    }
    if (dense.use_bias) {
      std::copy_n((*tensor++)->data.data(), dense.units, block(to) + dense.bias);
    }
  }
}

void Plan::gather(Block from, const std::vector<Tensor*>& tensors) const {
  auto tensor = tensors.begin();
  for (const DenseStep& dense : dense_) {
    float* to = (*tensor++)->data.data();
    for (int64_t i = 0; i < dense.inputs; ++i) {
      std::copy_n(block(from) + dense.kernel + i * dense.stride, dense.units, to + i * dense.units);
    }
    if (dense.use_bias) {
      std::copy_n(block(from) + dense.bias, dense.units, (*tensor++)->data.data());
    }
  }
}

void Plan::load(const Model& model) {
  scatter(model.weights(), Block::kParameters);
  transpose_kernels();
}

void Plan::load_state(const keras::OptimizerState& state) {
  if (state.momentum.empty()) return;
  scatter(pointers(state.momentum), Block::kMomentum);
  scatter(pointers(state.velocity), Block::kVelocity);
}

void Plan::store(Model& model) const {
  gather(Block::kParameters, model.weights());
  if (momentum_ == nullptr) return;
  keras::OptimizerState& state = model.optimizer_state;
  state.momentum = zeros_like(std::as_const(model).weights());
  state.velocity = state.momentum;
  gather(Block::kMomentum, pointers(state.momentum));
  gather(Block::kVelocity, pointers(state.velocity));
}

std::vector<Tensor> Plan::gradients() const {
  std::vector<Tensor> tensors;
  for (const DenseStep& dense : dense_) {
    tensors.push_back({{dense.inputs, dense.units},
                       std::vector<float>(static_cast<size_t>(dense.inputs * dense.units))});
    if (!dense.use_bias) continue;
    tensors.push_back({{dense.units}, std::vector<float>(static_cast<size_t>(dense.units))});
  }
  gather(Block::kGradients, pointers(tensors));
  return tensors;
}

void Plan::set_parameters(std::span<const float> parameters) {
  TL_CHECK(parameters.size() == static_cast<size_t>(parameter_floats_));
  std::copy(parameters.begin(), parameters.end(), parameters_);
  transpose_kernels();
}

void Plan::transpose_kernels() {
  for (const DenseStep& dense : dense_) {
    if (dense.transposed == nullptr) continue;
    transpose(parameters_ + dense.kernel, dense.stride, dense.inputs, dense.units, dense.transposed,
              padded(dense.inputs));
  }
}

void Plan::multiply(const DenseStep& dense, const float* x, int64_t x_stride) {
  Product product;
  product.a = x;
  product.a_row_stride = x_stride;
  product.b = parameters_ + dense.kernel;
  product.b_stride = dense.stride;
  product.bias = dense.use_bias ? parameters_ + dense.bias : nullptr;
  product.c = dense.z;
  product.c_stride = dense.stride;
  product.rows = rows_;
  product.columns = dense.stride;
  product.depth = dense.inputs;
  gemm(product, Epilogue::kAddBias);
}

void Plan::collect(const float* from, float* to) const {
  const int64_t stride = padded(output_width_);
  for (int64_t i = 0; i < rows_; ++i) {
    std::copy_n(from + i * stride, output_width_, to + i * output_width_);
  }
}

void Plan::forward(const float* x, int64_t rows) {
  TL_CHECK(rows <= max_rows_);
  rows_ = rows;
  int64_t stride = input_width_;
  for (const DenseStep& dense : dense_) {
    multiply(dense, x, stride);
    activate(dense.activation, dense.z, dense.a, rows_ * dense.stride);
    x = dense.a;
    stride = dense.stride;
  }
  collect(dense_.back().a, outputs_);
}

std::span<const float> Plan::losses(std::span<const float> targets) {
  TL_CHECK(targets.size() == static_cast<size_t>(size()));
  std::copy(targets.begin(), targets.end(), targets_);
  const bool logits = loss_form_ == LossForm::kCrossEntropyOfLogits;
  if (logits) collect(dense_.back().z, logits_);
  loss_elements(loss_form_, logits ? logits_ : outputs_, targets_, losses_, slopes_,
                padded(size()));
  return {losses_, targets.size()};
}

void Plan::apply_dropouts(const std::vector<DropoutStep>& dropouts, uint64_t step, float* a,
                          float* slope, int64_t count) {
  for (const DropoutStep& dropout : dropouts) {
    drop(derive_seed(dropout.seed, step), dropout.rate, a, slope, count);
  }
}

void Plan::forward_training(uint64_t step) {
  apply_dropouts(input_dropouts_, step, input_, nullptr, rows_ * input_stride_);
  const float* x = input_;
  int64_t stride = input_stride_;
  for (const DenseStep& dense : dense_) {
    const int64_t count = rows_ * dense.stride;
    multiply(dense, x, stride);
    if (&dense == &dense_.back() && loss_form_ == LossForm::kCrossEntropyOfLogits) {
      activate(dense.activation, dense.z, dense.a, count);
    } else {
      activate_with_slope(dense.activation, dense.z, dense.a, count);
      apply_dropouts(dense.dropouts, step, dense.a, dense.z, count);
    }
    x = dense.a;
    stride = dense.stride;
  }
  collect(dense_.back().a, outputs_);
}

void Plan::start_backward() {
  const DenseStep& head = dense_.back();
  const bool logits = loss_form_ == LossForm::kCrossEntropyOfLogits;
  if (logits) collect(head.z, logits_);
  loss_elements(loss_form_, logits ? logits_ : outputs_, targets_, losses_, slopes_,
                padded(size()));
  const float share = 1.0f / static_cast<float>(size());
  for (int64_t i = 0; i < rows_; ++i) {
    const float scale = weights_[i] * share;
    float* z = head.z + i * head.stride;
    for (int64_t j = 0; j < head.stride; ++j) {
      if (j >= output_width_) {
        z[j] = 0;
      } else {
        const float slope = slopes_[i * output_width_ + j] * scale;
        z[j] = logits ? slope : slope * z[j];
      }
    }
  }
}

void Plan::backward() {
  for (size_t l = dense_.size(); l-- > 0;) {
    const DenseStep& dense = dense_[l];
    const float* x = l == 0 ? input_ : dense_[l - 1].a;
    const int64_t x_stride = l == 0 ? input_stride_ : dense_[l - 1].stride;
    Product kernel;
    kernel.a = x;
    kernel.a_row_stride = 1;
    kernel.a_step = x_stride;
    kernel.b = dense.z;
    kernel.b_stride = dense.stride;
    kernel.c = gradients_ + dense.kernel;
    kernel.c_stride = dense.stride;
    kernel.rows = dense.inputs;
    kernel.columns = dense.stride;
    kernel.depth = rows_;
    gemm(kernel, Epilogue::kAddBias);
    if (dense.use_bias) {
      sum_rows(dense.z, dense.stride, rows_, dense.stride, gradients_ + dense.bias);
    }
    if (l == 0) continue;
    Product input;
    input.a = dense.z;
    input.a_row_stride = dense.stride;
    input.b = dense.transposed;
    input.b_stride = x_stride;
    input.c = dense_[l - 1].z;
    input.c_stride = x_stride;
    input.rows = rows_;
    input.columns = x_stride;
    input.depth = dense.units;
    gemm(input, Epilogue::kScale);
  }
}

double Plan::forward_backward(int64_t rows, uint64_t step) {
  TL_CHECK(rows <= max_rows_);
  rows_ = rows;
  forward_training(step);
  start_backward();
  backward();
  return weighted_loss_sum({losses_, static_cast<size_t>(size())},
                           {weights_, static_cast<size_t>(rows_)}, output_width_);
}

void Plan::update(const AdamStep& step) {
  adam_update(step, gradients_, momentum_, velocity_, parameters_, parameter_floats_);
  transpose_kernels();
}

std::string Plan::first_not_finite() const {
  for (const DenseStep& dense : dense_) {
    if (!all_finite(parameters_ + dense.kernel, dense.inputs * dense.stride)) {
      return dense.name + "/kernel";
    }
    if (!all_finite(parameters_ + dense.bias, dense.stride)) return dense.name + "/bias";
  }
  for (const DenseStep& dense : dense_) {
    if (!all_finite(dense.a, rows_ * dense.stride)) return dense.name + "/output";
  }
  return "";
}

}  // namespace thunderline::cerebros::train
