#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "thunderline/cerebros/train/kernels/gemm.h"

namespace thunderline::cerebros::train {

/// One block of floats, zeroed, on 64 bytes, from which a plan's buffers are cut at compile time.
/// Two passes: `reserve` each buffer, `allocate` once, then `at` turns offsets into addresses.
/// Lifetime: addresses stay valid when the arena is moved. Thread-safety: one thread.
class Arena {
 public:
  /// The offset of a new buffer of at least `count` floats, rounded up to kLanes.
  int64_t reserve(int64_t count) {
    const int64_t offset = size_;
    size_ += padded(count);
    return offset;
  }

  /// Whether there was memory for it.
  [[nodiscard]] bool allocate() {
    block_.reset(static_cast<float*>(
        ::operator new(static_cast<size_t>(size_bytes()), kAlignment, std::nothrow)));
    if (block_ == nullptr) return false;
    std::fill_n(block_.get(), size_, 0.0f);
    return true;
  }

  int64_t size_bytes() const { return size_ * static_cast<int64_t>(sizeof(float)); }

  float* at(int64_t offset) const { return block_.get() + offset; }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(float* block) const { ::operator delete(block, kAlignment); }
  };

  int64_t size_ = 0;
  std::unique_ptr<float, Free> block_;
};

}  // namespace thunderline::cerebros::train
