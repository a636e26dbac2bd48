#pragma once

#include <atomic>
#include <chrono>

#include "thunderline/base/clock.h"

namespace thunderline::testing {

/// A clock that moves only when told to. Thread-safety: any thread.
class FakeClock final : public Clock {
 public:
  std::chrono::nanoseconds now() const override { return std::chrono::nanoseconds(now_ns_.load()); }
  int64_t unix_ms() const override { return 1'700'000'000'000 + now_ns_.load() / 1'000'000; }

  void advance(std::chrono::nanoseconds by) { now_ns_.fetch_add(by.count()); }

 private:
  std::atomic<int64_t> now_ns_{0};
};

}  // namespace thunderline::testing
