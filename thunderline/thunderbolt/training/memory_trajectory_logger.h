#pragma once

#include <deque>
#include <mutex>
#include <utility>

#include "thunderline/thunderbolt/training/record_view.h"
#include "thunderline/thunderbolt/training/step_index.h"
#include "thunderline/thunderbolt/training/trajectory_logger.h"

namespace thunderline::thunderbolt {

/// A bounded ring in memory: the newest `capacity` records of any kind. Acknowledged at once; nothing
/// outlives the process. An outcome of a step that has left the ring is kNotFound; a step that has
/// left it may be logged again. Thread-safety: any thread.
class MemoryTrajectoryLogger final : public TrajectoryLogger {
 public:
  /// Precondition: capacity > 0.
  explicit MemoryTrajectoryLogger(size_t capacity = size_t{1} << 16);

  Result<uint64_t> log_step(const StepView& step) override;
  Status log_episode(std::span<const StepView> steps) override;
  Status log_outcome(const Outcome& outcome) override;
  Status log_chief_step(const ChiefStep& step) override;
  Status log_transition(const Transition& transition) override;
  Status log_event(const LogEvent& event) override;
  Status flush() override { return {}; }
  uint64_t last_sequence() const override;
  uint64_t durable_sequence() const override { return last_sequence(); }
  Status wait_durable(uint64_t sequence) override;
  Status replay(const ReplayOptions& options, const ReplayVisitor& visitor) override;
  Result<LogStats> stats() override;
  Status clear() override;

 private:
  using Entry = std::pair<uint64_t, LogRecord>;

  uint64_t accept_step(const StepView& step);
  uint64_t accept(LogRecord record);

  const size_t capacity_;
  mutable std::mutex mutex_;  // guards all below
  std::deque<Entry> ring_;
  StepIndex index_;
  uint64_t last_sequence_ = 0;
};

}  // namespace thunderline::thunderbolt
