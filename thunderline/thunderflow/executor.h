#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "thunderline/base/mutex.h"
#include "thunderline/base/result.h"

namespace thunderline::thunderflow {

/// Runs tasks somewhere, some time after they were posted. Components take one by constructor, so
/// that tests can decide when what runs (tests/support/single_step_executor.h).
/// Thread-safety: any thread.
class Executor {
 public:
  using Task = std::function<void()>;

  virtual ~Executor() = default;

  /// Queues the task. Errors: kUnavailable when the executor has stopped; the task then never runs.
  virtual Status post(Task task) = 0;

  /// Lets a thread that waits for posted work do one task of it; false when there was none to do, or
  /// when this executor's own threads do everything.
  virtual bool try_run_one() { return false; }
};

/// An executor with threads of its own: one (the default) runs the tasks in the order they were
/// posted, more start them in that order. The queue is not bounded; who posts bounds his tasks (an
/// actor has one here at most). An exception that escapes a task ends that task only, and is counted.
/// Thread-safety: any thread; but not `stop` or the destructor from one of its own tasks.
class ThreadExecutor final : public Executor {
 public:
  struct Options {
    /// How many threads. Range: at least 1 (0 counts as 1).
    size_t threads = 1;
  };

  explicit ThreadExecutor(Options options);
  ThreadExecutor() : ThreadExecutor(Options{}) {}

  /// As `stop`.
  ~ThreadExecutor() override;

  Status post(Task task) override TL_EXCLUDES(mutex_);

  /// Refuses new tasks, runs those that are queued, joins the threads. Stopping again does nothing.
  void stop() TL_EXCLUDES(mutex_);

  /// Tasks that wait for a thread.
  size_t queued() const TL_EXCLUDES(mutex_);

  /// Tasks that an exception ended.
  uint64_t failed_tasks() const TL_EXCLUDES(mutex_);

 private:
  void work() TL_EXCLUDES(mutex_);
  bool next(Task& task) TL_EXCLUDES(mutex_);

  mutable Mutex mutex_;
  CondVar arrived_;
  std::deque<Task> queue_ TL_GUARDED_BY(mutex_);
  bool stopped_ TL_GUARDED_BY(mutex_) = false;
  uint64_t failed_tasks_ TL_GUARDED_BY(mutex_) = 0;
  std::vector<std::thread> threads_;
};

}  // namespace thunderline::thunderflow
