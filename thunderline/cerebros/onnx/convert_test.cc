#include "thunderline/cerebros/onnx/convert.h"

#include <gtest/gtest.h>

#include "tests/support/keras_models.h"
#include "tests/support/temp_folder.h"
#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/keras/archive/keras_archive.h"
#include "thunderline/cerebros/onnx/runtime/onnx_inspect.h"

namespace thunderline::cerebros::onnx {
namespace {

const std::string kGolden = std::string(THUNDERLINE_SOURCE_DIR) + "/tests/golden/keras/";

class Convert : public ::testing::Test {
 protected:
  void save(const std::string& name, const keras::Model& model) {
    ASSERT_TRUE(files_.create_folders(folder_.path("in")));
    ASSERT_TRUE(keras::save_keras(files_, folder_.path("in/" + name), model));
  }

  ConvertRequest into_out() {
    ConvertRequest request;
    request.output_dir = folder_.path("out");
    return request;
  }

  std::vector<std::string> written() {
    std::vector<std::string> names;
    const auto entries = files_.list(folder_.path("out"));
    if (!entries) return names;
    for (const DirEntry& entry : *entries) names.push_back(entry.name);
    return names;
  }

  testing::TempFolder folder_;
  FileSystem& files_ = posix_file_system();
};

TEST_F(Convert, WritesTheModelAndItsMetadata) {
  ConvertRequest request = into_out();
  request.max_seq_length = 40;
  request.properties = {{"feature_schema", R"({"version":1})"}, {"study", "s 1"}};
  const Converted converted =
      convert_single_model(files_, kGolden + "scoring_mlp.keras", request).value();
  EXPECT_EQ(converted.onnx_path, folder_.path("out/scoring_mlp.onnx"));
  EXPECT_EQ(written(), (std::vector<std::string>{"scoring_mlp.json", "scoring_mlp.onnx"}));

  const Json json = parse_json(read_file(files_, converted.metadata_path).value(), "x").value();
  EXPECT_LE(json["verified"]["max_error"].get<double>(), 1e-5);
  Json rest = json;
  rest.erase("verified");
  EXPECT_EQ(rest, parse_json(R"json({
    "format": 1, "source": "scoring_mlp.keras", "model": "scoring_mlp.onnx", "name": "sequential",
    "opset": 17, "ir_version": 8, "parameters": 6849,
    "inputs": [{"name": "features", "shape": [-1, 40], "dtype": "float32"}],
    "outputs": [{"name": "score", "shape": [-1, 1], "dtype": "float32"}],
    "layers": ["features (InputLayer)", "dense (Dense)", "dropout (Dropout)", "dense_1 (Dense)",
               "dropout_1 (Dropout)", "score (Dense)"],
    "properties": {"feature_schema": {"version": 1}, "study": "s 1"}})json", "want").value());

  const std::string onnx = read_file(files_, converted.onnx_path).value();
  EXPECT_EQ(inspect_onnx(std::as_bytes(std::span(onnx)), "x").value().metadata, request.properties);
}

TEST_F(Convert, CanLeaveVerificationOutAndNameTheFile) {
  save("m.keras", testing::random_mlp());
  ConvertRequest request;
  request.output_file = folder_.path("out/other.v2.onnx");
  request.verify = false;
  request.opset = 13;
  const Converted converted =
      convert_single_model(files_, folder_.path("in/m.keras"), request).value();
  EXPECT_EQ(written(), (std::vector<std::string>{"other.v2.json", "other.v2.onnx"}));
  const Json json = parse_json(read_file(files_, converted.metadata_path).value(), "x").value();
  EXPECT_TRUE(json["verified"].is_null());
  EXPECT_EQ(json["ir_version"], 7);
}

TEST_F(Convert, AFileThatFailsLeavesNothingBehind) {
  ASSERT_TRUE(write_file_atomically(files_, folder_.path("broken.keras"), "no archive"));
  EXPECT_EQ(convert_single_model(files_, folder_.path("broken.keras"), into_out()).error().code,
            ErrorCode::kBadData);
  EXPECT_EQ(convert_single_model(files_, folder_.path("none.keras"), into_out()).error().code,
            ErrorCode::kNotFound);
  save("m.keras", testing::random_mlp());
  ConvertRequest wrong_length = into_out();
  wrong_length.max_seq_length = 7;
  EXPECT_EQ(convert_single_model(files_, folder_.path("in/m.keras"), wrong_length).error().message,
            "max_seq_length is 7, but the model takes rows of 6");
  ConvertRequest wrong_opset = into_out();
  wrong_opset.opset = 12;
  EXPECT_EQ(convert_single_model(files_, folder_.path("in/m.keras"), wrong_opset).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_TRUE(written().empty());
}

TEST_F(Convert, TakesModelsThatAreNoChains) {
  const auto converted = convert_single_model(files_, kGolden + "lstm_stack.keras", into_out());
  ASSERT_TRUE(converted) << to_string(converted.error());
  ASSERT_EQ(converted->metadata.inputs.size(), 1u);
  EXPECT_EQ(converted->metadata.inputs[0].dtype, "int32");
  EXPECT_EQ(converted->metadata.inputs[0].shape, (std::vector<int64_t>{-1, 12}));
  ConvertRequest wrong_length = into_out();
  wrong_length.max_seq_length = 7;
  EXPECT_EQ(convert_single_model(files_, kGolden + "lstm_stack.keras", wrong_length).error().code,
            ErrorCode::kInvalidArgument);
}

TEST_F(Convert, RemovesTheModelWhenTheMetadataCannotBeWritten) {
  save("m.keras", testing::random_mlp());
  ASSERT_TRUE(files_.create_folders(folder_.path("out/m.json/in_the_way")));
  EXPECT_FALSE(convert_single_model(files_, folder_.path("in/m.keras"), into_out()));
  EXPECT_EQ(written(), std::vector<std::string>{"m.json"});
}

TEST_F(Convert, ConvertsAFolderAndGoesOnAfterAFailure) {
  save("a.keras", testing::random_mlp(1));
  save("c.keras", testing::trained_mlp(2));
  ASSERT_TRUE(write_file_atomically(files_, folder_.path("in/b.keras"), "no archive"));
  ASSERT_TRUE(write_file_atomically(files_, folder_.path("in/notes.txt"), "text"));
  const auto items = batch_convert(files_, folder_.path("in"), into_out()).value();
  ASSERT_EQ(items.size(), 3u);
  EXPECT_TRUE(items[0].result);
  EXPECT_EQ(items[1].path, folder_.path("in/b.keras"));
  EXPECT_EQ(items[1].result.error().code, ErrorCode::kBadData);
  EXPECT_TRUE(items[2].result);
  EXPECT_EQ(written(), (std::vector<std::string>{"a.json", "a.onnx", "c.json", "c.onnx"}));
}

TEST_F(Convert, SaysWhenAFolderHasNothingToConvert) {
  EXPECT_EQ(batch_convert(files_, folder_.path(), into_out()).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(batch_convert(files_, folder_.path("none"), into_out()).error().code,
            ErrorCode::kNotFound);
  ConvertRequest one_file = into_out();
  one_file.output_file = "x.onnx";
  EXPECT_EQ(batch_convert(files_, folder_.path(), one_file).error().code,
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace thunderline::cerebros::onnx
