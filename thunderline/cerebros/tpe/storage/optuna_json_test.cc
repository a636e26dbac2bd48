#include "thunderline/cerebros/tpe/storage/optuna_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace thunderline::cerebros::tpe {
namespace {

TEST(OptunaJson, ReadsItsOwnDistributions) {
  for (const Distribution& d : std::vector<Distribution>{
           FloatDistribution{1e-5, 0.01, true, {}}, FloatDistribution{-1, 1, false, 0.25},
           IntDistribution{32, 256, false, 32}, IntDistribution{1, 1024, true, 1},
           CategoricalDistribution{{true, std::monostate(), 1.5, int64_t{-3}, "ä\"\\"}}}) {
    EXPECT_EQ(parse_distribution(distribution_json(d), "x").value(), d) << distribution_json(d);
  }
}

TEST(OptunaJson, ReadsTheOldNamesAndTheShortForm) {
  const auto read = [](const char* text) { return parse_distribution(text, "x").value(); };
  EXPECT_EQ(read(R"({"name":"UniformDistribution","attributes":{"low":0,"high":2.5}})"),
            Distribution(FloatDistribution{0, 2.5, false, {}}));
  EXPECT_EQ(read(R"({"name":"LogUniformDistribution","attributes":{"low":0.1,"high":2.5}})"),
            Distribution(FloatDistribution{0.1, 2.5, true, {}}));
  EXPECT_EQ(read(R"({"name":"DiscreteUniformDistribution","attributes":{"low":0,"high":2,"q":0.5}})"),
            Distribution(FloatDistribution{0, 2, false, 0.5}));
  EXPECT_EQ(read(R"({"name":"IntUniformDistribution","attributes":{"low":0,"high":8,"step":2}})"),
            Distribution(IntDistribution{0, 8, false, 2}));
  EXPECT_EQ(read(R"({"name":"IntLogUniformDistribution","attributes":{"low":1,"high":8,"step":1}})"),
            Distribution(IntDistribution{1, 8, true, 1}));
  EXPECT_EQ(read(R"({"type":"int","low":1,"high":8})"), Distribution(IntDistribution{1, 8, false, 1}));
  EXPECT_EQ(read(R"({"type":"categorical","choices":["a"]})"),
            Distribution(CategoricalDistribution{{"a"}}));
}

TEST(OptunaJson, RefusesWhatIsNoDistribution) {
  for (const char* text : {"", "[]", "{}", R"({"name":"Other","attributes":{}})",
                           R"({"name":"FloatDistribution","attributes":{"low":0}})",
                           R"({"name":"CategoricalDistribution","attributes":{"choices":[]}})"}) {
    EXPECT_EQ(parse_distribution(text, "x").error().code, ErrorCode::kBadData) << text;
  }
}

TEST(OptunaJson, KnowsPythonsNumbers) {
  const std::vector<double> numbers = parse_numbers("[NaN, Infinity, -Infinity, 1e-05]", "x").value();
  EXPECT_TRUE(std::isnan(numbers[0]));
  EXPECT_EQ(numbers[2], -std::numeric_limits<double>::infinity());
  EXPECT_EQ(numbers_json(numbers), "[NaN, Infinity, -Infinity, 1e-05]");
  EXPECT_EQ(portable_json(R"({"NaN \" NaN": [NaN]})"), R"({"NaN \" NaN": ["NaN"]})");
}

TEST(OptunaJson, WritesAscii) {
  EXPECT_EQ(text_json("ä"), "\"\\u00e4\"");
  EXPECT_EQ(parse_text(text_json("ä"), "x").value(), "ä");
}

}  // namespace
}  // namespace thunderline::cerebros::tpe
