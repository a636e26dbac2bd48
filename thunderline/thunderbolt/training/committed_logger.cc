#include "thunderline/thunderbolt/training/committed_logger.h"

#include <algorithm>

#include "thunderline/thunderbolt/training/record_rules.h"

namespace thunderline::thunderbolt {
namespace {

Error read_only_error(const Error& cause) {
  return {ErrorCode::kUnavailable,
          "the trajectory log is read-only since a write failed: " + cause.message, cause.where,
          "make room or mend the disk, then start again; what was acknowledged is safe"};
}

}  // namespace

CommittedLogger::CommittedLogger(std::unique_ptr<RecordStore> store, const CommitOptions& options,
                                 RecoveredRecords recovered, std::optional<Error> read_only)
    : options_(options),
      store_(std::move(store)),
      index_(std::move(recovered.index)),
      forgotten_before_(store_->first_sequence()),
      accepted_(recovered.last_sequence),
      acknowledged_(recovered.last_sequence),
      synced_(recovered.last_sequence),
      failure_(std::move(read_only)),
      repaired_bytes_(recovered.repaired_bytes) {
  if (!failure_) thread_ = std::thread([this] { run(); });
}

CommittedLogger::~CommittedLogger() {
  {
    const Lock lock(mutex_);
    closing_ = true;
  }
  work_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Result<uint64_t> CommittedLogger::log_step(const StepView& step) {
  TL_RETURN_IF_ERROR(check_record(step));
  Lock lock(mutex_);
  TL_RETURN_IF_ERROR(wait_for_room(lock, store_->encoded_size(&step)));
  const uint64_t sequence = accept_step(step);
  TL_RETURN_IF_ERROR(acknowledge_if_each(lock, sequence));
  return sequence;
}

Status CommittedLogger::log_episode(std::span<const StepView> steps) {
  TL_RETURN_IF_ERROR(check_episode(steps));
  size_t bytes = 0;
  for (const StepView& step : steps) bytes += store_->encoded_size(&step);
  Lock lock(mutex_);
  TL_RETURN_IF_ERROR(wait_for_room(lock, bytes));
  uint64_t newest = 0;
  for (const StepView& step : steps) newest = std::max(newest, accept_step(step));
  return acknowledge_if_each(lock, newest);
}

Status CommittedLogger::log_outcome(const Outcome& outcome) {
  TL_RETURN_IF_ERROR(check_record(outcome));
  const RecordView view = &outcome;
  Lock lock(mutex_);
  TL_RETURN_IF_ERROR(wait_for_room(lock, store_->encoded_size(view)));
  const auto entry = index_.find(outcome.step_id);
  if (!entry) {
    return fail(ErrorCode::kNotFound, "the log holds no step with this id",
                outcome.step_id.to_string());
  }
  if (entry->closed) return acknowledge_if_each(lock, accepted_);
  const uint64_t sequence = accept(view);
  index_.close(outcome.step_id);
  return acknowledge_if_each(lock, sequence);
}

Status CommittedLogger::log_chief_step(const ChiefStep& step) { return log_plain(step); }
Status CommittedLogger::log_transition(const Transition& change) { return log_plain(change); }
Status CommittedLogger::log_event(const LogEvent& event) { return log_plain(event); }

template <typename Record>
Status CommittedLogger::log_plain(const Record& record) {
  TL_RETURN_IF_ERROR(check_record(record));
  const RecordView view = &record;
  Lock lock(mutex_);
  TL_RETURN_IF_ERROR(wait_for_room(lock, store_->encoded_size(view)));
  return acknowledge_if_each(lock, accept(view));
}

/// Waits until the record can be accepted without breaking the bound on unacknowledged bytes.
Status CommittedLogger::wait_for_room(Lock& lock, size_t bytes) {
  while (!failure_) {
    const size_t unacknowledged = buffer_.size() + in_flight_bytes_;
    if (unacknowledged == 0 || unacknowledged + bytes <= options_.batch_bytes) return {};
    hurry_to_ = accepted_;
    work_.notify_one();
    progress_.wait(lock);
  }
  return tl::unexpected<Error>(*failure_);
}

uint64_t CommittedLogger::accept_step(const StepView& step) {
  if (const auto entry = index_.find(step.id)) return entry->sequence;
  const uint64_t sequence = accept(&step);
  index_.insert(step.id, sequence, step.reward.has_value());
  return sequence;
}

uint64_t CommittedLogger::accept(const RecordView& view) {
  const bool was_empty = buffer_.empty();
  const bool was_due = buffer_.size() >= options_.batch_bytes / 2;
  store_->encode(buffer_, ++accepted_, view);
  facts_.add(accepted_, view);
  if (was_empty) pending_since_ = std::chrono::steady_clock::now();
  const bool due = buffer_.size() >= options_.batch_bytes / 2;
  if (was_empty || (due && !was_due)) work_.notify_one();
  return accepted_;
}

Status CommittedLogger::acknowledge_if_each(Lock& lock, uint64_t sequence) {
  if (options_.durability != Durability::kEach) return {};
  return wait_acknowledged(lock, sequence);
}

Status CommittedLogger::wait_acknowledged(Lock& lock, uint64_t sequence) {
  while (acknowledged_ < sequence) {
    if (failure_) return tl::unexpected<Error>(*failure_);
    commit_or_wait(lock);
  }
  return {};
}

/// Who waits commits for all, unless somebody is at it: a hand-over to the commit thread and back would
/// cost a step that waits as much as a fast disk's sync.
void CommittedLogger::commit_or_wait(Lock& lock) {
  if (committing_) {
    progress_.wait(lock);
  } else {
    commit(lock);
  }
}

Status CommittedLogger::flush() {
  Lock lock(mutex_);
  const uint64_t target = accepted_;
  while (synced_ < target) {
    if (failure_) return tl::unexpected<Error>(*failure_);
    sync_to_ = std::max(sync_to_, target);
    commit_or_wait(lock);
  }
  return {};
}

uint64_t CommittedLogger::last_sequence() const {
  const Lock lock(mutex_);
  return accepted_;
}

uint64_t CommittedLogger::durable_sequence() const {
  const Lock lock(mutex_);
  return acknowledged_;
}

Status CommittedLogger::wait_durable(uint64_t sequence) {
  Lock lock(mutex_);
  if (sequence > accepted_) {
    return fail(ErrorCode::kInvalidArgument,
                "no record has the number " + std::to_string(sequence) + " yet", "sequence",
                "the newest is " + std::to_string(accepted_));
  }
  return wait_acknowledged(lock, sequence);
}

Status CommittedLogger::replay(const ReplayOptions& options, const ReplayVisitor& visitor) {
  Status flushed = flush();
  if (!flushed && flushed.error().code != ErrorCode::kUnavailable) return flushed;
  // A logger that can no longer write shows what it acknowledged.
  return store_->replay(options, durable_sequence(), visitor);
}

Result<LogStats> CommittedLogger::stats() {
  LogStats stats;
  Lock lock(mutex_);
  while (committing_) progress_.wait(lock);  // What is on its way is nobody's to count.
  store_->describe(stats);
  stats.records += facts_.counts;
  for (const auto& [source, count] : facts_.sources) stats.steps_by_source[source] += count;
  stats.open_steps = index_.open_steps();
  stats.index_bytes = index_.size_bytes();
  stats.last_sequence = accepted_;
  stats.durable_sequence = acknowledged_;
  stats.repaired_bytes = repaired_bytes_;
  if (stats.records.total() > 0 && stats.first_sequence == 0) {
    stats.first_sequence = facts_.first_sequence;
  }
  if (failure_) stats.read_only_reason = to_string(*failure_);
  return stats;
}

Status CommittedLogger::with_idle_store(const std::function<Status(uint64_t)>& work) {
  Lock lock(mutex_);
  while (true) {
    if (failure_) return tl::unexpected<Error>(*failure_);
    if (!committing_ && buffer_.empty() && synced_ >= accepted_) break;
    sync_to_ = accepted_;
    commit_or_wait(lock);
  }
  committing_ = true;
  const uint64_t next_sequence = accepted_ + 1;
  lock.unlock();
  const Status status = work(next_sequence);
  lock.lock();
  committing_ = false;
  forget_removed();
  if (!status) failure_ = read_only_error(status.error());
  work_.notify_one();
  progress_.notify_all();
  return status;
}

Status CommittedLogger::clear() {
  return with_idle_store([this](uint64_t next_sequence) { return store_->clear(next_sequence); });
}

void CommittedLogger::run() {
  Lock lock(mutex_);
  while (!closing_) {
    if (committing_ || failure_ || (buffer_.empty() && sync_to_ <= synced_)) {
      work_.wait(lock);
    } else if (is_due()) {
      commit(lock);
    } else {
      work_.wait_until(lock, pending_since_ + options_.batch_interval);
    }
  }
  while (committing_) progress_.wait(lock);
  sync_to_ = accepted_;
  if (!failure_) commit(lock);
  if (!failure_) static_cast<void>(store_->close());  // All is safe already; only the mark is missing.
}

bool CommittedLogger::is_due() const {
  return buffer_.size() >= options_.batch_bytes / 2 || hurry_to_ > acknowledged_ ||
         sync_to_ > synced_ ||
         std::chrono::steady_clock::now() >= pending_since_ + options_.batch_interval;
}

void CommittedLogger::commit(Lock& lock) {
  std::vector<std::byte> batch = std::move(spare_);
  batch.clear();
  batch.swap(buffer_);
  BatchFacts facts = std::move(facts_);
  facts_ = {};
  const bool sync = options_.durability != Durability::kNone || sync_to_ > synced_;
  const uint64_t target = accepted_;
  committing_ = true;
  in_flight_bytes_ = batch.size();

  lock.unlock();
  const Status status = store_->commit(batch, facts, sync);
  if (!status) store_->cut();
  lock.lock();

  committing_ = false;
  in_flight_bytes_ = 0;
  spare_ = std::move(batch);
  if (status) {
    acknowledged_ = target;
    if (sync) synced_ = target;
    forget_removed();
  } else {
    failure_ = read_only_error(status.error());
    buffer_.clear();
    facts_ = {};
  }
  progress_.notify_all();
  if (!buffer_.empty()) work_.notify_one();  // What came meanwhile has its own deadline.
}

void CommittedLogger::forget_removed() {
  const uint64_t first = store_->first_sequence();
  if (first <= forgotten_before_) return;
  index_.forget_before(first);
  forgotten_before_ = first;
}

}  // namespace thunderline::thunderbolt
