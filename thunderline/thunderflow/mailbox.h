#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "thunderline/base/mutex.h"
#include "thunderline/base/result.h"

namespace thunderline::thunderflow {

/// A bounded, closable queue between threads, first in first out: what a component is spoken to by.
///
/// Closing refuses new messages and wakes everyone who waits; what is queued can still be popped.
/// Errors: kUnavailable when full or closed, and then the message is left as it was, so that the
/// caller may keep or retry it.
/// Thread-safety: any thread, any number of producers and consumers. Times are real time.
template <typename T>
class Mailbox {
 public:
  /// `capacity`: most messages that wait. Range: at least 1 (0 counts as 1).
  explicit Mailbox(size_t capacity) : capacity_(capacity == 0 ? 1 : capacity) {}

  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Queues the message at once or not at all.
  Status push(T&& message) TL_EXCLUDES(mutex_) {
    std::shared_ptr<const Listener> listener;
    {
      MutexLock lock(mutex_);
      if (closed_) return closed_error();
      if (queue_.size() >= capacity_) return full_error();
      listener = append(std::move(message));
    }
    announce(listener);
    return {};
  }
  Status push(const T& message) { return push(T(message)); }

  /// Queues the message, waiting up to `timeout` for room.
  Status push_wait(T&& message, std::chrono::nanoseconds timeout) TL_EXCLUDES(mutex_) {
    const auto deadline = deadline_after(timeout);
    std::shared_ptr<const Listener> listener;
    {
      MutexLock lock(mutex_);
      while (!closed_ && queue_.size() >= capacity_) {
        if (std::chrono::steady_clock::now() >= deadline) return full_error();
        room_.wait_until(mutex_, deadline);
      }
      if (closed_) return closed_error();
      listener = append(std::move(message));
    }
    announce(listener);
    return {};
  }
  Status push_wait(const T& message, std::chrono::nanoseconds timeout) {
    return push_wait(T(message), timeout);
  }

  /// The oldest message; waits for one. Nothing when the mailbox is closed and empty.
  std::optional<T> pop() TL_EXCLUDES(mutex_) {
    std::optional<T> message;
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !closed_) arrived_.wait(mutex_);
      message = take();
    }
    room_.notify_one();
    return message;
  }

  /// The oldest message; waits up to `timeout` for one. Nothing when there was none in that time.
  std::optional<T> pop(std::chrono::nanoseconds timeout) TL_EXCLUDES(mutex_) {
    const auto deadline = deadline_after(timeout);
    std::optional<T> message;
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !closed_ && std::chrono::steady_clock::now() < deadline) {
        arrived_.wait_until(mutex_, deadline);
      }
      message = take();
    }
    room_.notify_one();
    return message;
  }

  /// The oldest message if there is one.
  std::optional<T> try_pop() TL_EXCLUDES(mutex_) {
    std::optional<T> message;
    {
      MutexLock lock(mutex_);
      message = take();
    }
    room_.notify_one();
    return message;
  }

  /// Takes everything that is queued, oldest first. After `close` this is all there will ever be.
  std::vector<T> drain() TL_EXCLUDES(mutex_) {
    std::deque<T> queue;
    {
      MutexLock lock(mutex_);
      queue.swap(queue_);
    }
    room_.notify_all();
    return {std::make_move_iterator(queue.begin()), std::make_move_iterator(queue.end())};
  }

  /// Refuses new messages from now on. Closing again does nothing.
  void close() TL_EXCLUDES(mutex_) {
    std::shared_ptr<const Listener> listener;
    {
      MutexLock lock(mutex_);
      if (closed_) return;
      closed_ = true;
      listener = listener_;
    }
    arrived_.notify_all();
    room_.notify_all();
    if (listener) (*listener)();
  }

  /// Calls `listener` after each message that arrives and after the close, on the thread that did it,
  /// outside the mailbox's lock; replaces the one before (none: an empty function). A push that is
  /// under way may still call the one before, so hold weakly what it needs. For consumers that do not
  /// wait, such as an actor on an executor.
  void set_listener(std::function<void()> listener) TL_EXCLUDES(mutex_) {
    auto shared = listener ? std::make_shared<const Listener>(std::move(listener)) : nullptr;
    MutexLock lock(mutex_);
    listener_.swap(shared);
  }

  bool closed() const TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return closed_;
  }
  size_t size() const TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return queue_.size();
  }
  size_t capacity() const { return capacity_; }

 private:
  using Listener = std::function<void()>;

  static tl::unexpected<Error> closed_error() {
    return fail(ErrorCode::kUnavailable, "the mailbox is closed", "",
                "its owner has stopped; send nothing more");
  }
  static tl::unexpected<Error> full_error() {
    return fail(ErrorCode::kUnavailable, "the mailbox is full", "", "send again later");
  }

  std::shared_ptr<const Listener> append(T&& message) TL_REQUIRES(mutex_) {
    queue_.push_back(std::move(message));
    return listener_;
  }

  void announce(const std::shared_ptr<const Listener>& listener) {
    arrived_.notify_one();
    if (listener) (*listener)();
  }

  std::optional<T> take() TL_REQUIRES(mutex_) {
    if (queue_.empty()) return std::nullopt;
    std::optional<T> message(std::move(queue_.front()));
    queue_.pop_front();
    return message;
  }

  const size_t capacity_;
  mutable Mutex mutex_;
  CondVar arrived_;
  CondVar room_;
  std::deque<T> queue_ TL_GUARDED_BY(mutex_);
  bool closed_ TL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<const Listener> listener_ TL_GUARDED_BY(mutex_);
};

}  // namespace thunderline::thunderflow
