#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "thunderline/base/result.h"
#include "thunderline/thunderchief/orchestrator/messages.h"
#include "thunderline/thunderchief/orchestrator/protocol/follow_log.h"

namespace thunderline::thunderchief {

/// What the decision loop asks of the orchestrator agents. What becomes of a request they publish
/// on `kOrchestratorTopic`: ExportReady, EvaluationComplete of one on hold, ChallengerDropped.
/// Thread-safety: the loop's thread.
class TrainingAgents {
 public:
  virtual ~TrainingAgents() = default;

  /// Lets the agents begin, once the run has caught up with its log, from what they stored brought
  /// to what the log says. Returns the id of the request for `in_flight`, which goes on; 0 without
  /// one.
  virtual Result<uint64_t> begin(const protocol::LogFacts& facts,
                                 const std::optional<Curriculum>& in_flight) = 0;

  /// Has a version trained, judged and exported. Returns the request's id; 0: nobody takes it up.
  virtual Result<uint64_t> train(const Curriculum& curriculum) = 0;

  /// A challenger on hold was approved or denied.
  virtual void resolve_hold(const HoldResolved& resolved) = 0;

  /// From now on the request, whose export is ready, cannot be cancelled. False: it was before.
  virtual bool claim_deploy(uint64_t id) = 0;

  /// The deployment stands in the log: swaps it in. Returns how many seconds that took.
  /// Errors: what kept it from becoming live; only a restart can bring it and the log together.
  virtual Result<double> deploy(uint64_t id) = 0;

  /// The rollback stands in the log: makes an earlier version live, or none for 0. Errors: as
  /// `deploy`.
  virtual Status roll_back(int version, const std::string& reason) = 0;

  /// Success, or why the agents cannot go on.
  virtual Status status() const = 0;
};

}  // namespace thunderline::thunderchief
