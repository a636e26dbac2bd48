#include "thunderline/cerebros/tpe/distribution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace thunderline::cerebros::tpe {
namespace {

/// The error's message, or "" where there is none.
std::string complaint(Distribution distribution) {
  const auto result = checked_distribution("lr", std::move(distribution));
  if (result) return "";
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(result.error().where, "lr");
  EXPECT_NE(result.error().message.find("\"lr\""), std::string::npos);
  return result.error().message;
}

bool contains_text(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

TEST(CheckedDistribution, NamesTheParameterAndTheFaultyField) {
  EXPECT_TRUE(contains_text(complaint(FloatDistribution{2, 1, false, {}}), "low 2"));
  EXPECT_TRUE(contains_text(complaint(FloatDistribution{0, 1, true, {}}), "log needs low > 0"));
  EXPECT_TRUE(contains_text(complaint(FloatDistribution{1, 2, true, 0.5}), "exclude"));
  EXPECT_TRUE(contains_text(complaint(FloatDistribution{1, 2, false, 0.0}), "step"));
  EXPECT_TRUE(contains_text(
      complaint(FloatDistribution{0, std::numeric_limits<double>::infinity(), false, {}}),
      "finite"));
  EXPECT_TRUE(contains_text(complaint(FloatDistribution{-1.7e308, 1.7e308, false, {}}), "finite"));
  EXPECT_TRUE(contains_text(complaint(IntDistribution{5, 4, false, 1}), "low 5"));
  EXPECT_TRUE(contains_text(complaint(IntDistribution{0, 4, true, 1}), "log needs low >= 1"));
  EXPECT_TRUE(contains_text(complaint(IntDistribution{1, 4, true, 2}), "log needs step 1"));
  EXPECT_TRUE(contains_text(complaint(IntDistribution{1, 4, false, 0}), "step"));
  EXPECT_TRUE(contains_text(complaint(IntDistribution{INT64_MIN, INT64_MAX, false, 1}), "2^53"));
  EXPECT_TRUE(contains_text(complaint(CategoricalDistribution{}), "empty"));
  EXPECT_TRUE(contains_text(complaint(CategoricalDistribution{{"a", "b", "a"}}), "twice"));
  EXPECT_EQ(complaint(FloatDistribution{1, 1, false, {}}), "");
  EXPECT_FALSE(checked_distribution("", FloatDistribution{}));
}

TEST(CheckedDistribution, LowersHighToTheLastPointOfTheGrid) {
  const auto whole = checked_distribution("n", IntDistribution{1, 10, false, 4}).value();
  EXPECT_EQ(std::get<IntDistribution>(whole).high, 9);
  const auto real = checked_distribution("x", FloatDistribution{0, 1, false, 0.3}).value();
  EXPECT_EQ(std::get<FloatDistribution>(real).high, 0.9);
  const auto exact = checked_distribution("x", FloatDistribution{0, 0.9, false, 0.1}).value();
  EXPECT_EQ(std::get<FloatDistribution>(exact).high, 0.9);
}

TEST(Distribution, KnowsWhetherThereIsOnlyOneValue) {
  EXPECT_TRUE(is_single(FloatDistribution{1, 1, false, {}}));
  EXPECT_TRUE(is_single(IntDistribution{3, 3, true, 1}));
  EXPECT_TRUE(is_single(CategoricalDistribution{{"only"}}));
  EXPECT_FALSE(is_single(IntDistribution{3, 4, false, 1}));
  // Two doubles with one logarithm.
  EXPECT_TRUE(is_single(FloatDistribution{1e300, std::nextafter(1e300, 2e300), true, {}}));
}

TEST(Distribution, MapsChoicesOfAnyTypeToIndicesAndBack) {
  const Distribution d = CategoricalDistribution{{"relu", int64_t{3}, 0.5, true}};
  EXPECT_EQ(to_internal(d, "relu"), 0.0);
  EXPECT_EQ(to_internal(d, true), 3.0);
  EXPECT_EQ(to_internal(d, "tanh"), std::nullopt);
  EXPECT_EQ(to_external(d, 2.0), ParamValue(0.5));
}

TEST(Distribution, ContainsNumbersOfTheRightKindOnly) {
  const Distribution whole = IntDistribution{1, 4, false, 1};
  EXPECT_TRUE(contains(whole, int64_t{4}));
  EXPECT_TRUE(contains(whole, 2.0));
  EXPECT_FALSE(contains(whole, 2.5));
  EXPECT_FALSE(contains(whole, int64_t{5}));
  EXPECT_FALSE(contains(whole, "2"));
  EXPECT_FALSE(contains(whole, true));
  EXPECT_TRUE(contains(FloatDistribution{0, 1, false, {}}, int64_t{1}));
}

TEST(Domain, IsWidenedByHalfAStepAndRoundsOntoTheGrid) {
  const Domain domain = domain_of(IntDistribution{32, 256, false, 32});
  EXPECT_EQ(domain.low, 16);
  EXPECT_EQ(domain.high, 272);
  EXPECT_EQ(domain.value_at(75), 64);
  EXPECT_EQ(domain.value_at(81), 96);
  EXPECT_EQ(domain.value_at(272), 256);
}

TEST(ParamValue, IsShownWithAllItsDigits) {
  EXPECT_EQ(to_string(ParamValue(0.1)), "0.1");
  EXPECT_EQ(to_string(ParamValue(1e-5)), "1e-05");
  EXPECT_EQ(to_string(ParamValue(int64_t{32})), "32");
  EXPECT_EQ(to_string(ParamValue(false)), "false");
  EXPECT_EQ(to_string(ParamValue("gelu")), "gelu");
}

}  // namespace
}  // namespace thunderline::cerebros::tpe
