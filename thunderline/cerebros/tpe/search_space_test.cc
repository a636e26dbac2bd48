#include "thunderline/cerebros/tpe/search_space.h"

#include <gtest/gtest.h>

namespace thunderline::cerebros::tpe {
namespace {

constexpr const char* kSeedSpace = R"([
  {"name": "learning_rate", "type": "float", "low": 1e-5, "high": 1e-2, "log": true},
  {"name": "hidden_dim", "type": "int", "low": 32, "high": 256, "step": 32},
  {"name": "num_layers", "type": "int", "low": 1, "high": 4},
  {"name": "dropout", "type": "float", "low": 0.0, "high": 0.5},
  {"name": "activation", "type": "categorical", "choices": ["relu", "gelu", "swish"]}
])";

Error parse_error(const std::string& json) {
  const auto space = SearchSpace::parse(json, "space.json");
  return space ? Error{} : space.error();
}

TEST(SearchSpace, ReadsTheListInItsOrder) {
  const SearchSpace space = SearchSpace::parse(kSeedSpace, "space.json").value();
  ASSERT_EQ(space.parameters().size(), 5u);
  EXPECT_EQ(space.parameters()[0],
            (Parameter{"learning_rate", FloatDistribution{1e-5, 1e-2, true, {}}}));
  EXPECT_EQ(space.parameters()[1], (Parameter{"hidden_dim", IntDistribution{32, 256, false, 32}}));
  EXPECT_EQ(space.parameters()[4],
            (Parameter{"activation", CategoricalDistribution{{"relu", "gelu", "swish"}}}));
  EXPECT_NE(space.find("dropout"), nullptr);
  EXPECT_EQ(space.find("nothing"), nullptr);
}

TEST(SearchSpace, ReadsWhatItWrites) {
  const SearchSpace space = SearchSpace::parse(kSeedSpace, "space.json").value();
  EXPECT_EQ(SearchSpace::parse(space.to_json(), "again").value(), space);
  const std::string mixed =
      R"([{"name":"m","type":"categorical","choices":["a",1,0.5,true]},)"
      R"({"name":"s","type":"float","low":0.0,"high":0.9,"step":0.1}])";
  EXPECT_EQ(SearchSpace::parse(mixed, "x").value().to_json(), mixed);
}

TEST(SearchSpace, NamesThePlaceOfABadField) {
  const Error missing = parse_error(R"([{"name":"lr","type":"float","low":0}])");
  EXPECT_EQ(missing.code, ErrorCode::kBadData);
  EXPECT_NE(missing.message.find("\"high\""), std::string::npos);
  EXPECT_EQ(missing.where, "space.json, entry 0, parameter \"lr\"");
  EXPECT_NE(parse_error(R"([{"name":"n","type":"int","low":1,"high":2.5}])").message.find("high"),
            std::string::npos);
  EXPECT_NE(parse_error(R"([{"name":"n","type":"integer"}])").message.find("integer"),
            std::string::npos);
  EXPECT_NE(parse_error(R"([{"name":"n","type":"int","low":1,"high":2,"logg":true}])")
                .message.find("logg"),
            std::string::npos);
  EXPECT_EQ(parse_error(R"([{"name":"a","type":"categorical"}])").code, ErrorCode::kBadData);
  EXPECT_EQ(parse_error(R"([{"name":"a","type":"categorical","choices":[[1]]}])").code,
            ErrorCode::kBadData);
  EXPECT_EQ(parse_error("{}").code, ErrorCode::kBadData);
  EXPECT_EQ(parse_error("[3]").code, ErrorCode::kBadData);
  EXPECT_EQ(parse_error("[").code, ErrorCode::kBadData);
}

TEST(SearchSpace, RefusesANameThatIsThereTwiceAndBadRanges) {
  const Error twice = parse_error(
      R"([{"name":"n","type":"int","low":1,"high":2},{"name":"n","type":"int","low":1,"high":2}])");
  EXPECT_EQ(twice.code, ErrorCode::kInvalidArgument);
  EXPECT_NE(twice.message.find("\"n\" is there twice"), std::string::npos);
  const Error log_of_zero =
      parse_error(R"([{"name":"lr","type":"float","low":0,"high":1,"log":true}])");
  EXPECT_EQ(log_of_zero.where, "lr");
}

}  // namespace
}  // namespace thunderline::cerebros::tpe
