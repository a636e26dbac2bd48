#include "thunderline/worlds/inbox/inbox_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/small_inbox.h"

namespace thunderline::worlds::inbox {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr bool kHam = false;
constexpr bool kSpam = true;

/// A world and its ledger.
struct Scene {
  Scene(const std::vector<testing::SmallMail>& mails, std::vector<size_t> arrivals)
      : replay(testing::small_inbox(mails, std::move(arrivals))),
        ledger(make_ledger(replay)),
        world(replay, ledger) {}

  InboxReplay replay;
  std::shared_ptr<InboxLedger> ledger;
  InboxWorld world;
};

TEST(InboxWorld, MailsComeInByTheDrawnNumbers) {
  Scene scene({{}, {}, {}}, {2, 0, 1});
  const auto first = scene.world.arrive(0);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[1].position, 1u);
  EXPECT_EQ(*first[1].content, "mail 1");
  EXPECT_THAT(scene.world.arrive(1), IsEmpty());
  EXPECT_EQ(scene.world.arrive(2).size(), 1u);
  EXPECT_THAT(scene.world.arrive(3), IsEmpty());
  EXPECT_EQ(scene.world.size(), 3u);
}

TEST(InboxWorld, DeliveredMailAlwaysComesBackAfterItsDelay) {
  Scene scene({{kHam, false, 3}, {kSpam, false, 1}}, {2});
  scene.world.arrive(0);
  ASSERT_TRUE(scene.world.decide(0, kDeliver, 0, false));
  ASSERT_TRUE(scene.world.decide(1, kDeliver, 0, false));
  EXPECT_THAT(scene.world.feedback_due(0), IsEmpty());
  EXPECT_THAT(scene.world.feedback_due(1), ElementsAre(Feedback{1, true, -1, 1}));
  EXPECT_THAT(scene.world.feedback_due(2), IsEmpty());
  EXPECT_THAT(scene.world.feedback_due(3), ElementsAre(Feedback{0, true, 1, 3}));
}

TEST(InboxWorld, QuarantinedMailComesBackOnlyWhenReviewed) {
  Scene scene({{kHam, true, 2}, {kSpam, true, 4}, {kHam, false, 1}}, {3});
  scene.world.arrive(0);
  for (size_t i = 0; i < 3; ++i) ASSERT_TRUE(scene.world.decide(i, kQuarantine, 0, false));
  EXPECT_THAT(scene.world.feedback_due(2), ElementsAre(Feedback{0, true, -1, 2}));
  EXPECT_THAT(scene.world.feedback_due(20), ElementsAre(Feedback{1, true, 0.5, 4}));
  EXPECT_THAT(scene.world.feedback_due(21), ElementsAre(Feedback{2, false, 0, 21}));
}

TEST(InboxWorld, FeedbackComesByClosingThenByDecision) {
  Scene scene({{kHam, false, 5}, {kHam, false, 5}, {kHam, false, 4}}, {3});
  scene.world.arrive(0);
  for (const size_t position : {2, 1, 0}) {
    ASSERT_TRUE(scene.world.decide(position, kDeliver, 0, false));
  }
  const auto due = scene.world.feedback_due(9);
  ASSERT_EQ(due.size(), 3u);
  EXPECT_EQ(due[0].position, 2u);
  EXPECT_EQ(due[1].position, 1u);
  EXPECT_EQ(due[2].position, 0u);
}

TEST(InboxWorld, MailExpiresAfterEightTicksOfWaiting) {
  Scene scene({{}, {}}, {1, 1});
  for (int64_t tick = 0; tick < 8; ++tick) {
    scene.world.arrive(tick);
    EXPECT_THAT(scene.world.expired(tick), IsEmpty());
    scene.world.end_tick(tick);
  }
  EXPECT_THAT(scene.world.expired(8), ElementsAre(0));
  ASSERT_TRUE(scene.world.decide(0, kDeliver, 8, true));
  EXPECT_DOUBLE_EQ(scene.ledger->reward(0), 1 - 8 * 0.01);
  EXPECT_TRUE(scene.ledger->forced(0));
  EXPECT_THAT(scene.world.expired(9), ElementsAre(1));
}

TEST(InboxWorld, RefusesWhatCannotBeDecided) {
  Scene scene({{}, {}}, {1, 1});
  scene.world.arrive(0);
  const auto code = [&](size_t position, int action, bool forced) {
    return scene.world.decide(position, action, 0, forced).error().code;
  };
  EXPECT_EQ(code(0, 2, false), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(0, -1, false), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(1, kDeliver, false), ErrorCode::kNotFound) << "it has not come in yet";
  EXPECT_EQ(code(7, kDeliver, false), ErrorCode::kNotFound);
  EXPECT_EQ(code(0, kDeliver, true), ErrorCode::kInvalidArgument) << "it has not expired";
  EXPECT_EQ(scene.ledger->action(0), std::nullopt) << "a refusal changes nothing";
  ASSERT_TRUE(scene.world.decide(0, kDeliver, 0, false));
  EXPECT_EQ(code(0, kQuarantine, false), ErrorCode::kRefused);
  EXPECT_EQ(scene.ledger->action(0), kDeliver);
}

TEST(InboxWorld, AnExpiredMailCannotBeForcedIntoQuarantine) {
  Scene scene({{}}, {1});
  scene.world.arrive(0);
  EXPECT_EQ(scene.world.decide(0, kQuarantine, 8, true).error().code, ErrorCode::kInvalidArgument);
}

TEST(InboxWorld, EndsWithTheLastFeedback) {
  Scene scene({{kHam, false, 2}}, {0, 1});
  scene.world.arrive(0);
  EXPECT_FALSE(scene.world.finished()) << "a mail is still to come";
  scene.world.arrive(1);
  EXPECT_FALSE(scene.world.finished()) << "a mail waits";
  ASSERT_TRUE(scene.world.decide(0, kDeliver, 1, false));
  EXPECT_FALSE(scene.world.finished()) << "its feedback is to come";
  scene.world.feedback_due(3);
  EXPECT_TRUE(scene.world.finished());
}

TEST(InboxWorld, AnEmptyWorldIsFinished) { EXPECT_TRUE(Scene({}, {}).world.finished()); }

TEST(InboxWorld, GivesTheDrawnExploration) {
  Scene scene({{kHam, false, 1, 0.125}}, {1});
  EXPECT_EQ(scene.world.exploration(0), 0.125);
}

}  // namespace
}  // namespace thunderline::worlds::inbox
