#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "thunderline/thunderbit/ref_counted.h"

namespace thunderline::thunderbit {

/// A hash map as an immutable-by-sharing value: a trie over the hash's bits (fan-out 16) whose
/// leaves hold a handful of entries. Copying is O(1); `find` and `set` are O(log16 n); a write
/// copies only what other values share. Entries are never removed singly.
/// `Hash` must spread over all 64 bits; keys of equal hash are kept, at a linear cost.
/// Thread-safety: as ChunkedVector.
template <typename Key, typename Value, typename Hash = std::hash<Key>>
class PersistentMap {
 public:
  PersistentMap() = default;
  PersistentMap(const PersistentMap& other) : root_(other.root_), size_(other.size_) {
    if (root_ != nullptr) root_->retain();
  }
  PersistentMap(PersistentMap&& other) noexcept { swap(other); }
  PersistentMap& operator=(PersistentMap other) noexcept {
    swap(other);
    return *this;
  }
  ~PersistentMap() { drop(root_); }

  void swap(PersistentMap& other) noexcept {
    std::swap(root_, other.root_);
    std::swap(size_, other.size_);
  }

  size_t size() const { return size_; }

  /// The value of `key`, or null. `Query` is anything that Hash takes and a Key compares with.
  template <typename Query>
  const Value* find(const Query& key) const {
    const Entry* entry = find_entry(key);
    return entry == nullptr ? nullptr : &entry->value;
  }

  /// The stored key that equals `key`, or null.
  template <typename Query>
  const Key* find_key(const Query& key) const {
    const Entry* entry = find_entry(key);
    return entry == nullptr ? nullptr : &entry->key;
  }

  /// Gives `key` the value `value`, whether it was there or not.
  void set(const Key& key, Value value) {
    const uint64_t hash = Hash{}(key);
    unsigned level = 0;
    Node** slot = &root_;
    while (true) {
      own(*slot);
      if ((*slot)->is_leaf) {
        auto* leaf = static_cast<Leaf*>(*slot);
        if (Entry* entry = leaf->find(key)) {
          entry->value = std::move(value);
          return;
        }
        if (leaf->entries.size() < kLeafLimit || level == kLevels) {
          leaf->entries.push_back({key, std::move(value)});
          ++size_;
          return;
        }
        *slot = split(leaf, level);
      }
      slot = &static_cast<Inner*>(*slot)->children[digit(hash, level)];
      ++level;
    }
  }

 private:
  static constexpr unsigned kBits = 4;
  static constexpr size_t kFan = size_t{1} << kBits;
  static constexpr unsigned kLevels = 64 / kBits;
  static constexpr size_t kLeafLimit = 12;

  struct Entry {
    Key key;
    Value value;
  };
  struct Node : RefCounted {
    explicit Node(bool leaf) : is_leaf(leaf) {}
    const bool is_leaf;
  };
  struct Leaf : Node {
    Leaf() : Node(true) {}
    template <typename Query>
    const Entry* find(const Query& key) const {
      for (const Entry& entry : entries) {
        if (entry.key == key) return &entry;
      }
      return nullptr;
    }
    Entry* find(const Key& key) { return const_cast<Entry*>(std::as_const(*this).find(key)); }
    std::vector<Entry> entries;
  };
  struct Inner : Node {
    Inner() : Node(false) {}
    std::array<Node*, kFan> children{};
  };

  static size_t digit(uint64_t hash, unsigned level) {
    return hash >> (kBits * level) & (kFan - 1);
  }

  template <typename Query>
  const Entry* find_entry(const Query& key) const {
    const uint64_t hash = Hash{}(key);
    const Node* node = root_;
    for (unsigned level = 0; node != nullptr && !node->is_leaf; ++level) {
      node = static_cast<const Inner*>(node)->children[digit(hash, level)];
    }
    return node == nullptr ? nullptr : static_cast<const Leaf*>(node)->find(key);
  }

  /// Deals the entries of `leaf`, which is used up, to the leaves of a new node one level down.
  static Inner* split(Leaf* leaf, unsigned level) {
    auto* inner = new Inner;
    for (Entry& entry : leaf->entries) {
      Node*& child = inner->children[digit(Hash{}(entry.key), level)];
      if (child == nullptr) child = new Leaf;
      static_cast<Leaf*>(child)->entries.push_back(std::move(entry));
    }
    drop(leaf);
    return inner;
  }

  static void own(Node*& node) {
    if (node == nullptr) {
      node = new Leaf;
    } else if (node->is_shared()) {
      Node* copy = clone(node);
      drop(node);
      node = copy;
    }
  }

  static Node* clone(const Node* node) {
    if (node->is_leaf) return new Leaf(*static_cast<const Leaf*>(node));
    auto* copy = new Inner(*static_cast<const Inner*>(node));
    for (Node* child : copy->children) {
      if (child != nullptr) child->retain();
    }
    return copy;
  }

  static void drop(Node* node) {
    if (node == nullptr || !node->release()) return;
    if (node->is_leaf) {
      delete static_cast<Leaf*>(node);
      return;
    }
    auto* inner = static_cast<Inner*>(node);
    for (Node* child : inner->children) drop(child);
    delete inner;
  }

  Node* root_ = nullptr;
  size_t size_ = 0;
};

}  // namespace thunderline::thunderbit
