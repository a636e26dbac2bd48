#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "thunderline/base/mutex.h"

namespace thunderline::thunderflow {

/// What the lives of one process share to tell them apart and to see that the present one goes on.
/// Each life has a generation; fencing makes the present one old, and what an old one says later is
/// dropped. Thread-safety: any thread.
class Lifeline {
 public:
  /// The generation of a life that begins; those before it are old.
  uint64_t begin_life() TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    busy_ = false;
    return ++generation_;
  }

  /// Makes the present life an old one if it works and was silent for `limit`; tells whether.
  bool fence_if_silent(std::chrono::nanoseconds now, std::chrono::nanoseconds limit)
      TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!busy_ || now - last_beat_ < limit) return false;
    busy_ = false;
    ++generation_;
    return true;
  }

  /// A sign of life of one that works. Says nothing for an old one.
  void beat(uint64_t generation, std::chrono::nanoseconds now) TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (generation != generation_) return;
    busy_ = true;
    last_beat_ = now;
  }

  /// It waits for work; until its next beat it owes no sign of life.
  void rest(uint64_t generation) TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (generation == generation_) busy_ = false;
  }

  /// Time since the last beat of one that works; 0 for one that rests.
  std::chrono::nanoseconds silent_for(std::chrono::nanoseconds now) const TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return busy_ ? now - last_beat_ : std::chrono::nanoseconds(0);
  }

  /// Runs `act` if this generation is the present one, and tells whether. A fence waits for it, so that
  /// nothing of an old life comes after; `act` must be short and not call this object.
  template <typename Act>
  bool if_current(uint64_t generation, const Act& act) TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (generation != generation_) return false;
    act();
    return true;
  }

 private:
  mutable Mutex mutex_;
  uint64_t generation_ TL_GUARDED_BY(mutex_) = 0;
  bool busy_ TL_GUARDED_BY(mutex_) = false;
  std::chrono::nanoseconds last_beat_ TL_GUARDED_BY(mutex_){0};
};

}  // namespace thunderline::thunderflow
