#pragma once

#include <chrono>
#include <cstdint>

namespace thunderline {

/// Where time comes from. Passed in by constructor, so that tests can hold it still.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Time since an arbitrary start; never goes back. For intervals and deadlines.
  virtual std::chrono::nanoseconds now() const = 0;

  /// Milliseconds since 1970-01-01 UTC. For records that people read; may jump.
  virtual int64_t unix_ms() const = 0;
};

/// The machine's clocks (CLOCK_MONOTONIC and CLOCK_REALTIME). Thread-safety: any thread.
class SystemClock final : public Clock {
 public:
  std::chrono::nanoseconds now() const override;
  int64_t unix_ms() const override;
};

}  // namespace thunderline
