#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "thunderline/base/mutex.h"

namespace thunderline::thunderflow {

/// What happens to an event when a subscriber's queue is full.
enum class Overflow {
  kDropOldest,  ///< The oldest queued event goes, the new one is queued.
  kDropNewest,  ///< The new event is not queued.
  kReject,      ///< The publisher gets kUnavailable and nobody gets the event.
};

/// One published value. Copying it is cheap: the value is shared by all who see the event.
template <typename T>
struct Event {
  uint64_t sequence = 0;  ///< Rises with every event of the bus, from 1.
  int64_t unix_ms = 0;    ///< When it was published.
  std::shared_ptr<const T> value;

  const T& operator*() const { return *value; }
  const T* operator->() const { return value.get(); }
};

struct SubscribeOptions {
  /// Most events that wait. Range: at least 1 (0 counts as 1).
  size_t capacity = 1024;
  Overflow overflow = Overflow::kDropOldest;
  /// Starts with the events after this sequence number that the topic's ring still has, as if they
  /// were published now; no event can slip between them and the live ones. None: live ones only.
  std::optional<uint64_t> after_sequence = std::nullopt;
  /// Called after events were queued and after the close, on the thread that did it, outside locks:
  /// for consumers that do not wait in `pop`. May be empty. A publish that was under way at the close
  /// may still call it, so hold weakly what it needs.
  std::function<void()> on_ready = nullptr;
};

/// The bounded queue of one subscription. Thread-safety: any thread.
template <typename T>
class EventQueue {
 public:
  explicit EventQueue(SubscribeOptions options)
      : options_(std::move(options)), capacity_(options_.capacity == 0 ? 1 : options_.capacity) {}

  /// Whether an event published now would have to be rejected.
  bool would_reject() const TL_EXCLUDES(mutex_) {
    if (options_.overflow != Overflow::kReject) return false;
    MutexLock lock(mutex_);
    return !closed_ && queue_.size() >= capacity_;
  }

  /// Queues the event, or drops one as the overflow policy says.
  void offer(const Event<T>& event) TL_EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      if (closed_) return;
      if (queue_.size() >= capacity_) {
        ++dropped_;
        if (options_.overflow != Overflow::kDropOldest) return;
        queue_.pop_front();
      }
      queue_.push_back(event);
    }
    arrived_.notify_one();
  }

  std::optional<Event<T>> pop(std::chrono::nanoseconds timeout) TL_EXCLUDES(mutex_) {
    const auto deadline = deadline_after(timeout);
    MutexLock lock(mutex_);
    while (queue_.empty() && !closed_ && std::chrono::steady_clock::now() < deadline) {
      arrived_.wait_until(mutex_, deadline);
    }
    return take();
  }

  std::optional<Event<T>> try_pop() TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return take();
  }

  /// True when this call closed it.
  bool close() TL_EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      if (closed_) return false;
      closed_ = true;
    }
    arrived_.notify_all();
    return true;
  }

  /// Calls the subscriber's `on_ready`. Never under a lock.
  void announce() const {
    if (options_.on_ready) options_.on_ready();
  }
  bool wants_announcement() const { return static_cast<bool>(options_.on_ready); }

  bool closed() const TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return closed_;
  }
  size_t size() const TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return queue_.size();
  }
  uint64_t dropped() const TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return dropped_;
  }

 private:
  std::optional<Event<T>> take() TL_REQUIRES(mutex_) {
    if (queue_.empty()) return std::nullopt;
    std::optional<Event<T>> event(std::move(queue_.front()));
    queue_.pop_front();
    return event;
  }

  const SubscribeOptions options_;
  const size_t capacity_;
  mutable Mutex mutex_;
  CondVar arrived_;
  std::deque<Event<T>> queue_ TL_GUARDED_BY(mutex_);
  bool closed_ TL_GUARDED_BY(mutex_) = false;
  uint64_t dropped_ TL_GUARDED_BY(mutex_) = 0;
};

}  // namespace thunderline::thunderflow
