#include "thunderline/thunderbolt/ml/model_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace thunderline::thunderbolt {
namespace {

using ::testing::HasSubstr;

ModelMetadata full() {
  ModelMetadata m;
  m.source = "study agent_scoring, trial 7";
  m.name = "agent_scoring";
  m.version = 3;
  m.opset = 17;
  m.ir_version = 8;
  m.inputs = {{"x", "float32", {-1, 40}, {"batch", ""}}};
  m.outputs = {{"y", "float32", {-1, 1}, {"batch", ""}}};
  m.parameters = 4737;
  m.feature_schema = {1, 40, "9f0c"};
  m.hyperparameters = {{"activation", std::string("relu")},
                       {"hidden_dim", int64_t{64}},
                       {"learning_rate", 0.1 + 0.2},
                       {"norm", true}};
  m.metrics = {{"auc", 0.93}, {"brier", 1.0 / 3}};
  m.data_range = {5106, "a", "b", 1, 2};
  m.created_unix_ms = 1'700'000'000'000;
  m.sha256 = "00ff";
  return m;
}

TEST(ModelMetadata, ReadsBackWhatItWrote) {
  EXPECT_EQ(ModelMetadata::from_json(full().to_json(), "m").value(), full());
  EXPECT_EQ(ModelMetadata::from_json(ModelMetadata{}.to_json(), "m").value(), ModelMetadata{});
}

TEST(ModelMetadata, WritesWhatIsNotFiniteAsNull) {
  ModelMetadata m;
  m.metrics["loss"] = std::numeric_limits<double>::infinity();
  const auto back = ModelMetadata::from_json(m.to_json(), "m").value();
  EXPECT_TRUE(std::isnan(back.metrics.at("loss")));
}

TEST(ModelMetadata, PassesOverWhatItDoesNotKnow) {
  const auto m = ModelMetadata::from_json(R"({"name":"a","colour":"red"})", "m").value();
  EXPECT_EQ(m.name, "a");
  EXPECT_EQ(m.version, 0);
}

TEST(ModelMetadata, NamesTheFieldThatIsWrong) {
  const auto refusal = [](const char* text) {
    return to_string(ModelMetadata::from_json(text, "m.json").error());
  };
  EXPECT_THAT(refusal("{"), HasSubstr("m.json"));
  EXPECT_THAT(refusal("[]"), HasSubstr("object"));
  EXPECT_THAT(refusal(R"({"format":2})"), HasSubstr("format 2"));
  EXPECT_THAT(refusal(R"({"version":"3"})"), HasSubstr("version"));
  EXPECT_THAT(refusal(R"({"inputs":{}})"), HasSubstr("inputs"));
  EXPECT_THAT(refusal(R"({"inputs":[3]})"), HasSubstr("inputs"));
  EXPECT_THAT(refusal(R"({"inputs":[{"shape":[1.5]}]})"), HasSubstr("shape"));
  EXPECT_THAT(refusal(R"({"inputs":[{"shape":3}]})"), HasSubstr("shape"));
  EXPECT_THAT(refusal(R"({"inputs":[{"dim_names":[1]}]})"), HasSubstr("dim_names"));
  EXPECT_THAT(refusal(R"({"inputs":[{"dim_names":1}]})"), HasSubstr("dim_names"));
  EXPECT_THAT(refusal(R"({"hyperparameters":{"a":[1]}})"), HasSubstr("hyperparameters.a"));
  EXPECT_THAT(refusal(R"({"hyperparameters":1})"), HasSubstr("hyperparameters"));
  EXPECT_THAT(refusal(R"({"metrics":{"auc":"high"}})"), HasSubstr("metrics.auc"));
  EXPECT_THAT(refusal(R"({"metrics":1})"), HasSubstr("metrics"));
  EXPECT_THAT(refusal(R"({"feature_schema":1})"), HasSubstr("feature_schema"));
  EXPECT_THAT(refusal(R"({"feature_schema":{"width":"w"}})"), HasSubstr("width"));
  EXPECT_THAT(refusal(R"({"data_range":{"steps":1.5}})"), HasSubstr("steps"));
  EXPECT_THAT(refusal(R"({"data_range":1})"), HasSubstr("data_range"));
}

}  // namespace
}  // namespace thunderline::thunderbolt
