#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "thunderline/thunderbolt/training/record_store.h"
#include "thunderline/thunderbolt/training/step_index.h"
#include "thunderline/thunderbolt/training/trajectory_logger.h"

namespace thunderline::thunderbolt {

/// When records are committed.
struct CommitOptions {
  Durability durability = Durability::kBatch;
  std::chrono::milliseconds batch_interval{50};  ///< No record waits longer for its commit to begin.
  /// No more bytes than this are accepted and not acknowledged: callers wait. A commit begins at half
  /// of it, so that one half fills while the other is on its way. A larger record goes alone.
  size_t batch_bytes = size_t{1} << 20;
};

/// What a store held when it was opened.
struct RecoveredRecords {
  StepIndex index;
  uint64_t last_sequence = 0;
  uint64_t repaired_bytes = 0;
};

/// The logger over a `RecordStore`: rules, numbers, index by id, and group commit by a thread of its
/// own. Callers encode into a buffer; the thread, or a caller that waits, writes and syncs it and
/// acknowledges all of it at once. The first failure ends all writing: a sync that failed cannot be tried again, the kernel may
/// have dropped the bytes (as PostgreSQL learnt in 2018, "fsyncgate").
/// Thread-safety: any thread. Lifetime: no call may be running when it is destroyed; what was accepted
/// is committed then.
class CommittedLogger : public TrajectoryLogger {
 public:
  /// With `read_only`, nothing can be logged and that is the reason given.
  CommittedLogger(std::unique_ptr<RecordStore> store, const CommitOptions& options,
                  RecoveredRecords recovered, std::optional<Error> read_only = std::nullopt);
  ~CommittedLogger() override;
  CommittedLogger(const CommittedLogger&) = delete;
  CommittedLogger& operator=(const CommittedLogger&) = delete;

  Result<uint64_t> log_step(const StepView& step) override;
  Status log_episode(std::span<const StepView> steps) override;
  Status log_outcome(const Outcome& outcome) override;
  Status log_chief_step(const ChiefStep& step) override;
  Status log_transition(const Transition& transition) override;
  Status log_event(const LogEvent& event) override;
  Status flush() override;
  uint64_t last_sequence() const override;
  uint64_t durable_sequence() const override;
  Status wait_durable(uint64_t sequence) override;
  Status replay(const ReplayOptions& options, const ReplayVisitor& visitor) override;
  Result<LogStats> stats() override;
  Status clear() override;

 protected:
  /// Runs `work`, which gets the next record's number, on the store while nothing is pending and
  /// nothing is being committed. After it the index forgets what the store no longer holds; a failure
  /// ends all writing, as a failed commit does.
  Status with_idle_store(const std::function<Status(uint64_t next_sequence)>& work);

  RecordStore& store() { return *store_; }

 private:
  using Lock = std::unique_lock<std::mutex>;

  template <typename Record>
  Status log_plain(const Record& record);
  Status wait_for_room(Lock& lock, size_t bytes);
  uint64_t accept_step(const StepView& step);
  uint64_t accept(const RecordView& view);
  Status acknowledge_if_each(Lock& lock, uint64_t sequence);
  Status wait_acknowledged(Lock& lock, uint64_t sequence);
  void commit_or_wait(Lock& lock);
  void run();
  bool is_due() const;
  void commit(Lock& lock);
  void forget_removed();

  const CommitOptions options_;
  const std::unique_ptr<RecordStore> store_;

  mutable std::mutex mutex_;          // guards all below
  std::condition_variable work_;      // wakes the commit thread
  std::condition_variable progress_;  // wakes callers
  StepIndex index_;
  uint64_t forgotten_before_ = 0;
  std::vector<std::byte> buffer_;
  std::vector<std::byte> spare_;  // keeps the memory of the batch before
  BatchFacts facts_;
  std::chrono::steady_clock::time_point pending_since_;
  size_t in_flight_bytes_ = 0;
  bool committing_ = false;
  bool closing_ = false;
  uint64_t accepted_ = 0;
  uint64_t acknowledged_ = 0;
  uint64_t synced_ = 0;
  uint64_t hurry_to_ = 0;  // somebody waits for room until this number is acknowledged
  uint64_t sync_to_ = 0;   // somebody waits for this number to be on disk
  std::optional<Error> failure_;
  const uint64_t repaired_bytes_;

  std::thread thread_;
};

}  // namespace thunderline::thunderbolt
