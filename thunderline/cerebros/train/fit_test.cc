#include "thunderline/cerebros/train/fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "thunderline/base/json_util.h"
#include "thunderline/base/random.h"
#include "thunderline/cerebros/keras/builders/scoring_mlp.h"

namespace thunderline::cerebros::train {
namespace {

using keras::Model;

constexpr int64_t kInputs = 4;

/// Labelled points that a small network separates.
struct Points {
  std::vector<float> x, y;

  explicit Points(int64_t rows, uint64_t seed = 1) {
    Random random(seed);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < kInputs; ++j) x.push_back(static_cast<float>(random.normal()));
      const float* row = x.data() + i * kInputs;
      y.push_back(row[0] + row[1] * row[2] > 0 ? 1.0f : 0.0f);
    }
  }
  TrainingData data() const { return {x, y, {}, static_cast<int64_t>(y.size())}; }
};

Model small_model(double dropout = 0) {
  keras::ScoringMlpOptions options;
  options.inputs = kInputs;
  options.hidden_dim = 8;
  options.dropout = dropout;
  options.learning_rate = 0.01;
  return keras::build_scoring_mlp(options).value();
}

FitOptions some_epochs(int epochs) {
  FitOptions options;
  options.epochs = epochs;
  return options;
}

TEST(Fit, LearnsAndReportsKerassNames) {
  const Points points(300);
  FitOptions options = some_epochs(60);
  options.validation_split = 0.25;
  const auto result = fit(small_model(), points.data(), options).value();
  const auto& values = result.history.values;
  ASSERT_EQ(values.size(), 4u);
  EXPECT_LT(values.at("loss").back(), 0.6 * values.at("loss").front());
  EXPECT_GT(values.at("val_accuracy").back(), 0.8);
  EXPECT_EQ(result.history.epoch.size(), 60u);
  // 225 rows: seven batches of 32, one of 1.
  EXPECT_EQ(result.model.optimizer_state.iterations, 60 * 8);
  EXPECT_TRUE(keras::validate(result.model));
}

TEST(Fit, OfNoEpochsChangesNothing) {
  const Points points(10);
  const auto result = fit(small_model(), points.data(), some_epochs(0)).value();
  EXPECT_EQ(result.model.weights()[0]->data, small_model().weights()[0]->data);
  EXPECT_TRUE(result.history.values.empty());
}

TEST(Fit, CountsAShortLastBatchByItsSamples) {
  // With a learning rate next to nothing, any batch size sees the same loss.
  const Points points(50);
  Model model = small_model();
  model.compile->optimizer.learning_rate = 1e-12;
  FitOptions options;
  options.batch_size = 50;
  const double whole = fit(model, points.data(), options).value().history.values.at("loss")[0];
  options.batch_size = 32;
  EXPECT_NEAR(fit(model, points.data(), options).value().history.values.at("loss")[0], whole, 1e-6);
  EXPECT_NEAR(evaluate(model, points.data(), 7).value().loss, whole, 1e-6);
}

TEST(Fit, TakesClassWeightsAsWeightsOfTheirSamples) {
  const Points points(64);
  FitOptions options = some_epochs(2);
  options.class_weight = {{1, 2.5}};
  const auto by_class = fit(small_model(), points.data(), options).value();
  std::vector<float> weights;
  for (const float label : points.y) weights.push_back(label == 1 ? 2.5f : 1.0f);
  TrainingData weighted = points.data();
  weighted.sample_weight = weights;
  const auto by_sample = fit(small_model(), weighted, some_epochs(2)).value();
  EXPECT_EQ(by_class.model, by_sample.model);
  EXPECT_EQ(by_class.history.values, by_sample.history.values);
}

TEST(Fit, ValidatesOnTheLastRowsBeforeShuffling) {
  const Points points(40);
  FitOptions split = some_epochs(2);
  split.validation_split = 0.25;
  FitOptions given = some_epochs(2);
  const Points all(40);
  given.validation_data =
      TrainingData{std::span(all.x).subspan(30 * kInputs), std::span(all.y).subspan(30), {}, 10};
  const TrainingData first{
      std::span(all.x).first(30 * kInputs), std::span(all.y).first(30), {}, 30};
  const auto by_split = fit(small_model(), points.data(), split).value();
  const auto by_data = fit(small_model(), first, given).value();
  EXPECT_EQ(by_split.history.values, by_data.history.values);
  EXPECT_EQ(by_split.model, by_data.model);
}

TEST(Fit, ShufflesBySeedAndEpoch) {
  const Points points(64);
  FitOptions options;
  const auto first = fit(small_model(), points.data(), options).value();
  options.seed = 1;
  EXPECT_NE(fit(small_model(), points.data(), options).value().model, first.model);
  options.shuffle = false;
  const auto plain = fit(small_model(), points.data(), options).value();
  options.seed = 2;
  EXPECT_EQ(fit(small_model(), points.data(), options).value().model, plain.model);
}

TEST(Fit, GoesOnFromTheOptimizersState) {
  const Points points(64);
  FitOptions options = some_epochs(4);
  options.shuffle = false;
  const auto at_once = fit(small_model(0.2), points.data(), options).value();
  options.epochs = 2;
  const auto half = fit(small_model(0.2), points.data(), options).value();
  const auto rest = fit(half.model, points.data(), options).value();
  EXPECT_EQ(rest.model, at_once.model);
}

TEST(Fit, RestoresTheBestWeights) {
  const Points points(60);
  const Points judge(200, 2);
  FitOptions options = some_epochs(200);
  options.validation_data = judge.data();
  options.early_stopping = EarlyStopping{};
  options.early_stopping->patience = 5;
  options.early_stopping->restore_best_weights = true;
  Model model = small_model();
  model.compile->optimizer.learning_rate = 0.05;
  const auto result = fit(model, points.data(), options).value();
  const auto& losses = result.history.values.at("val_loss");
  ASSERT_LT(losses.size(), 200u);
  EXPECT_EQ(result.history.stopped_epoch, static_cast<int>(losses.size()) - 1);
  EXPECT_EQ(result.history.best_epoch, result.history.stopped_epoch - 5);
  EXPECT_EQ(evaluate(result.model, judge.data()).value().loss,
            losses[static_cast<size_t>(result.history.best_epoch)]);
}

TEST(Fit, StopsWhenTheCallerSaysSo) {
  const Points points(32);
  FitOptions options = some_epochs(10);
  std::vector<EpochReport> reports;
  options.on_epoch = [&](const EpochReport& report) {
    reports.push_back(report);
    return report.epoch < 2;
  };
  const auto result = fit(small_model(), points.data(), options).value();
  EXPECT_TRUE(result.stopped_by_caller);
  ASSERT_EQ(reports.size(), 3u);
  EXPECT_EQ(reports[2].values.at("loss"), result.history.values.at("loss")[2]);
  EXPECT_EQ(reports[0].epochs, 10);
  EXPECT_EQ(reports[0].learning_rate, 0.01);
}

TEST(Fit, NamesEpochStepAndTensorOfALossThatIsNotFinite) {
  const Points points(64);
  Model model = small_model();
  model.compile->optimizer.learning_rate = 1e30;
  const auto result = fit(model, points.data(), some_epochs(3));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kBadData);
  EXPECT_NE(result.error().message.find("epoch 0, step 1"), std::string::npos)
      << result.error().message;
  // Weights of 1e30 are finite; the second layer's sums of their products are not.
  EXPECT_NE(result.error().message.find("hidden_2/output"), std::string::npos)
      << result.error().message;
}

TEST(Fit, NamesRowAndColumnOfANumberThatIsNotFinite) {
  Points points(10);
  points.x[4 * kInputs + 2] = NAN;
  auto result = fit(small_model(), points.data(), FitOptions{});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kBadData);
  EXPECT_NE(result.error().message.find("x[4, 2] is NaN"), std::string::npos);
  points = Points(10);
  points.y[7] = INFINITY;
  result = fit(small_model(), points.data(), FitOptions{});
  EXPECT_NE(result.error().message.find("y[7, 0] is infinite"), std::string::npos);
}

TEST(Fit, RefusesWrongShapesAndOptions) {
  const Points points(10);
  const auto error_of = [&](auto change) {
    TrainingData data = points.data();
    FitOptions options;
    Model model = small_model();
    change(data, options, model);
    const auto result = fit(model, data, options);
    return result ? std::string("none") : result.error().where + ": " + result.error().message;
  };
  const std::vector<float> weights(10, 1.0f);
  EXPECT_EQ(error_of([](auto& d, auto&, auto&) { d.rows = 9; }),
            "training data: x has 40 numbers where 9 rows of 4 are wanted");
  EXPECT_EQ(error_of([](auto& d, auto&, auto&) { d.rows = 0; }),
            "training data: there are no rows");
  EXPECT_NE(error_of([](auto& d, auto&, auto&) { d.y = d.y.first(5); }).find("y has 5"),
            std::string::npos);
  EXPECT_NE(error_of([](auto&, auto& o, auto&) { o.batch_size = 0; }).find("batch_size"),
            std::string::npos);
  EXPECT_NE(error_of([](auto&, auto& o, auto&) { o.validation_split = 0.99; }).find("one side"),
            std::string::npos);
  EXPECT_NE(error_of([](auto&, auto& o, auto&) { o.validation_split = 1; }).find("split"),
            std::string::npos);
  EXPECT_NE(error_of([](auto&, auto& o, auto&) { o.epochs = -1; }).find("epochs"),
            std::string::npos);
  EXPECT_NE(error_of([](auto&, auto&, auto& m) { m.compile.reset(); }).find("not compiled"),
            std::string::npos);
  EXPECT_NE(error_of([](auto&, auto& o, auto&) { o.early_stopping = EarlyStopping{}; })
                .find("val_loss"),
            std::string::npos);
  EXPECT_NE(error_of([&](auto& d, auto& o, auto&) {
              d.sample_weight = weights;
              o.class_weight = {{0, 1.0}};
            }).find("exclude"),
            std::string::npos);
}

TEST(Predict, GivesARowForEachRowInAnyNumber) {
  const Points points(600);
  const Model model = small_model(0.5);
  const auto all = predict(model, points.x, 600).value();
  ASSERT_EQ(all.size(), 600u);
  EXPECT_EQ(predict(model, std::span(points.x).subspan(599 * kInputs), 1).value()[0], all[599]);
  EXPECT_TRUE(predict(model, {}, 0).value().empty());
  EXPECT_FALSE(predict(model, points.x, 599));
  EXPECT_FALSE(predict(model, points.x, -1));
}

TEST(Evaluate, WeighsTheLossAndNotTheMetrics) {
  const Points points(20);
  const Model model = small_model();
  TrainingData data = points.data();
  const std::vector<float> twice(20, 2.0f);
  const Evaluation plain = evaluate(model, data).value();
  data.sample_weight = twice;
  const Evaluation weighted = evaluate(model, data).value();
  EXPECT_NEAR(weighted.loss, 2 * plain.loss, 1e-9);
  EXPECT_EQ(weighted.metrics, plain.metrics);
  EXPECT_FALSE(evaluate(model, data, 0));
}

TEST(History, IsOneJsonObject) {
  History history;
  history.values["val_loss"] = {1, 0.5};
  history.epoch = {0, 1};
  history.stopped_epoch = 1;
  const Json json = parse_json(history.to_json(), "history").value();
  EXPECT_EQ(json["val_loss"], Json({1, 0.5}));
  EXPECT_EQ(json["epoch"], Json({0, 1}));
  EXPECT_EQ(json["stopped_epoch"], 1);
}

}  // namespace
}  // namespace thunderline::cerebros::train
