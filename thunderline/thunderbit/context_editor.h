#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "thunderline/thunderbit/context.h"

namespace thunderline::thunderbit {

/// The one place that changes a context: the verbs, compaction and the JSON reader stand on it. It
/// keeps totals, link counts and depths true, and checks nothing: callers refuse what is not
/// allowed before they edit. Lifetime: the context must outlive it. Thread-safety: one thread.
class ContextEditor {
 public:
  explicit ContextEditor(Context& context) : context_(context) {}

  /// Precondition: the id is new here. Kind, owner and zone are shared with other bits' equal ones.
  BitRef add_bit(Bit bit);

  /// Runs `change` on the bit and keeps the totals true. Precondition: `change` leaves id, category
  /// and spawn time as they are, and does not retire.
  template <typename Change>
  void change_bit(BitRef ref, Change&& change) {
    Bit& bit = context_.bits_.write(ref.slot);
    count_out(bit);
    std::forward<Change>(change)(bit);
    share_texts(bit);
    count_in(bit);
  }

  /// Marks the bit retired; its links count no more.
  void retire_bit(BitRef ref);

  /// Gives many bits their scores in one pass. Precondition: the bits exist.
  template <typename Updates>
  void set_scores(const Updates& updates) {
    Context::Bits::Writer bits(context_.bits_);
    for (const auto& update : updates) {
      Bit& bit = bits.at(update.bit.slot);
      bit.score = update.score;
      bit.last_evaluated_tick = context_.tick_;
    }
  }

  /// Links two bits; raises the depths that the link raises. A link whose target already leads to
  /// its source is kept, marked, and raises none. Precondition: both live, not linked so yet.
  /// O(log n) and the bits whose depth changes: building a chain from its root touches one a link.
  void add_edge(BitRef from, BitRef to, Relation relation);

  /// `context` without its retired bits; see `compact`.
  static Compacted compacted(const Context& context);

  /// Puts back a link as it was, its depth and cycle already known.
  void restore_edge(BitRef from, BitRef to, Relation relation, bool closes_cycle);
  void restore_depth(BitRef ref, uint32_t depth);
  void restore_clock(int64_t tick, uint32_t generation);
  /// Precondition: as many events as are kept of `event_count`, with the sequences that those have.
  void restore_log(const std::vector<ContextEvent>& events, uint64_t event_count);

  void set_options(ContextOptions options);
  void advance_tick(uint32_t ticks) { context_.tick_ += ticks; }
  void log(Verb verb, const Uuid& bit, SharedText detail);

 private:
  void share_texts(Bit& bit);
  void share(SharedText& text);
  void count_in(const Bit& bit);
  void count_out(const Bit& bit);
  void append_edge(uint32_t from, uint32_t to, Relation relation, bool closes_cycle);
  bool raise_depths(uint32_t from, uint32_t to);
  bool is_live(uint32_t slot) const;

  Context& context_;
};

}  // namespace thunderline::thunderbit
