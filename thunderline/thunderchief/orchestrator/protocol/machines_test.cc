// Single steps of the machines; what they do together is in protocol_model_test.

#include <gtest/gtest.h>

#include "thunderline/thunderchief/orchestrator/protocol/export_machine.h"
#include "thunderline/thunderchief/orchestrator/protocol/orchestrator_machine.h"
#include "thunderline/thunderchief/orchestrator/protocol/planner_machine.h"

namespace thunderline::thunderchief::protocol {
namespace {

Signal ask(uint64_t id, RequestKind kind = RequestKind::kTrain, int64_t deadline_ms = 1000) {
  Signal signal;
  signal.request = id;
  signal.request_kind = kind;
  signal.model = "m";
  signal.deadline_ms = deadline_ms;
  return signal;
}

Signal work(uint64_t request, uint64_t order, const std::string& model = "m", int cores = 1) {
  Signal signal;
  signal.kind = SignalKind::kWork;
  signal.from = Role::kOrchestrator;
  signal.to = Role::kTrainer;
  signal.request = request;
  signal.model = model;
  signal.order = order;
  signal.attempt = 1;
  signal.cores = cores;
  return signal;
}

Signal result(uint64_t request, Role from, bool pass = true) {
  Signal signal;
  signal.kind = SignalKind::kResult;
  signal.from = from;
  signal.request = request;
  signal.model = "m";
  signal.attempt = 1;
  signal.ok = true;
  signal.pass = pass;
  signal.reason = "z(reward) 0.1 is below 2.33";
  return signal;
}

/// Feeds a machine and keeps its state.
template <typename Machine>
Effects feed(Machine& machine, std::variant<Signal, Tick, JobEnded, Ask, CancelAsk> what,
             int64_t now_ms = 0) {
  auto next = step(std::move(machine), Input{now_ms, std::move(what)});
  machine = std::move(next.state);
  return std::move(next.effects);
}

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

TEST(WorkerMachine, SharesItsCoresAmongModelsOldestFirst) {
  WorkerMachine machine{Role::kTrainer, 2, {}, {}};
  EXPECT_EQ(feed(machine, work(1, 1, "a")).start.size(), 1u);
  EXPECT_EQ(feed(machine, work(2, 2, "b", 2)).start.size(), 0u) << "one core is free, it needs two";
  EXPECT_EQ(feed(machine, work(3, 3, "c")).start.size(), 0u) << "nobody overtakes";
  const Job first{1, "a", 0, 1, 1, 1};
  const Effects ended = feed(machine, JobEnded{first, true, false, ""});
  ASSERT_EQ(ended.start.size(), 1u);
  EXPECT_EQ(ended.start[0].model, "b");
}

TEST(WorkerMachine, NewWorkOfAModelWaitsUntilTheStoppedOneHasEnded) {
  WorkerMachine machine{Role::kTrainer, 4, {}, {}};
  const Job old = feed(machine, work(1, 1)).start.at(0);
  const Effects replaced = feed(machine, work(2, 2));
  EXPECT_EQ(replaced.stop, std::vector<Job>{old});
  EXPECT_TRUE(replaced.start.empty());
  EXPECT_EQ(feed(machine, JobEnded{old, true, false, ""}).start.size(), 1u);
}

TEST(WorkerMachine, AWorkThatComesAfterItsCancelDoesNotBegin) {
  WorkerMachine machine{Role::kTrainer, 4, {}, {}};
  Signal cancel = work(1, 1);
  cancel.kind = SignalKind::kCancel;
  feed(machine, cancel);
  EXPECT_TRUE(feed(machine, work(1, 1)).start.empty());
}

TEST(WorkerMachine, AskedAgainItSaysTheSameResultAndDoesNotWorkAgain) {
  WorkerMachine machine{Role::kTrainer, 4, {}, {}};
  const Job job = feed(machine, work(1, 1)).start.at(0);
  const Effects first = feed(machine, JobEnded{job, true, false, "fine"});
  const Effects again = feed(machine, work(1, 1));
  EXPECT_TRUE(again.start.empty());
  EXPECT_EQ(again.send, first.send);
}

TEST(ExportMachine, ARestartSwapsInWhatWasStored) {
  Snapshot snapshot;
  snapshot.live["m"] = {"m", 3, 7};
  ExportMachine machine = ExportMachine::from(snapshot);
  EXPECT_EQ(feed(machine, Tick{}).activate, (std::vector<LiveRecord>{{"m", 3, 7}}));
  EXPECT_TRUE(feed(machine, Tick{}).activate.empty());
}

TEST(PlannerMachine, AsksUntilItIsToldTheEnd) {
  PlannerMachine machine;
  AskRecord record;
  record.id = 1;
  record.model = "m";
  EXPECT_EQ(feed(machine, Ask{record}).send.size(), 1u);
  EXPECT_EQ(feed(machine, Tick{}).send.size(), 1u);
  Signal ended = ask(1);
  ended.kind = SignalKind::kEnded;
  ended.phase = Phase::kDone;
  EXPECT_EQ(feed(machine, ended).changes.asks.at(0).end, Phase::kDone);
  EXPECT_TRUE(feed(machine, Tick{}).send.empty());
}

}  // namespace
}  // namespace thunderline::thunderchief::protocol
