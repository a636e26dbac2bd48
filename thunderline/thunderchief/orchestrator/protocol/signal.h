#pragma once

#include <cstdint>
#include <string>

/// The durable protocol of the orchestrator agents (docs/orchestrator.md has the machines drawn,
/// docs/formats/messages.md the table). Plain values, so that every machine is a pure function.
namespace thunderline::thunderchief::protocol {

/// Written with every request and answered with every signal. A change of meaning raises it; an agent
/// refuses a signal of another version.
inline constexpr int kProtocolVersion = 1;

enum class Role { kPlanner, kOrchestrator, kTrainer, kEvaluation, kExport };
inline constexpr int kRoles = 5;

enum class RequestKind {
  kTrain,     ///< Train, judge, export and deploy one version of a model.
  kRollback,  ///< Make the version before the live one live again.
};

/// As the version that a rollback is to go to: none, so that whoever asks does without a model.
inline constexpr int kNoVersion = -1;

/// Where a request is. Those from kDone on are ends: a request reaches exactly one of them.
enum class Phase {
  kTraining,
  kEvaluating,
  kExporting,
  kSwitching,  ///< The new live version is ordered and not yet confirmed.
  kDone,
  kRefused,    ///< Not begun, or the gate said no.
  kFailed,
  kCancelled,
};

bool is_end(Phase phase);
/// The stable name of `phase`, e.g. "training".
const char* phase_name(Phase phase);

/// What a signal says. Request and answer carry the id of the request, so saying one twice does no
/// harm: who has acted on it answers again and does nothing else.
enum class SignalKind {
  kAsk,       ///< planner → orchestrator: a request. Answered by kAccepted or kEnded.
  kCancel,    ///< planner → orchestrator: end it now. Orchestrator → worker: stop that work.
  kAccepted,  ///< orchestrator → planner: it is written to the store.
  kEnded,     ///< orchestrator → planner: `phase` and `reason` say how.
  kWork,      ///< orchestrator → trainer, evaluation, export: do your stage.
  kWorking,   ///< worker → orchestrator: the work runs or waits for a core.
  kResult,    ///< worker → orchestrator: `ok`, and for an evaluation whether the gate let it `pass`.
  kSwitch,    ///< orchestrator → export: make `version` live, unless a higher `epoch` was seen.
  kSwitched,  ///< export → orchestrator: `epoch` was carried out.
};

/// One message. Fields that a kind does not name keep their initial values.
struct Signal {
  int protocol = kProtocolVersion;
  SignalKind kind = SignalKind::kAsk;
  Role from = Role::kPlanner;
  Role to = Role::kOrchestrator;
  uint64_t request = 0;
  RequestKind request_kind = RequestKind::kTrain;
  std::string model;
  int version = 0;          ///< Of the challenger, or to be made live. Of a kAsk: as in AskRecord.
  int attempt = 0;          ///< Of a stage; a result of an earlier one is dropped.
  uint64_t order = 0;       ///< Rises with every accepted request: newer work replaces older.
  uint64_t epoch = 0;       ///< Of a switch: a smaller one never undoes a larger one.
  int64_t deadline_ms = 0;  ///< By the store's clock; the request ends by then.
  int cores = 1;            ///< Threads that the work takes.
  bool ok = false;
  bool pass = false;
  Phase phase = Phase::kTraining;
  std::string reason;

  bool operator==(const Signal&) const = default;
};

}  // namespace thunderline::thunderchief::protocol
