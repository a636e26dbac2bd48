#pragma once

#include <cstdint>

namespace thunderline::cerebros::train {

/// While it lives, this thread reads and writes denormal numbers as zero; then the thread's own
/// mode is back. Adam's momentum of a dead unit decays into denormals, which are slow. Elsewhere
/// than on x86-64 and arm64 it does nothing.
class FlushToZero {
 public:
  FlushToZero();
  ~FlushToZero();
  FlushToZero(const FlushToZero&) = delete;
  FlushToZero& operator=(const FlushToZero&) = delete;

 private:
  uint64_t previous_ = 0;
};

}  // namespace thunderline::cerebros::train
