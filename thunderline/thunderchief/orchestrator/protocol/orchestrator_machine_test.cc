// Single steps of the orchestrator's machine; what the machines do together is in
// protocol_model_test.

#include "thunderline/thunderchief/orchestrator/protocol/orchestrator_machine.h"

#include <gtest/gtest.h>

#include "tests/support/protocol_signals.h"

namespace thunderline::thunderchief::protocol {
namespace {

TEST(OrchestratorMachine, WritesARequestBeforeItAcknowledgesIt) {
  OrchestratorMachine machine;
  const Effects effects = feed(machine, ask(1));
  ASSERT_EQ(effects.changes.requests.size(), 1u);
  EXPECT_EQ(effects.changes.requests[0].version, 1);
  ASSERT_EQ(effects.send.size(), 2u);
  EXPECT_EQ(effects.send[0].kind, SignalKind::kAccepted);
  EXPECT_EQ(effects.send[1].to, Role::kTrainer);
}

TEST(OrchestratorMachine, AskedTwiceItAcknowledgesTwiceAndWorksOnce) {
  OrchestratorMachine machine;
  feed(machine, ask(1));
  const Effects again = feed(machine, ask(1));
  EXPECT_TRUE(again.changes.empty());
  ASSERT_EQ(again.send.size(), 1u);
  EXPECT_EQ(again.send[0].kind, SignalKind::kAccepted);
}

TEST(OrchestratorMachine, RefusesWhatTheGateRefusedWithItsReason) {
  OrchestratorMachine machine;
  feed(machine, ask(1));
  feed(machine, result(1, Role::kTrainer));
  feed(machine, result(1, Role::kEvaluation, false));
  EXPECT_EQ(machine.requests[1].phase, Phase::kRefused);
  EXPECT_EQ(machine.requests[1].reason, "z(reward) 0.1 is below 2.33");
}

TEST(OrchestratorMachine, ARollbackCancelsATrainingThatIsBeingMadeLive) {
  OrchestratorMachine machine;
  machine.models["m"] = {"m", 3, 2, {1}, 2, 5, 5};
  feed(machine, ask(1));
  feed(machine, result(1, Role::kTrainer));
  feed(machine, result(1, Role::kEvaluation));
  feed(machine, result(1, Role::kExport));
  ASSERT_EQ(machine.requests[1].phase, Phase::kSwitching);
  feed(machine, ask(2, RequestKind::kRollback));
  EXPECT_EQ(machine.requests[1].phase, Phase::kCancelled);
  EXPECT_EQ(machine.models["m"].wanted, 1);
  Signal late;
  late.kind = SignalKind::kSwitched;
  late.from = Role::kExport;
  late.model = "m";
  late.epoch = machine.requests[1].epoch;
  feed(machine, late);
  EXPECT_EQ(machine.models["m"].live, 2) << "the overtaken switch counts for nothing";
  late.epoch = machine.models["m"].wanted_epoch;
  feed(machine, late);
  EXPECT_EQ(machine.models["m"].live, 1);
  EXPECT_EQ(machine.requests[2].phase, Phase::kDone);
}

TEST(OrchestratorMachine, GivesUpAfterThreeAttempts) {
  OrchestratorMachine machine;
  feed(machine, ask(1));
  for (int attempt = 1; attempt <= 3; ++attempt) {
    Signal failed = result(1, Role::kTrainer);
    failed.ok = false;
    failed.attempt = attempt;
    failed.reason = "no memory";
    feed(machine, failed);
  }
  EXPECT_EQ(machine.requests[1].phase, Phase::kFailed);
  EXPECT_EQ(machine.requests[1].reason, "training failed 3 times: no memory");
}

TEST(OrchestratorMachine, ARequestEndsAtTheFirstTickAtItsDeadline) {
  OrchestratorMachine machine;
  feed(machine, ask(1));
  feed(machine, Tick{}, 999);
  EXPECT_EQ(machine.requests[1].phase, Phase::kTraining);
  feed(machine, Tick{}, 1000);
  EXPECT_EQ(machine.requests[1].phase, Phase::kFailed);
}

TEST(OrchestratorMachine, IgnoresSignalsOfAnotherProtocolVersion) {
  OrchestratorMachine machine;
  Signal foreign = ask(1);
  foreign.protocol = kProtocolVersion + 1;
  EXPECT_TRUE(feed(machine, foreign).send.empty());
}

TEST(OrchestratorMachine, ACancelThatOvertookItsAskEndsIt) {
  OrchestratorMachine machine;
  Signal cancel = ask(1);
  cancel.kind = SignalKind::kCancel;
  const Effects effects = feed(machine, cancel);
  ASSERT_EQ(effects.changes.requests.size(), 1u);
  EXPECT_EQ(effects.changes.requests[0].phase, Phase::kCancelled);
  EXPECT_EQ(feed(machine, ask(1)).send.at(0).kind, SignalKind::kEnded);
}

TEST(OrchestratorMachine, ASecondRollbackIsMergedIntoTheFirst) {
  OrchestratorMachine machine;
  machine.models["m"] = {"m", 4, 3, {1, 2}, 3, 5, 5};
  feed(machine, ask(1, RequestKind::kRollback));
  feed(machine, ask(2, RequestKind::kRollback));
  EXPECT_EQ(machine.requests[1].phase, Phase::kSwitching);
  EXPECT_EQ(machine.requests[2].phase, Phase::kRefused);
  EXPECT_EQ(machine.requests[2].reason, "merged into request 1");
}

TEST(OrchestratorMachine, OrdersRiseFromRequestToRequestAndOverARestart) {
  OrchestratorMachine machine;
  feed(machine, ask(1));
  Signal cancel = ask(1);
  cancel.kind = SignalKind::kCancel;
  feed(machine, cancel);
  feed(machine, ask(2));
  EXPECT_GT(machine.requests[2].order, machine.requests[1].order);
  Snapshot snapshot;
  snapshot.requests = machine.requests;
  OrchestratorMachine again = OrchestratorMachine::from(snapshot, {});
  feed(again, ask(3, RequestKind::kTrain));
  Signal other = ask(4);
  other.model = "other";
  feed(again, other);
  EXPECT_GT(again.requests[4].order, machine.requests[2].order);
}

TEST(OrchestratorMachine, CountsTheAttemptsOfEachStageAndWritesThem) {
  OrchestratorMachine machine;
  feed(machine, ask(1));
  Signal failed = result(1, Role::kTrainer);
  failed.ok = false;
  const Effects retried = feed(machine, failed);
  ASSERT_EQ(retried.changes.requests.size(), 1u);
  EXPECT_EQ(retried.changes.requests[0].attempt, 2);
  EXPECT_EQ(retried.send.at(0).kind, SignalKind::kWork);
  feed(machine, result(1, Role::kTrainer));
  EXPECT_EQ(machine.requests[1].phase, Phase::kTraining) << "a result of the first attempt is late";
  Signal second = result(1, Role::kTrainer);
  second.attempt = 2;
  feed(machine, second);
  EXPECT_EQ(machine.requests[1].phase, Phase::kEvaluating);
  EXPECT_EQ(machine.requests[1].attempt, 1);
}

TEST(OrchestratorMachine, SaysUnansweredWorkAgainAfterItsTime) {
  OrchestratorMachine machine;
  feed(machine, ask(1));
  EXPECT_TRUE(feed(machine, Tick{}, 499).send.empty());
  const Effects again = feed(machine, Tick{}, 500);
  ASSERT_EQ(again.send.size(), 1u);
  EXPECT_EQ(again.send[0].kind, SignalKind::kWork);
  EXPECT_EQ(again.send[0].to, Role::kTrainer);
}

TEST(OrchestratorMachine, TellsTheWorkerToStopWhenItsRequestEndsOrIsOver) {
  OrchestratorMachine machine;
  feed(machine, ask(1));
  Signal cancel = ask(1);
  cancel.kind = SignalKind::kCancel;
  const Effects ended = feed(machine, cancel);
  ASSERT_EQ(ended.send.size(), 2u);
  EXPECT_EQ(ended.send[0].kind, SignalKind::kCancel);
  EXPECT_EQ(ended.send[0].to, Role::kTrainer);
  EXPECT_EQ(ended.send[1].kind, SignalKind::kEnded);
  const Effects late = feed(machine, result(1, Role::kTrainer));
  ASSERT_EQ(late.send.size(), 1u) << "so that the worker forgets it";
  EXPECT_EQ(late.send[0].kind, SignalKind::kCancel);
}

TEST(OrchestratorMachine, ATrainingMayNameItsVersionAboveWhatWasLive) {
  OrchestratorMachine machine;
  machine.models["m"] = {"m", 4, 3, {1}, 3, 5, 5};
  Signal wanted = ask(1);
  wanted.version = 3;
  feed(machine, wanted);
  EXPECT_EQ(machine.requests[1].phase, Phase::kRefused);
  EXPECT_EQ(machine.requests[1].reason, "version 3 was live already");
  wanted.request = 2;
  wanted.version = 7;
  feed(machine, wanted);
  EXPECT_EQ(machine.requests[2].version, 7);
  EXPECT_EQ(machine.models["m"].next_version, 8);
}

/// Rolls a model with versions 1, 2 and 3 back to `version` and confirms the switch.
OrchestratorMachine rolled_back_to(int version) {
  OrchestratorMachine machine;
  machine.models["m"] = {"m", 4, 3, {1, 2}, 3, 5, 5};
  Signal back = ask(1, RequestKind::kRollback);
  back.version = version;
  feed(machine, back);
  Signal switched;
  switched.kind = SignalKind::kSwitched;
  switched.from = Role::kExport;
  switched.model = "m";
  switched.epoch = machine.models["m"].wanted_epoch;
  feed(machine, switched);
  return machine;
}

TEST(OrchestratorMachine, ARollbackGoesWhereItIsToldAndLeavesNothingLaterToGoBackTo) {
  const struct {
    int asked, live;
    std::vector<int> earlier;
  } cases[] = {{0, 2, {1}}, {2, 2, {1}}, {1, 1, {}}, {kNoVersion, 0, {}}};
  for (const auto& expected : cases) {
    OrchestratorMachine machine = rolled_back_to(expected.asked);
    EXPECT_EQ(machine.requests[1].phase, Phase::kDone) << expected.asked;
    EXPECT_EQ(machine.models["m"].live, expected.live) << expected.asked;
    EXPECT_EQ(machine.models["m"].earlier, expected.earlier) << expected.asked;
  }
}

TEST(OrchestratorMachine, RefusesARollbackToWhatWasNotLiveOrFromNothing) {
  EXPECT_EQ(rolled_back_to(9).requests[1].phase, Phase::kRefused);
  OrchestratorMachine machine = rolled_back_to(kNoVersion);
  for (const int version : {0, kNoVersion, 1}) {
    Signal back = ask(static_cast<uint64_t>(10 + version), RequestKind::kRollback);
    back.version = version;
    feed(machine, back);
    EXPECT_EQ(machine.requests[back.request].phase, Phase::kRefused) << version;
  }
}

}  // namespace
}  // namespace thunderline::thunderchief::protocol
