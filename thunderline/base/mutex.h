#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

// Clang checks these with -Wthread-safety; other compilers see nothing.
#if defined(__clang__)
#define TL_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define TL_THREAD_ANNOTATION(x)
#endif

/// The member may be touched only while `mutex` is held.
#define TL_GUARDED_BY(mutex) TL_THREAD_ANNOTATION(guarded_by(mutex))
/// The caller holds the mutexes.
#define TL_REQUIRES(...) TL_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
/// The caller does not hold the mutexes (the function takes them).
#define TL_EXCLUDES(...) TL_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))

namespace thunderline {

/// `std::mutex` with the annotations that let Clang prove what it guards.
class TL_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() TL_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() TL_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

/// Holds a `Mutex` for a scope.
class TL_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) TL_THREAD_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() TL_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// A condition variable for a `Mutex`. Waits may end early: test the condition in a loop.
class CondVar {
 public:
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

  void wait(Mutex& mutex) TL_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();  // The caller goes on holding it.
  }

  /// Waits until `deadline` at most.
  void wait_until(Mutex& mutex, std::chrono::steady_clock::time_point deadline)
      TL_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait_until(lock, deadline);
    lock.release();
  }

 private:
  std::condition_variable condition_;
};

/// `timeout` from now as a deadline; a timeout too long for the clock means "as good as never".
inline std::chrono::steady_clock::time_point deadline_after(std::chrono::nanoseconds timeout) {
  constexpr std::chrono::hours kAsGoodAsNever{24 * 365};
  const auto now = std::chrono::steady_clock::now();
  if (timeout > kAsGoodAsNever) return now + kAsGoodAsNever;
  return now + timeout;
}

}  // namespace thunderline
