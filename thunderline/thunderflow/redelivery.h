#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/mutex.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderflow/actor.h"
#include "thunderline/thunderflow/lifeline.h"

namespace thunderline::thunderflow {

/// A message that nobody could handle.
template <typename M>
struct DeadLetter {
  M message;
  int tries = 0;
  Error why;  ///< Of the last try.
};

/// The message that an actor's life is at, kept for the next life should this one end within it. A
/// message that ends `max_tries` lives is put aside, so that the others get their turn.
/// Thread-safety: any thread.
template <typename M>
class Redelivery {
 public:
  /// Range: max_tries ≥ 1.
  explicit Redelivery(int max_tries = 3) : max_tries_(max_tries) {}

  /// Takes up a message; the one before it is done with.
  void take(uint64_t generation, M message) TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    holder_ = generation;
    tries_ = 0;
    at_hand_.emplace(std::move(message));
  }

  /// The message that an earlier life left, now this one's; nothing when there is none. One that was
  /// tried often enough is put aside.
  std::optional<M> resume(uint64_t generation) TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (at_hand_ && tries_ >= max_tries_) {
      dead_.push_back({*std::move(at_hand_), tries_, last_error_});
      at_hand_.reset();
    }
    holder_ = generation;
    return at_hand_;
  }

  void begin_try(uint64_t generation) TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (holder_ != generation) return;
    ++tries_;
    last_error_ = {ErrorCode::kUnavailable, "the agent was ended within the message", "", ""};
  }

  /// It is handled. Says nothing for a life that is not the newest holder.
  void done(uint64_t generation) TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (holder_ == generation) at_hand_.reset();
  }

  void failed(uint64_t generation, const Error& why) TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (holder_ == generation) last_error_ = why;
  }

  /// Messages that were put aside, oldest first.
  std::vector<DeadLetter<M>> dead_letters() const TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return dead_;
  }

 private:
  const int max_tries_;
  mutable Mutex mutex_;
  uint64_t holder_ TL_GUARDED_BY(mutex_) = 0;
  int tries_ TL_GUARDED_BY(mutex_) = 0;
  Error last_error_ TL_GUARDED_BY(mutex_){ErrorCode::kInternal, "", "", ""};
  std::optional<M> at_hand_ TL_GUARDED_BY(mutex_);
  std::vector<DeadLetter<M>> dead_ TL_GUARDED_BY(mutex_);
};

/// One life's right to speak: handed to the handler of each message, which may keep copies of it for
/// work beside the messages.
class Lease {
 public:
  Lease(Lifeline& lifeline, uint64_t generation, const Clock& clock)
      : lifeline_(lifeline), generation_(generation), clock_(clock) {}

  /// A sign of life; long work gives one more often than the supervisor's `hang_after`.
  void beat(uint64_t work = Lifeline::kMessages) const {
    lifeline_.beat(generation_, clock_.now(), work);
  }

  /// Work beside the messages is over.
  void rest(uint64_t work) const { lifeline_.rest(generation_, work); }

  /// Runs `act` (short: a push, a write) unless this life was fenced; tells whether it ran.
  template <typename Act>
  bool commit(const Act& act) const {
    return lifeline_.if_current(generation_, act);
  }

 private:
  Lifeline& lifeline_;
  const uint64_t generation_;
  const Clock& clock_;
};

/// What the lives of a redelivering actor share. Lifetime: of all its lives.
template <typename M>
struct AgentMemory {
  Lifeline lifeline;
  Redelivery<M> redelivery;
};

/// An actor whose messages survive its end: one that it ended within comes first in the next life.
/// `M` must be copyable. A handler must be idempotent, for it may see a message again.
template <typename M>
class RedeliveringActor final : public Actor<M> {
 public:
  using Handler =
      std::function<Status(const M& message, const Lease& lease, const std::stop_token& stop)>;

  /// The clock must outlive the actor.
  RedeliveringActor(std::shared_ptr<AgentMemory<M>> memory, Handler handler, const Clock& clock)
      : memory_(std::move(memory)), handler_(std::move(handler)), clock_(clock) {}

  Status on_start() override {
    generation_ = memory_->lifeline.begin_life();
    std::optional<M> left = memory_->redelivery.resume(generation_);
    return left ? handle(*left) : Status{};
  }

  Status on_message(M message) override {
    memory_->redelivery.take(generation_, message);
    return handle(message);
  }

 private:
  Status handle(const M& message) {
    memory_->redelivery.begin_try(generation_);
    const Lease lease(memory_->lifeline, generation_, clock_);
    lease.beat();
    Status status = handler_(message, lease, this->stop_token());
    if (!status) {
      memory_->redelivery.failed(generation_, status.error());
      return status;
    }
    // What a fenced life has done was dropped: its message is the next life's.
    lease.commit([this] { memory_->redelivery.done(generation_); });
    memory_->lifeline.rest(generation_);
    return status;
  }

  std::shared_ptr<AgentMemory<M>> memory_;
  const Handler handler_;
  const Clock& clock_;
  uint64_t generation_ = 0;
};

}  // namespace thunderline::thunderflow
