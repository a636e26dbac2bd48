#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "thunderline/thunderbit/ref_counted.h"

namespace thunderline::thunderbit {

/// Immutable text whose copies share one buffer: many bits of one owner cost one string, and large
/// content is never copied. Two words; the empty text owns nothing. Compares by value.
/// Thread-safety: copies may be used by different threads.
class SharedText {
 public:
  SharedText() = default;

  /// Copies `text`, which may hold any bytes.
  template <typename Text>
    requires(std::convertible_to<const Text&, std::string_view>)
  SharedText(const Text& text)  // NOLINT: text is text
      : SharedText(std::string_view(text), 0) {}

  SharedText(const SharedText& other) : block_(other.block_), size_(other.size_) {
    if (block_ != nullptr) block_->retain();
  }
  SharedText(SharedText&& other) noexcept { swap(other); }
  SharedText& operator=(const SharedText& other) {
    // Assigning what is already there is common (the model version of every score) and free.
    if (block_ != other.block_) SharedText(other).swap(*this);
    return *this;
  }
  SharedText& operator=(SharedText&& other) noexcept {
    swap(other);
    return *this;
  }
  ~SharedText() {
    if (block_ != nullptr && block_->release()) free_block(block_);
  }

  void swap(SharedText& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(size_, other.size_);
  }

  /// Lifetime: as long as any copy of this text.
  std::string_view view() const {
    return block_ == nullptr ? std::string_view()
                             : std::string_view(reinterpret_cast<const char*>(block_ + 1), size_);
  }
  std::string to_string() const { return std::string(view()); }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// True when both stand on one buffer (or both are empty).
  bool shares_with(const SharedText& other) const { return block_ == other.block_; }

  friend bool operator==(const SharedText& a, const SharedText& b) {
    return a.block_ == b.block_ || a.view() == b.view();
  }
  template <typename Text>
    requires(std::convertible_to<const Text&, std::string_view>)
  friend bool operator==(const SharedText& a, const Text& b) {
    return a.view() == std::string_view(b);
  }

 private:
  /// Head of the buffer; the characters follow it.
  struct Block : RefCounted {};

  SharedText(std::string_view text, int);
  static void free_block(Block* block);

  Block* block_ = nullptr;
  size_t size_ = 0;
};

}  // namespace thunderline::thunderbit
