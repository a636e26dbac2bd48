#include "thunderline/thunderbolt/training/memory_trajectory_logger.h"

#include "thunderline/thunderbolt/training/record_rules.h"
#include "thunderline/thunderbolt/training/record_store.h"
#include "thunderline/thunderbolt/training/trajectory_log/record.h"

namespace thunderline::thunderbolt {
namespace {

Step copy_of(const StepView& view) {
  return {view.id,
          std::string(view.source),
          std::string(view.episode),
          {view.state.begin(), view.state.end()},
          view.action,
          view.reward,
          {view.next_state.begin(), view.next_state.end()},
          view.terminated,
          view.truncated,
          view.propensity,
          std::string(view.metadata)};
}

/// About the memory that a record takes: what it would take in a file.
size_t size_of(const LogRecord& record) {
  return std::visit(
      [](const auto& alternative) {
        if constexpr (std::is_same_v<std::decay_t<decltype(alternative)>, Step>) {
          const StepView view = view_of(alternative);
          return encoded_size(&view);
        } else {
          return encoded_size(&alternative);
        }
      },
      record);
}

}  // namespace

MemoryTrajectoryLogger::MemoryTrajectoryLogger(size_t capacity) : capacity_(capacity) {
  TL_CHECK(capacity > 0);
}

Result<uint64_t> MemoryTrajectoryLogger::log_step(const StepView& step) {
  TL_RETURN_IF_ERROR(check_record(step));
  const std::lock_guard lock(mutex_);
  return accept_step(step);
}

Status MemoryTrajectoryLogger::log_episode(std::span<const StepView> steps) {
  TL_RETURN_IF_ERROR(check_episode(steps));
  const std::lock_guard lock(mutex_);
  for (const StepView& step : steps) accept_step(step);
  return {};
}

Status MemoryTrajectoryLogger::log_outcome(const Outcome& outcome) {
  TL_RETURN_IF_ERROR(check_record(outcome));
  const std::lock_guard lock(mutex_);
  const auto entry = index_.find(outcome.step_id);
  if (!entry) {
    return fail(ErrorCode::kNotFound, "the log holds no step with this id",
                outcome.step_id.to_string());
  }
  if (entry->closed) return {};
  index_.close(outcome.step_id);  // First: the step may be the one that leaves the ring now.
  accept(outcome);
  return {};
}

Status MemoryTrajectoryLogger::log_chief_step(const ChiefStep& step) {
  TL_RETURN_IF_ERROR(check_record(step));
  const std::lock_guard lock(mutex_);
  accept(step);
  return {};
}

Status MemoryTrajectoryLogger::log_transition(const Transition& transition) {
  TL_RETURN_IF_ERROR(check_record(transition));
  const std::lock_guard lock(mutex_);
  accept(transition);
  return {};
}

Status MemoryTrajectoryLogger::log_event(const LogEvent& event) {
  TL_RETURN_IF_ERROR(check_record(event));
  const std::lock_guard lock(mutex_);
  accept(event);
  return {};
}

uint64_t MemoryTrajectoryLogger::accept_step(const StepView& step) {
  if (const auto entry = index_.find(step.id)) return entry->sequence;
  const uint64_t sequence = accept(copy_of(step));
  index_.insert(step.id, sequence, step.reward.has_value());
  return sequence;
}

uint64_t MemoryTrajectoryLogger::accept(LogRecord record) {
  if (ring_.size() == capacity_) {
    if (const Step* oldest = std::get_if<Step>(&ring_.front().second)) index_.erase(oldest->id);
    ring_.pop_front();
  }
  ring_.emplace_back(++last_sequence_, std::move(record));
  return last_sequence_;
}

uint64_t MemoryTrajectoryLogger::last_sequence() const {
  const std::lock_guard lock(mutex_);
  return last_sequence_;
}

Status MemoryTrajectoryLogger::wait_durable(uint64_t sequence) {
  if (sequence <= last_sequence()) return {};
  return fail(ErrorCode::kInvalidArgument,
              "no record has the number " + std::to_string(sequence) + " yet", "sequence");
}

Status MemoryTrajectoryLogger::replay(const ReplayOptions& options, const ReplayVisitor& visitor) {
  std::vector<Entry> chosen;  // The visitor may log, and is not called under the lock.
  {
    const std::lock_guard lock(mutex_);
    for (const Entry& entry : ring_) {
      if (entry.first > options.after_sequence && wants_kind(options, kind_of(entry.second)) &&
          wants_names(options, entry.second)) {
        chosen.push_back(entry);
      }
    }
  }
  for (const auto& [sequence, record] : chosen) TL_RETURN_IF_ERROR(visitor(sequence, record));
  return {};
}

Result<LogStats> MemoryTrajectoryLogger::stats() {
  const std::lock_guard lock(mutex_);
  LogStats stats;
  for (const auto& [sequence, record] : ring_) {
    ++stats.records.of(kind_of(record));
    stats.size_bytes += size_of(record);
    if (const Step* step = std::get_if<Step>(&record)) ++stats.steps_by_source[step->source];
    if (const auto* chief = std::get_if<ChiefStep>(&record)) ++stats.steps_by_source[chief->source];
  }
  stats.open_steps = index_.open_steps();
  stats.index_bytes = index_.size_bytes();
  stats.first_sequence = ring_.empty() ? 0 : ring_.front().first;
  stats.last_sequence = last_sequence_;
  stats.durable_sequence = last_sequence_;
  return stats;
}

Status MemoryTrajectoryLogger::clear() {
  const std::lock_guard lock(mutex_);
  ring_.clear();
  index_.clear();
  return {};
}

}  // namespace thunderline::thunderbolt
