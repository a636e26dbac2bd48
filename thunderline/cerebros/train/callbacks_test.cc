#include "thunderline/cerebros/train/callbacks.h"

#include <gtest/gtest.h>

#include <vector>

namespace thunderline::cerebros::train {
namespace {

/// The epoch at which a series stops, or −1.
int stops_at(EarlyStopper& stopper, const std::string& name, const std::vector<double>& series) {
  for (size_t epoch = 0; epoch < series.size(); ++epoch) {
    if (stopper.on_epoch_end(static_cast<int>(epoch), {{name, series[epoch]}}).value().stop) {
      return static_cast<int>(epoch);
    }
  }
  return -1;
}

TEST(EarlyStopper, StopsAfterPatienceEpochsWithoutImprovement) {
  EarlyStopping options;
  options.patience = 2;
  auto stopper = EarlyStopper::create(options).value();
  EXPECT_EQ(stops_at(stopper, "val_loss", {5, 4, 4, 3, 3.5, 3}), 5);
  EXPECT_EQ(stopper.best_epoch(), 3);
  EXPECT_EQ(stopper.stopped_epoch(), 5);
  EXPECT_EQ(stopper.best(), 3);
}

TEST(EarlyStopper, CountsAChangeBelowMinDeltaAsNone) {
  EarlyStopping options;
  options.patience = 2;
  options.min_delta = 0.5;
  auto stopper = EarlyStopper::create(options).value();
  EXPECT_EQ(stops_at(stopper, "val_loss", {5, 4.8, 4.6, 4.4}), 2);
}

TEST(EarlyStopper, KnowsThatAccuracyRises) {
  EarlyStopping options;
  options.monitor = "val_accuracy";
  options.patience = 1;
  auto stopper = EarlyStopper::create(options).value();
  EXPECT_EQ(stops_at(stopper, "val_accuracy", {0.5, 0.6, 0.7, 0.7}), 3);
}

TEST(EarlyStopper, DoesNotLookBeforeItsFirstEpochNorStopAtEpochZero) {
  EarlyStopping options;
  options.start_from_epoch = 3;
  auto stopper = EarlyStopper::create(options).value();
  EXPECT_EQ(stops_at(stopper, "val_loss", {1, 2, 3, 4, 5}), 4);
  auto at_once = EarlyStopper::create(EarlyStopping{}).value();
  EXPECT_EQ(stops_at(at_once, "val_loss", {1, 1}), 1);
}

TEST(EarlyStopper, WaitsOnUntilTheBaselineIsBeaten) {
  EarlyStopping options;
  options.patience = 3;
  options.baseline = 1.0;
  auto stopper = EarlyStopper::create(options).value();
  // Each epoch is better than the one before, but the count only restarts below the baseline.
  EXPECT_EQ(stops_at(stopper, "val_loss", {5, 4, 3, 2, 2}), 4);
  auto lucky = EarlyStopper::create(options).value();
  EXPECT_EQ(stops_at(lucky, "val_loss", {5, 4, 0.5, 2, 2}), -1);
}

TEST(EarlyStopper, AsksForTheBestWeightsOnlyWhenTheyAreToBeRestored) {
  EarlyStopping options;
  options.patience = 9;
  auto plain = EarlyStopper::create(options).value();
  EXPECT_FALSE(plain.on_epoch_end(0, {{"val_loss", 1}}).value().keep_weights);
  options.restore_best_weights = true;
  auto restoring = EarlyStopper::create(options).value();
  EXPECT_TRUE(restoring.on_epoch_end(0, {{"val_loss", 1}}).value().keep_weights);
  EXPECT_FALSE(restoring.on_epoch_end(1, {{"val_loss", 2}}).value().keep_weights);
}

TEST(EarlyStopper, RefusesBadOptionsAndMissingValues) {
  EarlyStopping options;
  options.patience = -1;
  EXPECT_EQ(EarlyStopper::create(options).error().where, "patience");
  options = {};
  options.monitor = "mystery";
  EXPECT_NE(EarlyStopper::create(options).error().message.find("mystery"), std::string::npos);
  options.mode = MonitorMode::kMin;
  auto stopper = EarlyStopper::create(options).value();
  EXPECT_NE(stopper.on_epoch_end(0, {{"loss", 1}}).error().hint.find("loss"), std::string::npos);
}

TEST(PlateauWatch, ReducesAfterPatienceAndRespectsCooldownAndFloor) {
  ReduceLrOnPlateau options;
  options.factor = 0.5;
  options.patience = 2;
  options.cooldown = 2;
  options.min_lr = 0.375;
  auto watch = PlateauWatch::create(options).value();
  double rate = 1;
  std::vector<double> rates;
  for (int epoch = 0; epoch < 9; ++epoch) {
    rate = watch.on_epoch_end(rate, {{"val_loss", 1.0}}).value();
    rates.push_back(rate);
  }
  EXPECT_EQ(rates, (std::vector<double>{1, 1, 0.5, 0.5, 0.5, 0.375, 0.375, 0.375, 0.375}));
}

TEST(PlateauWatch, RefusesAFactorThatDoesNotReduce) {
  ReduceLrOnPlateau options;
  options.factor = 1;
  EXPECT_EQ(PlateauWatch::create(options).error().where, "factor");
}

TEST(ParseMonitorMode, KnowsKerassNames) {
  EXPECT_EQ(parse_monitor_mode("max").value(), MonitorMode::kMax);
  EXPECT_FALSE(parse_monitor_mode("up"));
}

}  // namespace
}  // namespace thunderline::cerebros::train
