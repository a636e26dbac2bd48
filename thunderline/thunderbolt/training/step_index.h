#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "thunderline/base/uuid.h"

namespace thunderline::thunderbolt {

/// Which steps a log holds, by id: the sequence number of each and whether it is closed.
///
/// An open-addressing table of 24 bytes a slot (16 of id, 8 of sequence number and flag) that
/// doubles when it is three quarters full: 32 to 64 bytes a step, nothing that grows with what the
/// steps contain. While it doubles, the old table is there, too. Thread-safety: one thread.
class StepIndex {
 public:
  StepIndex();

  /// What is known of a step.
  struct Entry {
    uint64_t sequence = 0;
    bool closed = false;
  };

  std::optional<Entry> find(const Uuid& id) const;

  /// Adds a step. Precondition: it is not there; 0 < sequence < 2⁶³.
  void insert(const Uuid& id, uint64_t sequence, bool closed);

  /// Marks a step as closed. Precondition: it is there.
  void close(const Uuid& id);

  /// Removes a step, if it is there.
  void erase(const Uuid& id);

  /// Removes every step with a smaller sequence number.
  void forget_before(uint64_t sequence);

  void clear();

  uint64_t size() const { return size_; }
  uint64_t open_steps() const { return size_ - closed_; }
  uint64_t size_bytes() const { return slots_.capacity() * sizeof(Slot); }

 private:
  struct Slot {
    Uuid id;
    uint64_t packed = 0;  // sequence · 2 + closed; 0: empty
  };

  size_t home(const Uuid& id) const { return std::hash<Uuid>{}(id) & (slots_.size() - 1); }
  size_t locate(const Uuid& id) const;
  void place(const Slot& slot);
  void rebuild(size_t slot_count, uint64_t first_sequence);

  std::vector<Slot> slots_;
  uint64_t size_ = 0;
  uint64_t closed_ = 0;
};

}  // namespace thunderline::thunderbolt
