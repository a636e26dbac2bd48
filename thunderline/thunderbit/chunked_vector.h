#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

#include "thunderline/thunderbit/ref_counted.h"

namespace thunderline::thunderbit {

/// A growing sequence as an immutable-by-sharing value: a radix tree (fan-out 32) of leaves that
/// hold 2^kLeafBits elements. Copying is O(1); a write copies only the path to one leaf, and
/// nothing when this value is the sole owner of it. `at` and `write` are O(log32 n). `T` must be
/// copyable and default constructible; elements are never removed singly.
/// Thread-safety: values that share nodes may be read, copied, written and destroyed by different
/// threads; one value is for one writer at a time, as with any plain value.
template <typename T, unsigned kLeafBits = 5>
class ChunkedVector {
 public:
  static constexpr size_t kLeafSize = size_t{1} << kLeafBits;

  ChunkedVector() = default;
  ChunkedVector(const ChunkedVector& other)
      : root_(other.root_), size_(other.size_), levels_(other.levels_) {
    if (root_ != nullptr) root_->retain();
  }
  ChunkedVector(ChunkedVector&& other) noexcept { swap(other); }
  ChunkedVector& operator=(ChunkedVector other) noexcept {
    swap(other);
    return *this;
  }
  ~ChunkedVector() { drop(root_, levels_); }

  void swap(ChunkedVector& other) noexcept {
    std::swap(root_, other.root_);
    std::swap(size_, other.size_);
    std::swap(levels_, other.levels_);
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// Precondition: index < size().
  const T& at(size_t index) const { return leaf_of(index)->items[index & kLeafMask]; }

  /// The element to change, after what is shared on its path was copied. Precondition: index <
  /// size().
  T& write(size_t index) { return own_leaf(index)->items[index & kLeafMask]; }

  void push_back(T value) {
    if (size_ == capacity()) grow();
    own_leaf(size_)->items[size_ & kLeafMask] = std::move(value);
    ++size_;
  }

  /// Equal elements in equal order; shared leaves compare in O(1).
  friend bool operator==(const ChunkedVector& a, const ChunkedVector& b) {
    if (a.size_ != b.size_) return false;
    for (size_t start = 0; start < a.size_; start += kLeafSize) {
      const Leaf* left = a.leaf_of(start);
      const Leaf* right = b.leaf_of(start);
      if (left == right) continue;
      for (size_t i = 0; i < kLeafSize && start + i < a.size_; ++i) {
        if (!(left->items[i] == right->items[i])) return false;
      }
    }
    return true;
  }

 private:
  struct Leaf;

 public:
  /// Reads by index, fast when neighbours are asked for in turn.
  /// Lifetime: the vector must outlive it unchanged.
  class Reader {
   public:
    explicit Reader(const ChunkedVector& vector) : vector_(&vector) {}

    const T& at(size_t index) {
      if (index >> kLeafBits != chunk_) {
        chunk_ = index >> kLeafBits;
        leaf_ = vector_->leaf_of(index);
      }
      return leaf_->items[index & kLeafMask];
    }

    /// Asks the memory for an element that will be read soon (by another reader: `at` of this one
    /// is for what is asked for next).
    void prefetch(size_t index) {
      constexpr size_t kCacheLine = 64;
      const char* bytes = reinterpret_cast<const char*>(&at(index));
      for (size_t i = 0; i < sizeof(T); i += kCacheLine) __builtin_prefetch(bytes + i);
    }

   private:
    const ChunkedVector* vector_;
    const Leaf* leaf_ = nullptr;
    size_t chunk_ = SIZE_MAX;
  };

  /// Writes by index, fast when neighbours are written in turn.
  /// Lifetime: the vector must outlive it, and not be copied or changed otherwise meanwhile.
  class Writer {
   public:
    explicit Writer(ChunkedVector& vector) : vector_(&vector) {}

    T& at(size_t index) {
      if (index >> kLeafBits != chunk_) {
        chunk_ = index >> kLeafBits;
        leaf_ = vector_->own_leaf(index);
      }
      return leaf_->items[index & kLeafMask];
    }

   private:
    ChunkedVector* vector_;
    Leaf* leaf_ = nullptr;
    size_t chunk_ = SIZE_MAX;
  };

  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    Iterator() = default;
    Iterator(const ChunkedVector* vector, size_t index) : vector_(vector), index_(index) { load(); }

    const T& operator*() const { return leaf_->items[index_ & kLeafMask]; }
    const T* operator->() const { return &**this; }
    Iterator& operator++() {
      ++index_;
      if ((index_ & kLeafMask) == 0) load();
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

    /// Position of the element in its vector.
    size_t index() const { return index_; }

   private:
    void load() {
      if (index_ < vector_->size_) leaf_ = vector_->leaf_of(index_);
    }

    const ChunkedVector* vector_ = nullptr;
    size_t index_ = 0;
    const Leaf* leaf_ = nullptr;
  };

  Iterator begin() const { return Iterator(this, 0); }
  Iterator end() const { return Iterator(this, size_); }

 private:
  static constexpr size_t kLeafMask = kLeafSize - 1;
  static constexpr unsigned kFanBits = 5;
  static constexpr size_t kFan = size_t{1} << kFanBits;

  struct Node : RefCounted {};
  struct Leaf : Node {
    std::array<T, kLeafSize> items{};
  };
  struct Inner : Node {
    std::array<Node*, kFan> children{};
  };

  size_t capacity() const {
    return root_ == nullptr ? 0 : kLeafSize << (kFanBits * levels_);
  }

  static size_t child_index(size_t index, unsigned level) {
    return index >> (kLeafBits + kFanBits * (level - 1)) & (kFan - 1);
  }

  /// A tree with room for one leaf more at least.
  void grow() {
    if (root_ == nullptr) {
      root_ = new Leaf;
      return;
    }
    auto* above = new Inner;
    above->children[0] = root_;
    root_ = above;
    ++levels_;
  }

  const Leaf* leaf_of(size_t index) const {
    const Node* node = root_;
    for (unsigned level = levels_; level > 0; --level) {
      node = static_cast<const Inner*>(node)->children[child_index(index, level)];
    }
    return static_cast<const Leaf*>(node);
  }

  Leaf* own_leaf(size_t index) {
    Node** slot = &root_;
    for (unsigned level = levels_; level > 0; --level) {
      own(*slot, level);
      slot = &static_cast<Inner*>(*slot)->children[child_index(index, level)];
    }
    own(*slot, 0);
    return static_cast<Leaf*>(*slot);
  }

  /// Makes `node` (empty, shared or owned) one that only this tree owns.
  static void own(Node*& node, unsigned level) {
    if (node == nullptr) {
      node = level == 0 ? static_cast<Node*>(new Leaf) : new Inner;
    } else if (node->is_shared()) {
      Node* copy = clone(node, level);
      drop(node, level);
      node = copy;
    }
  }

  static Node* clone(const Node* node, unsigned level) {
    if (level == 0) return new Leaf(*static_cast<const Leaf*>(node));
    auto* copy = new Inner(*static_cast<const Inner*>(node));
    for (Node* child : copy->children) {
      if (child != nullptr) child->retain();
    }
    return copy;
  }

  static void drop(Node* node, unsigned level) {
    if (node == nullptr || !node->release()) return;
    if (level == 0) {
      delete static_cast<Leaf*>(node);
      return;
    }
    auto* inner = static_cast<Inner*>(node);
    for (Node* child : inner->children) drop(child, level - 1);
    delete inner;
  }

  Node* root_ = nullptr;
  size_t size_ = 0;
  unsigned levels_ = 0;  // inner levels above the leaves
};

}  // namespace thunderline::thunderbit
