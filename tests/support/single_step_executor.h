#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "thunderline/base/mutex.h"
#include "thunderline/thunderflow/executor.h"

namespace thunderline::testing {

/// An executor that runs a task only when told to, on the thread that tells it, in posting order:
/// the same interleaving in every run. Thread-safety: any thread may post.
class SingleStepExecutor final : public thunderflow::Executor {
 public:
  Status post(Task task) override {
    MutexLock lock(mutex_);
    if (closed_) return fail(ErrorCode::kUnavailable, "the executor has stopped");
    queue_.push_back(std::move(task));
    return {};
  }

  bool try_run_one() override { return step(); }

  /// Runs the oldest task; false when there is none.
  bool step() {
    Task task;
    {
      MutexLock lock(mutex_);
      if (queue_.empty()) return false;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
    return true;
  }

  /// Runs tasks, also those that they post, until none is left. Returns how many ran.
  size_t run_until_idle() {
    size_t count = 0;
    while (step()) ++count;
    return count;
  }

  /// Refuses tasks from now on.
  void close() {
    MutexLock lock(mutex_);
    closed_ = true;
  }

  size_t queued() const {
    MutexLock lock(mutex_);
    return queue_.size();
  }

 private:
  mutable Mutex mutex_;
  std::deque<Task> queue_ TL_GUARDED_BY(mutex_);
  bool closed_ TL_GUARDED_BY(mutex_) = false;
};

}  // namespace thunderline::testing
