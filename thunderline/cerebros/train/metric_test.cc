#include "thunderline/cerebros/train/metric.h"

#include <gtest/gtest.h>

namespace thunderline::cerebros::train {
namespace {

TEST(Metrics, AreMeansOverAllSamplesOfAllBatches) {
  Metrics metrics = Metrics::create({"accuracy", "mse", "mae"}).value();
  metrics.add(std::vector<float>{0.9f, 0.5f}, std::vector<float>{1, 1}, 1);
  metrics.add(std::vector<float>{0.0f}, std::vector<float>{0}, 1);
  std::map<std::string, double> values;
  metrics.write("val_", values);
  EXPECT_NEAR(values["val_accuracy"], 2.0 / 3, 1e-12);  // 0.5 is not above the threshold
  EXPECT_NEAR(values["val_mse"], (0.01 + 0.25) / 3, 1e-7);
  EXPECT_NEAR(values["val_mae"], 0.6 / 3, 1e-7);
}

TEST(Metrics, CompareTheLargestPlacesOfSeveralOutputs) {
  Metrics metrics = Metrics::create({"accuracy"}).value();
  metrics.add(std::vector<float>{0.1f, 0.2f, 0.9f, 0.3f}, std::vector<float>{0, 1, 0, 1}, 2);
  std::map<std::string, double> values;
  metrics.write("", values);
  EXPECT_EQ(values["accuracy"], 0.5);
}

TEST(Metrics, StartAfreshAfterAReset) {
  Metrics metrics = Metrics::create({"mae"}).value();
  metrics.add(std::vector<float>{1}, std::vector<float>{0}, 1);
  metrics.reset();
  metrics.add(std::vector<float>{1}, std::vector<float>{1}, 1);
  std::map<std::string, double> values;
  metrics.write("", values);
  EXPECT_EQ(values["mae"], 0);
}

TEST(Metrics, RefuseAnUnknownNameWithTheKnownOnes) {
  const auto metrics = Metrics::create({"f2"});
  ASSERT_FALSE(metrics);
  EXPECT_NE(metrics.error().message.find("f2"), std::string::npos);
  EXPECT_NE(metrics.error().hint.find("mae"), std::string::npos);
}

}  // namespace
}  // namespace thunderline::cerebros::train
