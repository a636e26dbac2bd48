// Single steps of the planner's and the workers' machines; what they do together is in
// protocol_model_test.

#include <gtest/gtest.h>

#include "tests/support/protocol_signals.h"
#include "thunderline/thunderchief/orchestrator/protocol/export_machine.h"
#include "thunderline/thunderchief/orchestrator/protocol/planner_machine.h"

namespace thunderline::thunderchief::protocol {
namespace {

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

TEST(WorkerMachine, ACancelOfOlderWorkLeavesTheNewerAlone) {
  WorkerMachine machine{Role::kTrainer, 4, {}, {}};
  feed(machine, work(2, 2));
  Signal cancel = work(1, 1);
  cancel.kind = SignalKind::kCancel;
  EXPECT_TRUE(feed(machine, cancel).stop.empty());
  EXPECT_EQ(machine.entries["m"].slot, WorkerMachine::Slot::kRunning);
}

TEST(WorkerMachine, ALaterAttemptReplacesWorkThatWasNotCancelled) {
  WorkerMachine machine{Role::kTrainer, 4, {}, {}};
  const Job first = feed(machine, work(1, 1)).start.at(0);
  feed(machine, JobEnded{first, false, false, "no memory"});
  Signal second = work(1, 1);
  second.attempt = 2;
  EXPECT_EQ(feed(machine, second).start.size(), 1u);
  Signal cancel = second;
  cancel.kind = SignalKind::kCancel;
  feed(machine, cancel);
  second.attempt = 3;
  EXPECT_TRUE(feed(machine, second).start.empty()) << "it was cancelled";
}

TEST(WorkerMachine, TheEndOfAnotherJobIsNotTheEndOfThisOne) {
  WorkerMachine machine{Role::kTrainer, 4, {}, {}};
  Job other = feed(machine, work(1, 1)).start.at(0);
  other.attempt = 9;
  EXPECT_TRUE(feed(machine, JobEnded{other, true, true, ""}).send.empty());
}

TEST(WorkerMachine, ReportsWhatTheJobReported) {
  for (const bool ok : {false, true}) {
    for (const bool pass : {false, true}) {
      WorkerMachine machine{Role::kEvaluation, 1, {}, {}};
      Signal judge = work(1, 1);
      judge.to = Role::kEvaluation;
      const Job job = feed(machine, judge).start.at(0);
      const Signal said = feed(machine, JobEnded{job, ok, pass, "figures"}).send.at(0);
      EXPECT_EQ(said.ok, ok);
      EXPECT_EQ(said.pass, pass);
      EXPECT_EQ(said.reason, "figures");
    }
  }
}

TEST(WorkerMachine, DoesNothingForOtherRolesAndProtocols) {
  WorkerMachine machine{Role::kTrainer, 4, {}, {}};
  Signal foreign = work(1, 1);
  foreign.to = Role::kEvaluation;
  EXPECT_TRUE(feed(machine, foreign).start.empty());
  foreign = work(1, 1);
  foreign.protocol = kProtocolVersion + 1;
  EXPECT_TRUE(feed(machine, foreign).start.empty());
}

TEST(WorkerMachine, AJobThatWantsMoreCoresThanThereAreGetsThemAll) {
  WorkerMachine machine{Role::kTrainer, 2, {}, {}};
  EXPECT_EQ(feed(machine, work(1, 1, "m", 5)).start.at(0).cores, 2);
}

Signal switch_to(int version, uint64_t epoch) {
  Signal signal;
  signal.kind = SignalKind::kSwitch;
  signal.from = Role::kOrchestrator;
  signal.to = Role::kExport;
  signal.model = "m";
  signal.version = version;
  signal.epoch = epoch;
  return signal;
}

TEST(ExportMachine, CarriesOutEachEpochOnceAndDropsOlderOnes) {
  ExportMachine machine;
  const Effects first = feed(machine, switch_to(2, 5));
  EXPECT_EQ(first.changes.live, (std::vector<LiveRecord>{{"m", 2, 5}}));
  EXPECT_EQ(first.activate, first.changes.live);
  const Effects again = feed(machine, switch_to(2, 5));
  EXPECT_TRUE(again.changes.empty());
  EXPECT_TRUE(again.activate.empty());
  EXPECT_EQ(again.send, first.send);
  const Effects older = feed(machine, switch_to(1, 4));
  EXPECT_TRUE(older.changes.empty());
  EXPECT_TRUE(older.send.empty());
  EXPECT_EQ(feed(machine, switch_to(1, 6)).activate, (std::vector<LiveRecord>{{"m", 1, 6}}));
}

TEST(ExportMachine, IgnoresSwitchesOfAnotherProtocolVersion) {
  ExportMachine machine;
  Signal foreign = switch_to(2, 5);
  foreign.protocol = kProtocolVersion + 1;
  EXPECT_TRUE(feed(machine, foreign).activate.empty());
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

AskRecord some_ask() {
  AskRecord record;
  record.id = 1;
  record.model = "m";
  record.version = 4;
  return record;
}

TEST(PlannerMachine, WritesWhatChangesAndNothingElse) {
  PlannerMachine machine;
  const Effects asked = feed(machine, Ask{some_ask()});
  EXPECT_EQ(asked.changes.asks, std::vector<AskRecord>{some_ask()});
  EXPECT_EQ(asked.send.at(0).version, 4);
  EXPECT_TRUE(feed(machine, Ask{some_ask()}).changes.empty());
  Signal accepted = ask(1);
  accepted.kind = SignalKind::kAccepted;
  EXPECT_TRUE(feed(machine, accepted).changes.asks.at(0).accepted);
  EXPECT_TRUE(feed(machine, accepted).changes.empty());
  EXPECT_TRUE(feed(machine, CancelAsk{1}).changes.asks.at(0).cancel);
  EXPECT_TRUE(feed(machine, CancelAsk{1}).changes.empty());
  EXPECT_EQ(feed(machine, Tick{}).send.at(0).kind, SignalKind::kCancel) << "it is not forgotten";
}

TEST(PlannerMachine, KeepsTheEndThatItWasTold) {
  PlannerMachine machine;
  feed(machine, Ask{some_ask()});
  Signal ended = ask(1);
  ended.kind = SignalKind::kEnded;
  ended.phase = Phase::kRefused;
  ended.reason = "why";
  Signal foreign = ended;
  foreign.protocol = kProtocolVersion + 1;
  EXPECT_TRUE(feed(machine, foreign).changes.empty());
  const AskRecord told = feed(machine, ended).changes.asks.at(0);
  EXPECT_EQ(told.end, Phase::kRefused);
  EXPECT_EQ(told.reason, "why");
  Snapshot snapshot;
  snapshot.asks[1] = told;
  PlannerMachine again = PlannerMachine::from(snapshot);
  EXPECT_TRUE(feed(again, Tick{}).send.empty()) << "what has ended is not asked for again";
}

}  // namespace
}  // namespace thunderline::thunderchief::protocol
