#include "thunderline/thunderflow/executor.h"

#include <algorithm>
#include <utility>

namespace thunderline::thunderflow {

ThreadExecutor::ThreadExecutor(Options options) {
  const size_t count = std::max<size_t>(options.threads, 1);
  threads_.reserve(count);
  for (size_t i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
}

ThreadExecutor::~ThreadExecutor() { stop(); }

Status ThreadExecutor::post(Task task) {
  MutexLock lock(mutex_);
  if (stopped_) return fail(ErrorCode::kUnavailable, "the executor has stopped");
  queue_.push_back(std::move(task));
  // Under the lock: what the task does may end this executor before a later notify.
  arrived_.notify_one();
  return {};
}

void ThreadExecutor::stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  arrived_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

size_t ThreadExecutor::queued() const {
  MutexLock lock(mutex_);
  return queue_.size();
}

uint64_t ThreadExecutor::failed_tasks() const {
  MutexLock lock(mutex_);
  return failed_tasks_;
}

bool ThreadExecutor::next(Task& task) {
  MutexLock lock(mutex_);
  while (queue_.empty() && !stopped_) arrived_.wait(mutex_);
  if (queue_.empty()) return false;
  task = std::move(queue_.front());
  queue_.pop_front();
  return true;
}

void ThreadExecutor::work() {
  for (Task task; next(task);) {
    try {
      task();
    } catch (...) {
      // Ours throw nothing; what a third party threw must not take the thread with it.
      MutexLock lock(mutex_);
      ++failed_tasks_;
    }
    task = nullptr;  // What it holds goes now, not when the next one comes.
  }
}

}  // namespace thunderline::thunderflow
