#pragma once

#include <chrono>

#include "thunderline/base/clock.h"

namespace thunderline::thunderchief {

/// Measures how long the parts of something take.
class Stopwatch {
 public:
  explicit Stopwatch(const Clock& clock) : clock_(clock), start_(clock.now()) {}

  /// Seconds since the start, or since the lap before.
  double lap() {
    const auto now = clock_.now();
    const std::chrono::duration<double> passed = now - start_;
    start_ = now;
    return passed.count();
  }

 private:
  const Clock& clock_;
  std::chrono::nanoseconds start_;
};

}  // namespace thunderline::thunderchief
