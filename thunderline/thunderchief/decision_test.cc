#include "thunderline/thunderchief/decision.h"

#include <gtest/gtest.h>

namespace thunderline::thunderchief {
namespace {

TEST(Decide, IsGreedyWithoutExploration) {
  const DecisionRule rule{0.5714, 0.0};
  EXPECT_EQ(decide(rule, 0.6, 0.999).action, 1);
  EXPECT_EQ(decide(rule, 0.5, 0.0).action, 0);
  EXPECT_EQ(decide(rule, 0.6, 0.5).propensity, 1.0);
  EXPECT_EQ(decide(rule, 0.5714, 0.0).action, 0) << "the score must exceed the threshold";
}

TEST(Decide, LogsTheProbabilityOfTheActionTaken) {
  const DecisionRule rule{0.5, 0.02};
  const Decision greedy = decide(rule, 0.9, 0.5);
  EXPECT_EQ(greedy.action, 1);
  EXPECT_DOUBLE_EQ(greedy.p_intervene, 0.99);
  EXPECT_DOUBLE_EQ(greedy.propensity, 0.99);
  const Decision explored = decide(rule, 0.9, 0.995);
  EXPECT_EQ(explored.action, 0);
  EXPECT_DOUBLE_EQ(explored.propensity, 1 - 0.99);
}

TEST(Decide, NeverTakesAnActionOfProbabilityZero) {
  for (const double epsilon : {0.0, 0.02, 0.5, 1.0}) {
    for (const double score : {0.0, 0.5, 1.0}) {
      for (double u = 0.0; u < 1.0; u += 1.0 / 64) {
        EXPECT_GT(decide({0.5, epsilon}, score, u).propensity, 0.0);
      }
    }
  }
}

TEST(DecisionRule, NamesTheFieldThatIsOutOfRange) {
  EXPECT_TRUE(validate(DecisionRule{}));
  EXPECT_NE(validate({0.5, 1.5}).error().where.find("epsilon"), std::string::npos);
  EXPECT_NE(validate({-0.1, 0.0}).error().where.find("threshold"), std::string::npos);
}

}  // namespace
}  // namespace thunderline::thunderchief
