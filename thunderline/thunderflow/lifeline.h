#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>

#include "thunderline/base/mutex.h"

namespace thunderline::thunderflow {

/// What the lives of one process share to tell them apart and to see that the present one goes on.
/// Each life has a generation; fencing makes the present one old, and what an old one says later is
/// dropped. A life may do several works at once, each with beats of its own: one that is silent is not
/// hidden by the others. Thread-safety: any thread.
class Lifeline {
 public:
  /// The work that is the handling of messages.
  static constexpr uint64_t kMessages = 0;

  /// The generation of a life that begins; those before it are old.
  uint64_t begin_life() TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    beats_.clear();
    return ++generation_;
  }

  /// Makes the present life an old one if a work of it was silent for `limit`; tells whether.
  bool fence_if_silent(std::chrono::nanoseconds now, std::chrono::nanoseconds limit)
      TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (beats_.empty() || silence(now) < limit) return false;
    beats_.clear();
    ++generation_;
    return true;
  }

  /// A sign of life of a work that goes on. Says nothing for an old life.
  void beat(uint64_t generation, std::chrono::nanoseconds now, uint64_t work = kMessages)
      TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (generation == generation_) beats_[work] = now;
  }

  /// The work is over; until its next beat it owes no sign of life.
  void rest(uint64_t generation, uint64_t work = kMessages) TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (generation == generation_) beats_.erase(work);
  }

  /// Time since the last beat of the work that was silent longest; 0 for a life that rests.
  std::chrono::nanoseconds silent_for(std::chrono::nanoseconds now) const TL_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return silence(now);
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
  std::chrono::nanoseconds silence(std::chrono::nanoseconds now) const TL_REQUIRES(mutex_) {
    std::chrono::nanoseconds longest{0};
    for (const auto& [work, beat] : beats_) longest = std::max(longest, now - beat);
    return longest;
  }

  mutable Mutex mutex_;
  uint64_t generation_ TL_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, std::chrono::nanoseconds> beats_ TL_GUARDED_BY(mutex_);  ///< By work.
};

}  // namespace thunderline::thunderflow
