#pragma once

#include <atomic>
#include <cstdint>

namespace thunderline::thunderbit {

/// The owner count of a node that several values may share. A node whose count is one may be
/// changed in place by its owner; any other is copied first.
/// Thread-safety: any thread. `is_shared` reads with acquire, so that what former owners did to the
/// node happened before a sole owner writes to it.
class RefCounted {
 public:
  RefCounted() = default;
  /// A copied node begins with an owner of its own.
  RefCounted(const RefCounted&) {}
  RefCounted& operator=(const RefCounted&) = delete;

  void retain() const { owners_.fetch_add(1, std::memory_order_relaxed); }
  /// True when that was the last owner: the caller must free the node.
  bool release() const { return owners_.fetch_sub(1, std::memory_order_acq_rel) == 1; }
  bool is_shared() const { return owners_.load(std::memory_order_acquire) != 1; }

 private:
  mutable std::atomic<uint32_t> owners_{1};
};

}  // namespace thunderline::thunderbit
