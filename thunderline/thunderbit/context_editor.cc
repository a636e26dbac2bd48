#include "thunderline/thunderbit/context_editor.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <unordered_map>

namespace thunderline::thunderbit {
namespace {

/// Beyond this many distinct texts sharing them stops: a world that makes them up anew for every
/// bit would fill the table for nothing.
constexpr size_t kMaxSharedTexts = 4096;

/// Whole units, so that a sum does not depend on the order in which bits came and went.
int64_t energy_units(float energy) { return std::llround(std::ldexp(energy, 32)); }

}  // namespace

BitRef ContextEditor::add_bit(Bit bit) {
  const BitRef ref = context_.ref_at(context_.bits_.size());
  share_texts(bit);
  count_in(bit);
  context_.slots_.set(bit.id, ref.slot);
  context_.bits_.push_back(std::move(bit));
  context_.links_.push_back({});
  return ref;
}

void ContextEditor::retire_bit(BitRef ref) {
  const Context::LinkNode node = context_.links_.at(ref.slot);
  for (uint32_t index = node.first_in; index != Context::kNone;) {
    const Context::EdgeRecord& edge = context_.edges_.at(index);
    if (edge.first_of_pair && is_live(edge.from)) --context_.links_.write(edge.from).children;
    index = edge.next_in;
  }
  if (node.children != 0) context_.links_.write(ref.slot).children = 0;
  Bit& bit = context_.bits_.write(ref.slot);
  count_out(bit);
  bit.status = BitStatus::kRetired;
  count_in(bit);
}

void ContextEditor::add_edge(BitRef from, BitRef to, Relation relation) {
  const bool closes_cycle = !raise_depths(from.slot, to.slot);
  append_edge(from.slot, to.slot, relation, closes_cycle);
}

Compacted ContextEditor::compacted(const Context& context) {
  Compacted result;
  ContextEditor editor(result.context);
  editor.context_.options_ = context.options_;
  editor.restore_clock(context.tick_, context.generation_ + 1);
  editor.context_.log_ = context.log_;
  editor.context_.event_count_ = context.event_count_;

  std::vector<uint32_t> moved_to(context.bits_.size(), Context::kNone);
  for (auto it = context.bits_.begin(); it != context.bits_.end(); ++it) {
    if (it->status == BitStatus::kRetired) continue;
    const BitRef ref = editor.add_bit(*it);
    editor.restore_depth(ref, context.links_.at(it.index()).depth);
    moved_to[it.index()] = ref.slot;
  }
  for (const Context::EdgeRecord& edge : context.edges_) {
    const uint32_t from = moved_to[edge.from];
    const uint32_t to = moved_to[edge.to];
    if (from == Context::kNone || to == Context::kNone) continue;
    editor.append_edge(from, to, edge.relation, edge.closes_cycle);
  }
  result.dropped_bits = context.size() - result.context.size();
  result.dropped_edges = context.edge_count() - result.context.edge_count();
  return result;
}

void ContextEditor::restore_edge(BitRef from, BitRef to, Relation relation, bool closes_cycle) {
  append_edge(from.slot, to.slot, relation, closes_cycle);
}

void ContextEditor::restore_depth(BitRef ref, uint32_t depth) {
  context_.links_.write(ref.slot).depth = depth;
}

void ContextEditor::restore_clock(int64_t tick, uint32_t generation) {
  context_.tick_ = tick;
  context_.generation_ = generation;
}

void ContextEditor::restore_log(const std::vector<ContextEvent>& events, uint64_t event_count) {
  const uint32_t capacity = context_.options_->event_log_capacity;
  context_.log_ = {};
  for (size_t i = 0; i < events.size(); ++i) context_.log_.push_back({});
  for (const ContextEvent& event : events) {
    context_.log_.write(event.sequence % capacity) = event;
  }
  context_.event_count_ = event_count;
}

void ContextEditor::set_options(ContextOptions options) {
  context_.options_ = std::make_shared<const ContextOptions>(std::move(options));
}

void ContextEditor::log(Verb verb, const Uuid& bit, SharedText detail) {
  const uint32_t capacity = context_.options_->event_log_capacity;
  if (context_.log_.size() < capacity) context_.log_.push_back({});
  context_.log_.write(context_.event_count_ % capacity) = {context_.event_count_, context_.tick_,
                                                           verb, bit, std::move(detail)};
  ++context_.event_count_;
}

void ContextEditor::share_texts(Bit& bit) {
  share(bit.kind);
  share(bit.owner);
  share(bit.zone);
}

void ContextEditor::share(SharedText& text) {
  if (text.empty()) return;
  if (const SharedText* known = context_.texts_.find_key(text)) {
    text = *known;
  } else if (context_.texts_.size() < kMaxSharedTexts) {
    context_.texts_.set(text, true);
  }
}

void ContextEditor::count_in(const Bit& bit) {
  ++context_.counts_[static_cast<size_t>(bit.status)];
  if (bit.status == BitStatus::kActive) context_.energy_units_ += energy_units(bit.energy);
}

void ContextEditor::count_out(const Bit& bit) {
  --context_.counts_[static_cast<size_t>(bit.status)];
  if (bit.status == BitStatus::kActive) context_.energy_units_ -= energy_units(bit.energy);
}

void ContextEditor::append_edge(uint32_t from, uint32_t to, Relation relation, bool closes_cycle) {
  const uint64_t pair = Context::pair_key(from, to);
  const EnumSet<Relation>* known = context_.pairs_.find(pair);
  EnumSet<Relation> relations = known == nullptr ? EnumSet<Relation>{} : *known;
  const bool first_of_pair = relations.empty();
  relations.insert(relation);
  context_.pairs_.set(pair, relations);

  const auto index = static_cast<uint32_t>(context_.edges_.size());
  context_.edges_.push_back(
      {from, to, Context::kNone, Context::kNone, relation, first_of_pair, closes_cycle});
  Context::LinkNode& source = context_.links_.write(from);
  if (source.first_out == Context::kNone) {
    source.first_out = index;
  } else {
    context_.edges_.write(source.last_out).next_out = index;
  }
  source.last_out = index;
  if (first_of_pair && is_live(from) && is_live(to)) ++source.children;
  Context::LinkNode& target = context_.links_.write(to);
  if (target.first_in == Context::kNone) {
    target.first_in = index;
  } else {
    context_.edges_.write(target.last_in).next_in = index;
  }
  target.last_in = index;
}

/// False, with nothing changed, where `to` leads to `from`. Among live bits every link that closes
/// no cycle goes from a lower depth to a higher one; so a walk in the order of the old depths meets
/// each bit once, after all that can raise it, and must come upon `from` if `to` leads there.
bool ContextEditor::raise_depths(uint32_t from, uint32_t to) {
  const uint32_t depth = context_.links_.at(from).depth + 1;
  if (context_.links_.at(to).depth >= depth) return true;

  using Waiting = std::pair<uint32_t, uint32_t>;  // old depth, slot
  std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> waiting;
  std::unordered_map<uint32_t, uint32_t> raised{{to, depth}};
  waiting.emplace(context_.links_.at(to).depth, to);
  while (!waiting.empty()) {
    const uint32_t slot = waiting.top().second;
    waiting.pop();
    const uint32_t next_depth = raised.at(slot) + 1;
    for (uint32_t index = context_.links_.at(slot).first_out; index != Context::kNone;) {
      const Context::EdgeRecord& edge = context_.edges_.at(index);
      index = edge.next_out;
      if (edge.closes_cycle || !is_live(edge.to)) continue;
      if (edge.to == from) return false;
      const uint32_t old_depth = context_.links_.at(edge.to).depth;
      if (old_depth >= next_depth) continue;
      const auto [it, is_new] = raised.try_emplace(edge.to, next_depth);
      if (is_new) waiting.emplace(old_depth, edge.to);
      it->second = std::max(it->second, next_depth);
    }
  }
  for (const auto& [slot, new_depth] : raised) context_.links_.write(slot).depth = new_depth;
  return true;
}

bool ContextEditor::is_live(uint32_t slot) const {
  return context_.bits_.at(slot).status != BitStatus::kRetired;
}

}  // namespace thunderline::thunderbit
