#include "thunderline/cerebros/onnx/verify.h"

#include <gtest/gtest.h>

#include "tests/support/keras_models.h"
#include "thunderline/cerebros/onnx/converter.h"

namespace thunderline::cerebros::onnx {
namespace {

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(Verify, ReportsHowCloseTheModelsAre) {
  const auto model = testing::random_mlp();
  const VerifyReport report = verify(model, bytes(to_onnx(model).value()), "m.onnx").value();
  EXPECT_EQ(report.rows, 4);
  EXPECT_GT(report.max_error, 0.0);
  EXPECT_LE(report.max_error, 1e-5);
  EXPECT_EQ(report.tolerance, 1e-4);
}

TEST(Verify, NoticesAWeightThatChanged) {
  auto model = testing::random_mlp();
  const std::string onnx = to_onnx(model).value();
  std::get<keras::Dense>(model.layers[3]).bias.data[1] += 0.01f;
  const Error error = verify(model, bytes(onnx), "m.onnx").error();
  EXPECT_EQ(error.code, ErrorCode::kBadData);
  EXPECT_EQ(error.where, "m.onnx");
  EXPECT_TRUE(verify(model, bytes(onnx), "m.onnx", {.tolerance = 0.1}));
}

TEST(Verify, NoticesAnotherWidthAndWhatIsNoModel) {
  const auto model = testing::random_mlp();
  keras::Model wider = model;
  wider.layers.push_back(keras::Dense{"more", 3, keras::Activation::kLinear, false,
                                      {{2, 3}, {1, 2, 3, 4, 5, 6}}, {}});
  EXPECT_EQ(verify(model, bytes(to_onnx(wider).value()), "m").error().code, ErrorCode::kBadData);
  EXPECT_EQ(verify(model, bytes("nonsense"), "m").error().code, ErrorCode::kBadData);
}

}  // namespace
}  // namespace thunderline::cerebros::onnx
