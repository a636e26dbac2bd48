#include "thunderline/cerebros/onnx/graph_converter.h"

#include <gtest/gtest.h>

namespace thunderline::cerebros::onnx {
namespace {

class GoldenExport : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenExport, OnnxRuntimeAgreesWithTheNativeForwardPass) {
  const std::string path =
      std::string(THUNDERLINE_SOURCE_DIR) + "/tests/golden/keras_models/" + GetParam() + ".keras";
  const auto network = keras::load_network(posix_file_system(), path);
  ASSERT_TRUE(network) << to_string(network.error());
  for (const int64_t opset : {int64_t{13}, int64_t{17}, int64_t{21}}) {
    ConvertOptions options;
    options.opset = opset;
    const auto onnx = to_onnx(*network, options);
    ASSERT_TRUE(onnx) << to_string(onnx.error());
    const auto report = verify(*network, std::as_bytes(std::span(*onnx)), GetParam());
    EXPECT_TRUE(report) << opset << ": " << (report ? "" : to_string(report.error()));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Keras, GoldenExport,
    ::testing::Values("advanced_activations", "attention_layers", "attention_scorer",
                      "batchnorm_mlp", "bidirectional", "cerebros_dense", "channels_first_cnn",
                      "cnn_small", "conv1d_text", "dense_activations", "dense_activations_rare",
                      "dense_no_bias", "depthwise_separable", "dict_io", "einsum_block",
                      "embedding_flatten", "embedding_mask", "gru_variants", "layernorm_residual",
                      "lstm_stack", "masking_lstm", "merges", "mini_transformer", "multi_io",
                      "nested", "noise_layers", "normalizers", "op_layers", "scoring_mlp",
                      "shapes", "shared_layers", "unet_tiny"),
    [](const auto& model) { return std::string(model.param); });

}  // namespace
}  // namespace thunderline::cerebros::onnx
