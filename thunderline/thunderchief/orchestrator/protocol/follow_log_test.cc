#include "thunderline/thunderchief/orchestrator/protocol/follow_log.h"

#include <gtest/gtest.h>

namespace thunderline::thunderchief::protocol {
namespace {

/// A store in which version 1 is live and version 2 is at `phase`.
Snapshot stored_at(Phase phase) {
  Snapshot stored;
  RequestRecord request;
  request.id = 2;
  request.model = "m";
  request.phase = phase;
  request.version = 2;
  request.order = 2;
  request.epoch = phase == Phase::kSwitching ? 2 : 0;
  stored.requests[2] = request;
  stored.asks[2] = {2, RequestKind::kTrain, "m", 2, 50, 1, true, false, Phase::kTraining, ""};
  stored.models["m"] = {"m", 3, 1, {}, 1, 1, 1};
  stored.live["m"] = {"m", 1, 1};
  return stored;
}

LogFacts facts_of(std::vector<LogFacts::Outcome> outcomes, std::vector<int> live, int in_flight) {
  return {"m", std::move(outcomes), std::move(live), in_flight};
}

Snapshot followed(Snapshot stored, const LogFacts& facts) {
  apply(follow_log(stored, facts, 77), stored);
  EXPECT_TRUE(follow_log(stored, facts, 78).empty()) << "once is enough";
  return stored;
}

TEST(FollowLog, ChangesNothingWhereTheLogSaysTheSame) {
  const LogFacts facts = facts_of({{1, Phase::kDone, "passed"}}, {1}, 2);
  EXPECT_TRUE(follow_log(stored_at(Phase::kEvaluating), facts, 77).empty());
}

TEST(FollowLog, ADeploymentInTheLogIsDoneAndLiveThoughTheSwapWasNotStored) {
  const LogFacts facts =
      facts_of({{1, Phase::kDone, "passed"}, {2, Phase::kDone, "better"}}, {1, 2}, 0);
  for (const Phase phase : {Phase::kExporting, Phase::kSwitching}) {
    const Snapshot now = followed(stored_at(phase), facts);
    EXPECT_EQ(now.requests.at(2).phase, Phase::kDone);
    EXPECT_EQ(now.requests.at(2).reason, "better");
    EXPECT_EQ(now.requests.at(2).ended_ms, 77);
    EXPECT_EQ(now.asks.at(2).end, Phase::kDone);
    const ModelRecord& model = now.models.at("m");
    EXPECT_EQ(model.live, 2);
    EXPECT_EQ(model.earlier, std::vector<int>{1});
    EXPECT_EQ(model.wanted, 2);
    EXPECT_EQ(model.confirmed_epoch, model.wanted_epoch);
    EXPECT_EQ(now.live.at("m"), (LiveRecord{"m", 2, model.wanted_epoch}));
    EXPECT_GT(model.wanted_epoch, 1u);
  }
}

TEST(FollowLog, ASwitchThatTheLogDoesNotHaveGoesBackToTheExport) {
  Snapshot stored = stored_at(Phase::kSwitching);
  stored.models["m"].wanted = 2;
  stored.models["m"].wanted_epoch = 2;
  const Snapshot now = followed(stored, facts_of({{1, Phase::kDone, "passed"}}, {1}, 2));
  EXPECT_EQ(now.requests.at(2).phase, Phase::kExporting);
  EXPECT_EQ(now.requests.at(2).epoch, 0u);
  EXPECT_EQ(now.models.at("m").wanted, 1);
  EXPECT_EQ(now.live.at("m").version, 1);
  EXPECT_GT(now.live.at("m").epoch, 2u) << "the old order means nothing any more";
}

TEST(FollowLog, WhatNobodyInTheLogAskedForIsCancelled) {
  const Snapshot now =
      followed(stored_at(Phase::kTraining), facts_of({{1, Phase::kDone, "passed"}}, {1}, 0));
  EXPECT_EQ(now.requests.at(2).phase, Phase::kCancelled);
  EXPECT_EQ(now.asks.at(2).end, Phase::kCancelled);
  EXPECT_FALSE(now.requests.at(2).reason.empty());
}

TEST(FollowLog, ARollbackThatTheLogHasIsWhatIsLive) {
  Snapshot stored = stored_at(Phase::kSwitching);
  stored.requests[2].kind = RequestKind::kRollback;
  stored.requests[2].version = 0;
  const Snapshot now = followed(stored, facts_of({{1, Phase::kDone, "passed"}}, {}, 0));
  EXPECT_EQ(now.requests.at(2).phase, Phase::kDone);
  EXPECT_EQ(now.models.at("m").live, 0);
  EXPECT_EQ(now.live.at("m").version, 0);
}

TEST(FollowLog, ALostStoreIsMadeAnewFromTheLog) {
  const Snapshot now = followed({}, facts_of({{1, Phase::kDone, "passed"},
                                              {2, Phase::kRefused, "no"},
                                              {3, Phase::kDone, "better"}},
                                             {1, 3}, 0));
  const ModelRecord& model = now.models.at("m");
  EXPECT_EQ(model.next_version, 4);
  EXPECT_EQ(model.live, 3);
  EXPECT_EQ(model.earlier, std::vector<int>{1});
}

TEST(FollowLog, LeavesOtherModelsAlone) {
  Snapshot stored = stored_at(Phase::kTraining);
  LogFacts facts = facts_of({}, {}, 0);
  facts.model = "other";
  const Changes changes = follow_log(stored, facts, 77);
  EXPECT_TRUE(changes.requests.empty());
  EXPECT_TRUE(changes.asks.empty());
}

}  // namespace
}  // namespace thunderline::thunderchief::protocol
