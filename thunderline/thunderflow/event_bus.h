#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/mutex.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderflow/event_queue.h"
#include "thunderline/thunderflow/event_topic.h"

namespace thunderline::thunderflow {

/// The name of a stream of events of type `T`, e.g. `const Topic<ModelDeployed>
/// kModelDeployed{"ml.model.deployed"}`. One name carries one type.
template <typename T>
struct Topic {
  std::string name;
};

/// One subscriber's events, in the order they were published. Movable; closes at its end.
/// Lifetime: may outlive its bus, which closes it.
/// Thread-safety: any thread; but only one may move or destroy it.
template <typename T>
class Subscription {
 public:
  Subscription(Subscription&&) noexcept = default;
  Subscription& operator=(Subscription&& other) noexcept {
    if (this != &other) {
      close();
      topic_ = std::move(other.topic_);
      queue_ = std::move(other.queue_);
      complete_ = other.complete_;
    }
    return *this;
  }
  ~Subscription() { close(); }

  /// The oldest waiting event; waits up to `timeout` of real time for one. Nothing when none came, or
  /// when the subscription is closed and empty.
  std::optional<Event<T>> pop(std::chrono::nanoseconds timeout) { return queue_->pop(timeout); }

  /// The oldest waiting event if there is one.
  std::optional<Event<T>> try_pop() { return queue_->try_pop(); }

  /// Takes no more events and wakes who waits; what is queued can still be popped.
  void close() {
    if (!queue_ || !queue_->close()) return;
    topic_->remove(queue_);
    queue_->announce();
  }

  bool closed() const { return queue_->closed(); }

  /// Events that wait.
  size_t size() const { return queue_->size(); }

  /// Events this subscriber did not get because its queue was full.
  uint64_t dropped() const { return queue_->dropped(); }

  /// False when `SubscribeOptions::after_sequence` asked for events that are gone.
  bool replay_was_complete() const { return complete_; }

 private:
  friend class EventBus;

  Subscription(std::shared_ptr<EventTopic<T>> topic, std::shared_ptr<EventQueue<T>> queue,
               bool complete)
      : topic_(std::move(topic)), queue_(std::move(queue)), complete_(complete) {}

  std::shared_ptr<EventTopic<T>> topic_;
  std::shared_ptr<EventQueue<T>> queue_;
  bool complete_ = true;
};

/// Carries events from who publishes to everyone who subscribed, within the process. Each topic is
/// one stream: all its subscribers see its events in the order of publishing. Sequence numbers are
/// the bus's own and rise within each topic, so events of several topics can be put in order.
/// A slow subscriber costs only itself (see Overflow), unless it asked for kReject.
/// Errors: kInvalidArgument for an empty topic name and for a name that carries another type;
/// kUnavailable after `close`.
/// Thread-safety: any thread.
class EventBus {
 public:
  struct Options {
    /// Newest events that each topic keeps for `replay`. 0: none.
    size_t replay_capacity = 1024;
  };

  /// `clock` must outlive the bus.
  EventBus(Options options, const Clock& clock) : options_(options), clock_(clock) {}
  explicit EventBus(const Clock& clock) : EventBus(Options{}, clock) {}

  /// As `close`.
  ~EventBus() { close(); }

  EventBus(const EventBus&) = delete;
  EventBus& operator=(const EventBus&) = delete;

  /// Hands `value` to the topic's subscribers and its ring; returns its sequence number.
  /// Errors: also kUnavailable, without any change, when a kReject subscriber is full.
  template <typename T>
  Result<uint64_t> publish(const Topic<T>& topic, std::type_identity_t<T> value) {
    TL_ASSIGN_OR_RETURN(const std::shared_ptr<EventTopic<T>> found, find_or_add(topic));
    return found->publish(std::move(value), sequence_, clock_);
  }

  template <typename T>
  Result<Subscription<T>> subscribe(const Topic<T>& topic, SubscribeOptions options = {}) {
    TL_ASSIGN_OR_RETURN(std::shared_ptr<EventTopic<T>> found, find_or_add(topic));
    auto queue = std::make_shared<EventQueue<T>>(options);
    bool complete = true;
    TL_RETURN_IF_ERROR(found->add(queue, options, sequence_.load(), complete));
    return Subscription<T>(std::move(found), std::move(queue), complete);
  }

  /// The events of the topic after a sequence number that the ring still has.
  template <typename T>
  Result<Replay<T>> replay(const Topic<T>& topic, uint64_t after_sequence) {
    TL_ASSIGN_OR_RETURN(const std::shared_ptr<EventTopic<T>> found, find_or_add(topic));
    return found->replay(after_sequence, sequence_.load());
  }

  /// The newest sequence number given; 0: none yet.
  uint64_t last_sequence() const { return sequence_.load(); }

  /// The topics in order of their names.
  std::vector<TopicInfo> topics() const TL_EXCLUDES(mutex_);

  /// Refuses events and subscriptions from now on and closes every subscription.
  void close() TL_EXCLUDES(mutex_);

 private:
  struct Entry {
    std::type_index type;
    std::shared_ptr<AnyTopic> topic;
  };

  using MakeTopic = std::function<std::shared_ptr<AnyTopic>()>;

  template <typename T>
  Result<std::shared_ptr<EventTopic<T>>> find_or_add(const Topic<T>& topic) {
    TL_ASSIGN_OR_RETURN(std::shared_ptr<AnyTopic> found, find_or_add(topic.name, typeid(T), [&] {
      return std::make_shared<EventTopic<T>>(topic.name, options_.replay_capacity);
    }));
    return std::static_pointer_cast<EventTopic<T>>(std::move(found));
  }

  Result<std::shared_ptr<AnyTopic>> find_or_add(const std::string& name, std::type_index type,
                                                const MakeTopic& make) TL_EXCLUDES(mutex_);

  const Options options_;
  const Clock& clock_;
  std::atomic<uint64_t> sequence_{0};
  mutable Mutex mutex_;
  std::map<std::string, Entry> topics_ TL_GUARDED_BY(mutex_);
  bool closed_ TL_GUARDED_BY(mutex_) = false;
};

}  // namespace thunderline::thunderflow
