#include "thunderline/cerebros/keras/builders/scoring_mlp.h"

#include <gtest/gtest.h>

namespace thunderline::cerebros::keras {
namespace {

TEST(BuildScoringMlp, NamesAndShapesItsLayers) {
  ScoringMlpOptions options;
  options.hidden_dim = 32;
  const Model model = build_scoring_mlp(options).value();
  ASSERT_TRUE(validate(model));
  ASSERT_EQ(model.layers.size(), 6u);
  EXPECT_EQ(std::get<InputLayer>(model.layers[0]).width, 40);
  EXPECT_EQ(std::get<Dense>(model.layers[1]).name, "hidden_1");
  EXPECT_EQ(std::get<Dropout>(model.layers[2]).name, "dropout_1");
  EXPECT_EQ(std::get<Dropout>(model.layers[4]).rate, 0.1);
  EXPECT_EQ(std::get<Dense>(model.layers[5]).name, "score");
  EXPECT_EQ(std::get<Dense>(model.layers[5]).activation, Activation::kSigmoid);
  EXPECT_EQ(model.parameter_count(), 40 * 32 + 32 + 32 * 32 + 32 + 32 + 1);
  ASSERT_TRUE(model.compile);
  EXPECT_EQ(model.compile->metrics, std::vector<std::string>{"accuracy"});
}

TEST(BuildScoringMlp, LeavesDropoutOutAtRateZero) {
  ScoringMlpOptions options;
  options.dropout = 0;
  options.num_layers = 3;
  EXPECT_EQ(build_scoring_mlp(options).value().layers.size(), 5u);
}

TEST(BuildScoringMlp, GivesTheSameModelForTheSameSeedOnly) {
  ScoringMlpOptions options;
  const Model first = build_scoring_mlp(options).value();
  EXPECT_EQ(build_scoring_mlp(options).value(), first);
  options.seed = 1;
  EXPECT_NE(build_scoring_mlp(options).value(), first);
}

TEST(BuildScoringMlp, RefusesWhatIsOutOfRangeByName) {
  const auto refused_at = [](auto change) {
    ScoringMlpOptions options;
    change(options);
    const auto model = build_scoring_mlp(options);
    return model ? "" : model.error().where;
  };
  EXPECT_EQ(refused_at([](auto& o) { o.inputs = 0; }), "inputs");
  EXPECT_EQ(refused_at([](auto& o) { o.hidden_dim = 1 << 20; }), "hidden_dim");
  EXPECT_EQ(refused_at([](auto& o) { o.num_layers = -1; }), "num_layers");
  EXPECT_EQ(refused_at([](auto& o) { o.dropout = 1; }), "dropout");
  EXPECT_EQ(refused_at([](auto& o) { o.learning_rate = 0; }), "learning_rate");
}

}  // namespace
}  // namespace thunderline::cerebros::keras
