#include "thunderline/cerebros/train/plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <tuple>
#include <vector>

#include "thunderline/base/random.h"
#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/builders/scoring_mlp.h"
#include "thunderline/cerebros/keras/forward.h"

namespace thunderline::cerebros::train {
namespace {

using keras::Activation;
using keras::Dense;
using keras::Dropout;
using keras::Loss;
using keras::Model;

constexpr int64_t kRows = 5;
constexpr int64_t kInputs = 3;
constexpr uint64_t kMaskSeed = 11;
constexpr uint64_t kStep = 4;

struct Case {
  Activation hidden = Activation::kRelu;
  Activation head = Activation::kSigmoid;
  Loss loss = Loss::kBinaryCrossentropy;
  int64_t outputs = 1;
  double dropout = 0;
};

Model model_of(const Case& test) {
  keras::ScoringMlpOptions options;
  options.inputs = kInputs;
  options.outputs = test.outputs;
  options.hidden_dim = 7;
  options.dropout = test.dropout;
  options.activation = test.hidden;
  options.head = test.head;
  options.loss = test.loss;
  options.seed = 5;
  Model model = keras::build_scoring_mlp(options).value();
  Random random(9);
  for (keras::Layer& layer : model.layers) {
    if (auto* dense = std::get_if<Dense>(&layer)) {
      for (float& bias : dense->bias.data) bias = static_cast<float>(0.3 * random.normal());
    }
    if (auto* dropout = std::get_if<Dropout>(&layer)) dropout->seed = kMaskSeed;
  }
  return model;
}

struct Batch {
  std::vector<float> x, y, weights;
};

Batch batch_of(const Case& test) {
  Random random(2);
  Batch batch;
  for (int64_t i = 0; i < kRows * kInputs; ++i) {
    batch.x.push_back(static_cast<float>(random.normal()));
  }
  for (int64_t i = 0; i < kRows * test.outputs; ++i) {
    batch.y.push_back(static_cast<float>(random.unit()));
  }
  for (int64_t i = 0; i < kRows; ++i) batch.weights.push_back(static_cast<float>(random.unit()));
  return batch;
}

double loss_of(Loss loss, double p, double y) {
  if (loss == Loss::kMeanSquaredError) return (p - y) * (p - y);
  return -y * std::log(p) - (1 - y) * std::log1p(-p);
}

/// The factors that the plan gives a hidden layer's outputs, [kRows, padded(7)].
std::vector<float> mask_of(double rate) {
  Arena arena;
  arena.reserve(kRows * kLanes);
  TL_CHECK(arena.allocate());
  std::fill_n(arena.at(0), kRows * kLanes, 1.0f);
  drop(derive_seed(kMaskSeed, kStep), rate, arena.at(0), nullptr, kRows * kLanes);
  return {arena.at(0), arena.at(0) + kRows * kLanes};
}

/// Weighted mean loss of the batch in float64, with weights of its own.
double reference_loss(const Case& test, const Model& model,
                      const std::vector<std::vector<double>>& weights, const Batch& batch) {
  const std::vector<float> mask = mask_of(test.dropout);
  double total = 0;
  for (int64_t row = 0; row < kRows; ++row) {
    std::vector<double> x(batch.x.begin() + row * kInputs, batch.x.begin() + (row + 1) * kInputs);
    size_t variable = 0;
    for (const keras::Layer& layer : model.layers) {
      if (const auto* dense = std::get_if<Dense>(&layer)) {
        const std::vector<double>& kernel = weights[variable++];
        std::vector<double> y = weights[variable++];
        for (size_t j = 0; j < y.size(); ++j) {
          for (size_t i = 0; i < x.size(); ++i) y[j] += x[i] * kernel[i * y.size() + j];
          y[j] = keras::activate(dense->activation, y[j]);
        }
        x = y;
      } else if (std::holds_alternative<Dropout>(layer)) {
        for (size_t j = 0; j < x.size(); ++j) {
          x[j] *= mask[static_cast<size_t>(row * kLanes) + j];
        }
      }
    }
    double loss = 0;
    for (size_t j = 0; j < x.size(); ++j) {
      loss += loss_of(test.loss, x[j], batch.y[static_cast<size_t>(row) * x.size() + j]);
    }
    total += loss / static_cast<double>(x.size()) * batch.weights[static_cast<size_t>(row)];
  }
  return total / kRows;
}

void expect_gradients_match(const Case& test) {
  const Model model = model_of(test);
  const Batch batch = batch_of(test);
  Plan plan = Plan::compile(model, kRows, Plan::Purpose::kTraining).value();
  for (int64_t i = 0; i < kRows; ++i) {
    std::copy_n(batch.x.begin() + i * kInputs, kInputs, plan.input_row(i));
    std::copy_n(batch.y.begin() + i * test.outputs, test.outputs, plan.target_row(i));
    plan.weight(i) = batch.weights[static_cast<size_t>(i)];
  }
  const double loss = plan.forward_backward(kRows, kStep) / kRows;

  std::vector<std::vector<double>> weights;
  for (const keras::Tensor* tensor : model.weights()) {
    weights.emplace_back(tensor->data.begin(), tensor->data.end());
  }
  EXPECT_NEAR(loss, reference_loss(test, model, weights, batch), 1e-6);
  const std::vector<keras::Tensor> gradients = plan.gradients();
  ASSERT_EQ(gradients.size(), weights.size());
  constexpr double kStepSize = 1e-6;
  for (size_t v = 0; v < weights.size(); ++v) {
    for (size_t i = 0; i < weights[v].size(); ++i) {
      const double at = weights[v][i];
      weights[v][i] = at + kStepSize;
      const double above = reference_loss(test, model, weights, batch);
      weights[v][i] = at - kStepSize;
      const double below = reference_loss(test, model, weights, batch);
      weights[v][i] = at;
      ASSERT_NEAR(gradients[v].data[i], (above - below) / (2 * kStepSize), 2e-6)
          << keras::activation_name(test.hidden) << ", variable " << v << ", element " << i;
    }
  }
}

using Choice = std::tuple<Activation, Loss, double>;
class PlanGradients : public ::testing::TestWithParam<Choice> {};

TEST_P(PlanGradients, AreTheFiniteDifferencesOfTheLoss) {
  Case test;
  std::tie(test.hidden, test.loss, test.dropout) = GetParam();
  test.head = test.loss == Loss::kBinaryCrossentropy ? Activation::kSigmoid : Activation::kLinear;
  expect_gradients_match(test);
  test.outputs = 3;
  expect_gradients_match(test);
}

INSTANTIATE_TEST_SUITE_P(
    All, PlanGradients,
    ::testing::Combine(::testing::Values(Activation::kLinear, Activation::kRelu, Activation::kGelu,
                                         Activation::kSilu, Activation::kSigmoid,
                                         Activation::kTanh),
                       ::testing::Values(Loss::kBinaryCrossentropy, Loss::kMeanSquaredError),
                       ::testing::Values(0.0, 0.4)));

TEST(Plan, LearnsThroughEveryHead) {
  for (const Activation head : {Activation::kTanh, Activation::kGelu, Activation::kSigmoid}) {
    Case test;
    test.hidden = Activation::kTanh;
    test.head = head;
    test.loss = Loss::kMeanSquaredError;
    expect_gradients_match(test);
  }
}

TEST(Plan, TakesBinaryCrossentropyOnProbabilitiesOfAnotherHead) {
  // Biases move the linear head's outputs into (0, 1), where the loss is smooth.
  Case test;
  test.head = Activation::kLinear;
  Model model = model_of(test);
  for (float& weight : model.weights()[4]->data) weight *= 0.05f;
  model.weights()[5]->data[0] = 0.5f;
  const Batch batch = batch_of(test);
  Plan plan = Plan::compile(model, kRows, Plan::Purpose::kTraining).value();
  for (int64_t i = 0; i < kRows; ++i) {
    std::copy_n(batch.x.begin() + i * kInputs, kInputs, plan.input_row(i));
    *plan.target_row(i) = batch.y[static_cast<size_t>(i)];
    plan.weight(i) = 1;
  }
  plan.forward_backward(kRows, 0);
  double expected = 0;  // ∂loss/∂bias of a linear head: mean of (p − y) / (p (1 − p))
  for (int64_t i = 0; i < kRows; ++i) {
    const double p = plan.outputs()[static_cast<size_t>(i)];
    ASSERT_TRUE(p > 0.01 && p < 0.99);
    expected += (p - batch.y[static_cast<size_t>(i)]) / (p * (1 - p)) / kRows;
  }
  EXPECT_NEAR(plan.gradients().back().data[0], expected, 1e-5);
}

TEST(Plan, ForwardAgreesWithTheReferenceInFloat64) {
  for (const Activation activation :
       {Activation::kRelu, Activation::kGelu, Activation::kSilu, Activation::kTanh}) {
    Case test;
    test.hidden = activation;
    const Model model = model_of(test);
    const Batch batch = batch_of(test);
    Plan plan = Plan::compile(model, 8, Plan::Purpose::kInference).value();
    plan.forward(batch.x.data(), kRows);
    const std::vector<float> expected = keras::forward(model, batch.x, kRows).value();
    ASSERT_EQ(plan.outputs().size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(plan.outputs()[i], expected[i], 1e-6);
    }
  }
}

TEST(Plan, DropsInputsToo) {
  Model model = model_of({});
  model.layers.insert(model.layers.begin() + 1, Dropout{"dropout_in", 0.5, 3});
  Plan plan = Plan::compile(model, kRows, Plan::Purpose::kTraining).value();
  for (int64_t i = 0; i < kRows; ++i) std::fill_n(plan.input_row(i), kInputs, 1.0f);
  plan.forward_backward(kRows, 0);
  int zeros = 0;
  for (int64_t i = 0; i < kRows; ++i) {
    for (int64_t j = 0; j < kInputs; ++j) {
      const float value = plan.input_row(i)[j];
      EXPECT_TRUE(value == 0.0f || value == 2.0f);
      zeros += value == 0.0f;
    }
  }
  EXPECT_GT(zeros, 1);
  EXPECT_LT(zeros, kRows * kInputs - 1);
}

TEST(Plan, StoresWhatItLoaded) {
  const Model model = model_of({});
  Model copy = model;
  for (keras::Tensor* tensor : copy.weights()) tensor->data.assign(tensor->data.size(), 0);
  Plan::compile(model, 1, Plan::Purpose::kInference).value().store(copy);
  EXPECT_EQ(copy, model);
}

TEST(Plan, NamesTheFirstTensorThatIsNotFinite) {
  const Model model = model_of({});
  Plan plan = Plan::compile(model, 1, Plan::Purpose::kInference).value();
  EXPECT_EQ(plan.first_not_finite(), "");
  std::vector<float> parameters(plan.parameters().begin(), plan.parameters().end());
  parameters[padded(7) * kInputs + 1] = NAN;  // after the first kernel
  plan.set_parameters(parameters);
  EXPECT_EQ(plan.first_not_finite(), "hidden_1/bias");
}

TEST(Plan, RefusesModelsItCannotRun) {
  Model model = model_of({});
  model.compile.reset();
  EXPECT_EQ(Plan::compile(model, 1, Plan::Purpose::kTraining).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Plan::compile(model, 1, Plan::Purpose::kInference));
  EXPECT_EQ(Plan::compile(model, int64_t{1} << 40, Plan::Purpose::kInference).error().code,
            ErrorCode::kResourceLimit);
  model.layers.resize(1);
  EXPECT_FALSE(Plan::compile(model, 1, Plan::Purpose::kInference));
}

}  // namespace
}  // namespace thunderline::cerebros::train
