#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/mutex.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderflow/event_queue.h"

namespace thunderline::thunderflow {

/// What a topic's ring still has after a sequence number.
template <typename T>
struct Replay {
  /// Whether that is everything. False when events after the number have left the ring, or when the
  /// number is one that this bus has not given yet (the reader's number is of another run).
  bool complete = false;
  std::vector<Event<T>> events;  ///< In order.
};

/// Counts of a topic.
struct TopicInfo {
  std::string name;
  size_t subscribers = 0;
  uint64_t published = 0;
  uint64_t rejected = 0;       ///< Publishes refused because a kReject subscriber was full.
  uint64_t last_sequence = 0;  ///< 0: none yet.
};

/// The part of a topic that does not depend on its type.
class AnyTopic {
 public:
  virtual ~AnyTopic() = default;
  virtual void close() = 0;
  virtual TopicInfo info() const = 0;
};

/// One topic of an EventBus: who listens, and the ring of its newest events. One lock orders
/// publishes, so every subscriber sees them in one order. Used through EventBus and Subscription.
/// Thread-safety: any thread.
template <typename T>
class EventTopic final : public AnyTopic {
 public:
  using Queue = EventQueue<T>;

  EventTopic(std::string name, size_t ring_capacity)
      : name_(std::move(name)), ring_capacity_(ring_capacity) {}

  /// Publishes to everyone or, with an error, to no one.
  Result<uint64_t> publish(T value, std::atomic<uint64_t>& sequence, const Clock& clock)
      TL_EXCLUDES(mutex_) {
    Event<T> event;
    event.value = std::make_shared<const T>(std::move(value));
    std::vector<std::shared_ptr<Queue>> announced;
    {
      MutexLock lock(mutex_);
      if (closed_) return fail(ErrorCode::kUnavailable, "the event bus is closed", name_);
      for (const std::shared_ptr<Queue>& queue : queues_) {
        if (!queue->would_reject()) continue;
        ++info_.rejected;
        return fail(ErrorCode::kUnavailable, "a subscriber's queue is full", name_,
                    "publish again later");
      }
      event.sequence = sequence.fetch_add(1) + 1;
      event.unix_ms = clock.unix_ms();
      info_.last_sequence = event.sequence;
      ++info_.published;
      for (const std::shared_ptr<Queue>& queue : queues_) {
        queue->offer(event);
        if (queue->wants_announcement()) announced.push_back(queue);
      }
      keep(event);
    }
    for (const std::shared_ptr<Queue>& queue : announced) queue->announce();
    return event.sequence;
  }

  /// Adds a subscriber; `complete` says whether its replay, if it asked for one, was.
  Status add(const std::shared_ptr<Queue>& queue, const SubscribeOptions& options,
             uint64_t bus_sequence, bool& complete) TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (closed_) return fail(ErrorCode::kUnavailable, "the event bus is closed", name_);
    complete = true;
    if (options.after_sequence) {
      const Replay<T> replay = after(*options.after_sequence, bus_sequence);
      for (const Event<T>& event : replay.events) queue->offer(event);
      complete = replay.complete;
    }
    queues_.push_back(queue);
    return {};
  }

  void remove(const std::shared_ptr<Queue>& queue) TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    queues_.erase(std::remove(queues_.begin(), queues_.end(), queue), queues_.end());
  }

  Replay<T> replay(uint64_t after_sequence, uint64_t bus_sequence) const TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return after(after_sequence, bus_sequence);
  }

  void close() override TL_EXCLUDES(mutex_) {
    std::vector<std::shared_ptr<Queue>> queues;
    {
      MutexLock lock(mutex_);
      closed_ = true;
      queues.swap(queues_);
    }
    for (const std::shared_ptr<Queue>& queue : queues) {
      if (queue->close()) queue->announce();
    }
  }

  TopicInfo info() const override TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    TopicInfo info = info_;
    info.name = name_;
    info.subscribers = queues_.size();
    return info;
  }

 private:
  void keep(const Event<T>& event) TL_REQUIRES(mutex_) {
    ring_.push_back(event);
    if (ring_.size() <= ring_capacity_) return;
    forgotten_ = ring_.front().sequence;
    ring_.pop_front();
  }

  Replay<T> after(uint64_t after_sequence, uint64_t bus_sequence) const TL_REQUIRES(mutex_) {
    Replay<T> replay;
    // The topic may be ahead of what the bus had given when the caller looked.
    const uint64_t newest = std::max(bus_sequence, info_.last_sequence);
    replay.complete = after_sequence >= forgotten_ && after_sequence <= newest;
    const auto first = std::upper_bound(
        ring_.begin(), ring_.end(), after_sequence,
        [](uint64_t sequence, const Event<T>& event) { return sequence < event.sequence; });
    replay.events.assign(first, ring_.end());
    return replay;
  }

  const std::string name_;
  const size_t ring_capacity_;
  mutable Mutex mutex_;
  std::vector<std::shared_ptr<Queue>> queues_ TL_GUARDED_BY(mutex_);
  std::deque<Event<T>> ring_ TL_GUARDED_BY(mutex_);
  uint64_t forgotten_ TL_GUARDED_BY(mutex_) = 0;  // Sequence of the newest event no longer kept.
  TopicInfo info_ TL_GUARDED_BY(mutex_);
  bool closed_ TL_GUARDED_BY(mutex_) = false;
};

}  // namespace thunderline::thunderflow
