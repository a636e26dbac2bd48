#pragma once

#include <string>

#include "thunderline/base/result.h"
#include "thunderline/thunderbolt/ml/observables/loop_monitor.h"
#include "thunderline/thunderchief/event_field.h"
#include "thunderline/thunderchief/model_record.h"
#include "thunderline/thunderchief/orchestrator/messages.h"

namespace thunderline::thunderchief {

/// What the decision loop tells whoever governs it. A run that is repeated from its log makes the
/// same calls. An error ends the run: nothing is deployed that cannot be audited.
/// Thread-safety: the loop's thread.
class LoopGovernor {
 public:
  virtual ~LoopGovernor() = default;

  /// A tick begins; the field may be put under another policy.
  virtual Status begin_tick(EventField& field) = 0;

  /// Called now and then, also while the loop waits for a training: answers deployments on hold
  /// that a person or a deadline has decided.
  virtual Status answer_holds() = 0;

  /// A challenger passed the gate and waits for a person.
  virtual Status held(const EvaluationComplete& complete) = 0;

  /// A training's outcome stands in the log, durably; `live` is what scored until now.
  virtual Status resolved(const ModelRecord& record, const std::string& live, int64_t tick) = 0;

  /// A version was taken out of service; `live` is what scores from now on. It stands in the log,
  /// durably.
  virtual Status rolled_back(int version, const std::string& live, const std::string& reason,
                             int64_t tick) = 0;

  /// A person has put another version into service, or with `back` rolled back to it; `key` names the
  /// wish. It stands in the log, durably.
  virtual Status changed_by_hand(const std::string& who, bool back, const std::string& before,
                                 const std::string& live, const std::string& reason,
                                 const std::string& key) = 0;

  virtual void degraded(int64_t tick) = 0;
  virtual void read(const thunderbolt::LoopReading& reading) = 0;
};

}  // namespace thunderline::thunderchief
