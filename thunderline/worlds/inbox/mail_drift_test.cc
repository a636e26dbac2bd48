#include "thunderline/worlds/inbox/mail_drift.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/inbox_corpus.h"
#include "thunderline/worlds/inbox/inbox_replay.h"
#include "thunderline/worlds/inbox/mail_channels.h"

namespace thunderline::worlds::inbox {
namespace {

using Row = std::array<float, kChannels>;

Row filled(float value) {
  Row row;
  row.fill(value);
  return row;
}

TEST(ImitateHam, GivesLaterSpamTheHabitsOfAHamAndLeavesItItsOwn) {
  std::vector<Row> channels = {filled(1), filled(0.25f), filled(1), filled(0.75f)};
  imitate_ham(channels, {true, false, true, false}, 1, 7);
  EXPECT_EQ(channels[0], filled(1)) << "before the change";
  EXPECT_EQ(channels[1], filled(0.25f)) << "ham";
  EXPECT_EQ(channels[3], filled(0.75f)) << "ham";
  const float donor = channels[2][kHtml];
  EXPECT_TRUE(donor == 0.25f || donor == 0.75f) << donor;
  EXPECT_EQ(channels[2][kCapitals], donor) << "one donor for all";
  EXPECT_EQ(channels[2][kSecondPerson], 1) << "its own";
  EXPECT_EQ(channels[2][kSubjectReply], 1);
  EXPECT_EQ(channels[2][kQuoted], 0);
}

TEST(ImitateHam, LeavesAStreamWithoutHamAlone) {
  std::vector<Row> channels = {filled(1), filled(0.5f)};
  imitate_ham(channels, {true, true}, 0, 7);
  EXPECT_EQ(channels, (std::vector<Row>{filled(1), filled(0.5f)}));
}

TEST(DriftedInbox, IsThePlainOneButForTheLaterSpamsChannels) {
  const InboxReplay plain = make_inbox(testing::inbox_corpus(), {})->replay;
  const InboxReplay drifted =
      make_inbox(testing::inbox_corpus(), {.drift_at = 0.5})->replay;
  EXPECT_EQ(plain.truth->spam, drifted.truth->spam);
  EXPECT_EQ(plain.stage->arrivals, drifted.stage->arrivals);
  EXPECT_EQ(plain.stage->exploration, drifted.stage->exploration);
  EXPECT_EQ(plain.stage->contents, drifted.stage->contents);
  size_t changed = 0;
  for (size_t i = 0; i < plain.size(); ++i) {
    if (plain.stage->channels[i] == drifted.stage->channels[i]) continue;
    EXPECT_TRUE(plain.truth->spam[i]) << i;
    EXPECT_GE(i, drift_start(plain.size(), 0.5));
    ++changed;
  }
  EXPECT_GT(changed, 700u) << "of about 800 spam in the second half";
}

TEST(DriftedInbox, RefusesAShareThatIsNone) {
  for (const double share : {-0.1, 1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(make_inbox(testing::inbox_corpus(), {.drift_at = share}).error().code,
              ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace thunderline::worlds::inbox
