#include "thunderline/thunderchief/run_settings.h"

#include <gtest/gtest.h>

namespace thunderline::thunderchief {
namespace {

TEST(RunSettings, RoundTripThroughJson) {
  RunSettings settings;
  ASSERT_TRUE(set_setting(settings, "seed", "7"));
  ASSERT_TRUE(set_setting(settings, "strategy", "fifo"));
  ASSERT_TRUE(set_setting(settings, "worlds.inbox.reward.deliver_spam", "-2.5"));
  const auto back = run_settings_from_json(to_json(settings), "run.json");
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), to_json(settings));
  EXPECT_EQ(back->world.seed, 7u);
  EXPECT_EQ(back->strategy, ActivationStrategy::kFifo);
  EXPECT_EQ(back->world.reward.deliver_spam, -2.5);
}

TEST(RunSettings, RefuseWhatIsUnknownOfTheWrongTypeOrOutOfRange) {
  RunSettings settings;
  const struct {
    const char* key;
    const char* value;
  } bad[] = {{"no.such", "1"},         {"training.trials", "many"}, {"training.trials", "0"},
             {"training.trials", "-3"}, {"epsilon", "1.5"},          {"strategy", "random"},
             {"placebo", "1"},          {"worlds.inbox.review_rate", "7"},
             {"training.epochs", "1.5"}};
  for (const auto& [key, value] : bad) {
    EXPECT_EQ(set_setting(settings, key, value).error().code, ErrorCode::kInvalidArgument)
        << key << "=" << value;
  }
  EXPECT_EQ(to_json(settings), to_json(RunSettings{})) << "a refusal changes nothing";
}

TEST(RunSettings, NameTheKnownKeysWhenOneIsUnknown) {
  RunSettings settings;
  EXPECT_NE(set_setting(settings, "x", "1").error().hint.find("training.trials"),
            std::string::npos);
  EXPECT_GT(setting_keys().size(), 20u);
}

}  // namespace
}  // namespace thunderline::thunderchief
