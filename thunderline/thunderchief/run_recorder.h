#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/thunderbolt/training/trajectory_logger.h"

namespace thunderline::thunderchief {

/// Writes a deterministic run into the log, and follows a log that holds its beginning: a run that was
/// killed is repeated from its start against what it had written, record by record, and writes on
/// where the log ends. So every record is there once.
/// Errors: those of the log; kRefused for a record that is not the one the log has at its place.
/// Thread-safety: one thread.
class RunRecorder {
 public:
  /// Reads what the log holds. `log` must outlive the recorder.
  static Result<RunRecorder> create(thunderbolt::TrajectoryLogger& log);

  /// Whether the log still has records that this run has not reached again.
  bool recovering() const { return next_ < recorded_.size(); }

  /// Records of the log in all, and how many of them were met again.
  size_t recorded() const { return recorded_.size(); }
  size_t recovered() const { return next_; }

  Status step(const thunderbolt::StepView& step);
  Status outcome(const thunderbolt::Outcome& outcome);
  Status chief_step(const thunderbolt::ChiefStep& step);
  Status transition(const thunderbolt::Transition& transition);
  Status event(const thunderbolt::LogEvent& event);

  /// While recovering: the next record if it is an event of this kind, and goes past it. For what
  /// is not repeated but taken from the log, such as the outcome of a training.
  std::optional<thunderbolt::LogEvent> take_event(const std::string& kind);

  Status flush() { return log_->flush(); }
  thunderbolt::TrajectoryLogger& log() { return *log_; }

 private:
  struct Recorded {
    thunderbolt::RecordKind kind;
    uint32_t fingerprint = 0;
    uint64_t sequence = 0;
  };

  explicit RunRecorder(thunderbolt::TrajectoryLogger& log) : log_(&log) {}

  /// True when the record is in the log already; an error when another one is.
  Result<bool> met(thunderbolt::RecordKind kind, uint32_t fingerprint);

  thunderbolt::TrajectoryLogger* log_;
  std::vector<Recorded> recorded_;
  std::vector<thunderbolt::LogEvent> events_;  ///< The recorded ones, in order.
  size_t next_ = 0;
  size_t next_event_ = 0;
};

}  // namespace thunderline::thunderchief
