#include "thunderline/thunderbolt/training/step_index.h"

#include "thunderline/base/result.h"

namespace thunderline::thunderbolt {
namespace {
constexpr size_t kFirstSlots = 1024;
}  // namespace

StepIndex::StepIndex() : slots_(kFirstSlots) {}

size_t StepIndex::locate(const Uuid& id) const {
  size_t at = home(id);
  while (slots_[at].packed != 0 && slots_[at].id != id) at = (at + 1) & (slots_.size() - 1);
  return at;
}

std::optional<StepIndex::Entry> StepIndex::find(const Uuid& id) const {
  const Slot& slot = slots_[locate(id)];
  if (slot.packed == 0) return std::nullopt;
  return Entry{slot.packed >> 1, (slot.packed & 1) != 0};
}

void StepIndex::place(const Slot& slot) {
  slots_[locate(slot.id)] = slot;
  ++size_;
  closed_ += slot.packed & 1;
}

void StepIndex::insert(const Uuid& id, uint64_t sequence, bool closed) {
  if ((size_ + 1) * 4 > slots_.size() * 3) rebuild(slots_.size() * 2, 0);
  place({id, sequence << 1 | (closed ? 1u : 0u)});
}

void StepIndex::close(const Uuid& id) {
  Slot& slot = slots_[locate(id)];
  TL_CHECK(slot.packed != 0);
  closed_ += (slot.packed & 1) == 0 ? 1 : 0;
  slot.packed |= 1;
}

void StepIndex::erase(const Uuid& id) {
  size_t hole = locate(id);
  if (slots_[hole].packed == 0) return;
  --size_;
  closed_ -= slots_[hole].packed & 1;
  // Later slots of the same run move up, so that no search ends at the hole too early.
  const size_t mask = slots_.size() - 1;
  for (size_t at = (hole + 1) & mask; slots_[at].packed != 0; at = (at + 1) & mask) {
    const size_t distance_from_home = (at - home(slots_[at].id)) & mask;
    if (distance_from_home < ((at - hole) & mask)) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = Slot{};
}

void StepIndex::forget_before(uint64_t sequence) { rebuild(slots_.size(), sequence); }

void StepIndex::rebuild(size_t slot_count, uint64_t first_sequence) {
  std::vector<Slot> old(slot_count);
  old.swap(slots_);
  size_ = 0;
  closed_ = 0;
  for (const Slot& slot : old) {
    if (slot.packed != 0 && slot.packed >> 1 >= first_sequence) place(slot);
  }
}

void StepIndex::clear() {
  slots_.assign(kFirstSlots, Slot{});
  slots_.shrink_to_fit();
  size_ = 0;
  closed_ = 0;
}

}  // namespace thunderline::thunderbolt
