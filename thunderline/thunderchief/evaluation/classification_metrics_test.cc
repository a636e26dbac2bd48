#include "thunderline/thunderchief/evaluation/classification_metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace thunderline::thunderchief {
namespace {

using Scores = std::vector<double>;
using Labels = std::vector<uint8_t>;

TEST(Auc, CountsPairsAndHalvesTies) {
  EXPECT_EQ(auc(Scores{0.1, 0.4, 0.35, 0.8}, Labels{0, 0, 1, 1}).value(), 0.75);
  EXPECT_EQ(auc(Scores{0.5, 0.5, 0.5}, Labels{0, 1, 1}).value(), 0.5);
  EXPECT_EQ(auc(Scores{0.2, 0.5, 0.5, 0.9}, Labels{0, 0, 1, 1}).value(), 3.5 / 4);
  EXPECT_EQ(auc(Scores{0.9, 0.1}, Labels{0, 1}).value(), 0.0);
}

TEST(Auc, NeedsBothClasses) {
  EXPECT_EQ(auc(Scores{0.9, 0.1}, Labels{1, 1}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(auc(Scores{0.9, 0.1}, Labels{0, 0}).error().code, ErrorCode::kInvalidArgument);
}

TEST(Brier, IsTheMeanSquaredError) {
  EXPECT_DOUBLE_EQ(brier(Scores{0.1, 0.8}, Labels{0, 1}).value(), (0.01 + 0.04) / 2);
}

TEST(Accuracy, CountsTheRightSideOfTheThreshold) {
  const Scores scores = {0.5, 0.6, 0.9, 0.1};
  EXPECT_EQ(accuracy(scores, Labels{0, 1, 0, 0}).value(), 0.75);
  EXPECT_EQ(accuracy(scores, Labels{0, 1, 0, 0}, 0.7).value(), 0.5);
}

TEST(LogLoss, IsTheNegativeLogLikelihoodAndStaysFinite) {
  EXPECT_DOUBLE_EQ(log_loss(Scores{0.25, 0.5}, Labels{0, 1}).value(),
                   -(std::log(0.75) + std::log(0.5)) / 2);
  EXPECT_NEAR(log_loss(Scores{1.0}, Labels{0}).value(), -std::log(1e-15), 1e-9);
}

TEST(ClassificationMetrics, RefuseWhatIsNoScoreOrLabel) {
  EXPECT_FALSE(brier(Scores{}, Labels{}));
  EXPECT_FALSE(brier(Scores{0.5}, Labels{0, 1}));
  EXPECT_FALSE(brier(Scores{1.5}, Labels{0}));
  EXPECT_FALSE(brier(Scores{std::nan("")}, Labels{0}));
  EXPECT_EQ(log_loss(Scores{0.5, 0.5}, Labels{0, 2}).error().where, "entry 1");
}

}  // namespace
}  // namespace thunderline::thunderchief
