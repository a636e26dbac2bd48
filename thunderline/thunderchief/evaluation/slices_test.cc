#include "thunderline/thunderchief/evaluation/slices.h"

#include <gtest/gtest.h>

namespace thunderline::thunderchief {
namespace {

/// Spam that was delivered and seen, or ham; what both models say of it.
LoggedDecision mail(bool spam, double champion, double challenger) {
  LoggedDecision decision;
  decision.reward = spam ? -1 : 1;
  decision.seen = true;
  decision.champion_score = champion;
  decision.challenger_score = challenger;
  return decision;
}

/// 600 mails, channel 0 rising. On the highest third the challenger throws away half of the ham that
/// the champion lets through; elsewhere it catches the spam that the champion does not.
struct Inbox {
  std::vector<LoggedDecision> decisions;
  std::vector<float> channels;

  Inbox() {
    for (int i = 0; i < 600; ++i) {
      const bool high = i >= 400;
      const bool odd = i % 2 == 1;
      if (high) {
        decisions.push_back(mail(false, 0.0, odd ? 1.0 : 0.0));
      } else {
        decisions.push_back(mail(odd, 0.0, odd ? 1.0 : 0.0));
      }
      channels.push_back(static_cast<float>(i));
      channels.push_back(1.0f);
    }
  }
};

TEST(Slices, AModelBetterOnAverageAndClearlyWorseOnASliceIsHeld) {
  const Inbox inbox;
  EXPECT_GT(label_replay(inbox.decisions, {})->z, 2.33);
  const auto slices = compare_slices(inbox.decisions, inbox.channels, 2, {});
  ASSERT_TRUE(slices);
  ASSERT_EQ(slices->size(), 4u) << "a channel of one value has one slice";
  const auto harmed = harmed_slice(*slices);
  ASSERT_TRUE(harmed);
  EXPECT_EQ(harmed->channel, 0u);
  EXPECT_EQ(harmed->tercile, 2);
  EXPECT_EQ(harmed->low, 400);
  EXPECT_EQ(harmed->high, 599);
  EXPECT_EQ(harmed->judged, 200u);
  EXPECT_LE(harmed->reward.z, -3.0);
}

TEST(Slices, OneWithTooFewJudgedDecisionsHoldsNobody) {
  Inbox inbox;
  for (size_t i = 400 + 49; i < 600; ++i) inbox.decisions[i].seen = false;
  const auto slices = compare_slices(inbox.decisions, inbox.channels, 2, {});
  ASSERT_TRUE(slices);
  EXPECT_FALSE(harmed_slice(*slices));
  inbox.decisions[400 + 49] = mail(false, 0.0, 1.0);
  const auto enough = compare_slices(inbox.decisions, inbox.channels, 2, {});
  ASSERT_TRUE(enough);
  EXPECT_EQ(harmed_slice(*enough)->judged, 50u);
}

TEST(Slices, TwoModelsAlikeHarmNoSlice) {
  Inbox inbox;
  for (LoggedDecision& decision : inbox.decisions) {
    decision.challenger_score = decision.champion_score;
  }
  EXPECT_FALSE(harmed_slice(*compare_slices(inbox.decisions, inbox.channels, 2, {})));
}

TEST(Slices, RefuseChannelsThatDoNotFit) {
  Inbox inbox;
  EXPECT_FALSE(compare_slices(inbox.decisions, inbox.channels, 3, {}));
  EXPECT_FALSE(compare_slices({}, {}, 2, {}));
  inbox.channels[5] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(compare_slices(inbox.decisions, inbox.channels, 2, {}));
}

}  // namespace
}  // namespace thunderline::thunderchief
