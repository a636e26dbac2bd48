#include "thunderline/cerebros/keras/forward.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/keras_models.h"

namespace thunderline::cerebros::keras {
namespace {

TEST(Activate, GivesKnownValues) {
  EXPECT_EQ(activate(Activation::kLinear, -2.5), -2.5);
  EXPECT_EQ(activate(Activation::kRelu, -2.5), 0.0);
  EXPECT_EQ(activate(Activation::kRelu, 2.5), 2.5);
  EXPECT_NEAR(activate(Activation::kGelu, 1.0), 0.8413447460685429, 1e-15);
  EXPECT_NEAR(activate(Activation::kGelu, -3.0), -0.004049694095, 1e-12);
  EXPECT_NEAR(activate(Activation::kSilu, 1.0), 0.7310585786300049, 1e-15);
  EXPECT_NEAR(activate(Activation::kSigmoid, -2.0), 0.11920292202211755, 1e-15);
  EXPECT_NEAR(activate(Activation::kTanh, 0.5), 0.46211715726000975, 1e-15);
}

TEST(Activate, StaysFiniteFarOut) {
  for (const Activation activation : {Activation::kGelu, Activation::kSilu, Activation::kSigmoid,
                                      Activation::kTanh}) {
    EXPECT_TRUE(std::isfinite(activate(activation, -1e4)));
    EXPECT_TRUE(std::isfinite(activate(activation, 1e4)));
  }
}

TEST(Forward, ComputesALayerByHand) {
  Model model;
  model.layers.push_back(InputLayer{"x", 2});
  model.layers.push_back(Dense{"y", 2, Activation::kRelu, true, {{2, 2}, {1, 2, 3, 4}},
                               {{2}, {0.5f, -100}}});
  const std::vector<float> x = {1, 1, -1, 2};
  EXPECT_EQ(forward(model, x, 2).value(), (std::vector<float>{4.5f, 0, 5.5f, 0}));
}

TEST(Forward, LeavesDropoutOut) {
  Model with = testing::random_mlp();
  Model without = with;
  without.layers.erase(without.layers.begin() + 2);
  const auto x = testing::random_rows(4, 6);
  EXPECT_EQ(forward(with, x, 4).value(), forward(without, x, 4).value());
}

TEST(Forward, TreatsEveryRowAlone) {
  const Model model = testing::random_mlp();
  const auto x = testing::random_rows(3, 6);
  const auto all = forward(model, x, 3).value();
  const auto last = forward(model, std::span(x).subspan(12), 1).value();
  EXPECT_EQ((std::vector<float>{all[4], all[5]}), last);
  EXPECT_TRUE(forward(model, {}, 0).value().empty());
}

TEST(Forward, RefusesInputOfAnotherSize) {
  const Model model = testing::random_mlp();
  const auto x = testing::random_rows(3, 6);
  const Error error = forward(model, x, 2).error();
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.message, "expected [2, 6] numbers, got 18");
  EXPECT_FALSE(forward(model, std::span(x).first(17), 3));
  EXPECT_FALSE(forward(model, {}, -1));
}

}  // namespace
}  // namespace thunderline::cerebros::keras
