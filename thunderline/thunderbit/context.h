#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/base/uuid.h"
#include "thunderline/thunderbit/bit.h"
#include "thunderline/thunderbit/chunked_vector.h"
#include "thunderline/thunderbit/edge.h"
#include "thunderline/thunderbit/persistent_map.h"

namespace thunderline::thunderbit {

/// Names a bit of one context, and of the contexts made from it, in O(1). A compaction moves bits
/// and makes the refs from before it name nothing; ids stay.
struct BitRef {
  uint32_t slot = 0;
  uint32_t generation = 0;  ///< Compactions before it.

  bool operator==(const BitRef&) const = default;
};

/// A bit by its id or by a ref, for verbs that take either.
class BitKey {
 public:
  BitKey(const Uuid& id) : id_(id) {}       // NOLINT: an id is a key
  BitKey(BitRef ref) : ref_(ref) {}         // NOLINT: a ref is a key

  const Uuid& id() const { return id_; }
  const std::optional<BitRef>& ref() const { return ref_; }

 private:
  Uuid id_;
  std::optional<BitRef> ref_;
};

/// Whose bits these are and where they live.
struct Scope {
  SharedText pac_id;
  SharedText graph_id;
  SharedText zone;  ///< Of bits that are spawned without one.

  bool operator==(const Scope&) const = default;
};

/// What is not allowed here, and how strict critics are.
struct Policy {
  CategorySet forbidden_categories;            ///< None of these may be spawned.
  std::vector<std::string> forbidden_actions;  ///< No actuator does these.
  float warn_risk = 0.4f;                      ///< Critics warn from here on. Range: [0, 1].
  float veto_risk = 0.7f;                      ///< Critics veto from here on. Range: [0, 1].

  bool operator==(const Policy&) const = default;
};

using Metadata = std::map<std::string, std::string>;

struct ContextOptions {
  Scope scope;
  Policy policy;
  std::vector<std::string> active_maxims{default_active_maxims().begin(),
                                         default_active_maxims().end()};
  std::vector<std::string> channel_names;  ///< At most 16; the channels' names, in order.
  Metadata metadata;
  uint32_t event_log_capacity = 256;  ///< Events kept. Range: [1, 65536].

  bool operator==(const ContextOptions&) const = default;
};

/// The seven verbs.
enum class Verb : uint8_t { kSpawn, kBind, kLink, kStep, kRetire, kQuery, kMutate };
inline constexpr size_t kVerbCount = 7;
std::string_view name_of(Verb verb);
/// Errors: kInvalidArgument that lists the names there are.
Result<Verb> parse_verb(std::string_view name);

/// One line of a context's log.
struct ContextEvent {
  uint64_t sequence = 0;  ///< Counts from 0 over the context's whole history.
  int64_t tick = 0;
  Verb verb = Verb::kSpawn;
  Uuid bit;  ///< Nil where many bits took part.
  SharedText detail;

  bool operator==(const ContextEvent&) const = default;
};

/// How a bit is linked. Only links between bits that are not retired count, and two bits that are
/// linked by several relations count once.
struct LinkCounts {
  /// Links on the longest path that led here from a root, as links were made: it never falls, also
  /// when bits on that path retire. A link that would close a cycle does not lengthen any path.
  uint32_t depth = 0;
  uint32_t siblings = 0;  ///< Summed over its sources: their other children.
  uint32_t children = 0;  ///< Bits that it links to.

  bool operator==(const LinkCounts&) const = default;
};

/// A field of bits with their links, scope, policies, log and clock, as an immutable value: the
/// verbs (`Protocol`) take one and return a new one. A copy is O(1) and shares everything with its
/// original; moved into a verb, a context that shares nothing is updated in place.
/// Costs: `find(id)` O(log n), `find(ref)` O(log32 n), totals O(1), links of a bit O(its links).
/// Thread-safety: a context may be read from any thread, and its copies handed to others, while
/// verbs make new ones of it.
class Context {
 public:
  using Bits = ChunkedVector<Bit>;

  /// An empty context with default options.
  Context();
  /// Errors: kInvalidArgument for an option outside its range.
  static Result<Context> create(ContextOptions options);

  const Scope& scope() const { return options_->scope; }
  const Policy& policy() const { return options_->policy; }
  std::span<const std::string> active_maxims() const { return options_->active_maxims; }
  std::span<const std::string> channel_names() const { return options_->channel_names; }
  const Metadata& metadata() const { return options_->metadata; }
  const ContextOptions& options() const { return *options_; }
  int64_t tick() const { return tick_; }

  /// All bits, retired ones too until the next compaction, in the order they were spawned.
  const Bits& bits() const { return bits_; }
  size_t size() const { return bits_.size(); }
  size_t edge_count() const { return edges_.size(); }

  /// Null where there is no such bit. Lifetime: as long as this context is neither changed nor
  /// freed.
  const Bit* find(const Uuid& id) const;
  const Bit* find(BitRef ref) const;
  /// Errors: kNotFound that names the bit.
  Result<BitRef> resolve(const BitKey& key) const;
  /// Precondition: index < size().
  BitRef ref_at(size_t index) const { return {static_cast<uint32_t>(index), generation_}; }

  /// Sum of the energy of the active bits, exact to 2^-33 a bit whatever the order of the changes.
  double total_energy() const;
  /// That sum over the number of active bits; 0 without any.
  double mean_energy() const;
  size_t count(BitStatus status) const { return counts_[static_cast<size_t>(status)]; }
  size_t active_count() const { return count(BitStatus::kActive); }
  size_t pending_count() const { return count(BitStatus::kPending); }

  /// The links from, or to, a bit in the order they were made. Precondition: `ref` names a bit
  /// here.
  std::vector<Edge> edges_from(BitRef ref) const;
  std::vector<Edge> edges_to(BitRef ref) const;
  /// The bits at the other ends. Precondition: `ref` names a bit here.
  std::vector<BitRef> targets(BitRef ref, Relation relation) const;
  std::vector<BitRef> sources(BitRef ref, Relation relation) const;
  /// All links in the order they were made.
  std::vector<Edge> edges() const;
  bool linked(BitRef from, BitRef to, Relation relation) const;
  /// Precondition: `ref` names a bit here.
  LinkCounts link_counts(BitRef ref) const;

  /// The newest events, oldest first, at most `event_log_capacity`.
  std::vector<ContextEvent> events() const;
  /// Events since the beginning, kept or not.
  uint64_t event_count() const { return event_count_; }

  /// Equal in everything a reader can see, refs included.
  bool operator==(const Context& other) const;

  class Reader;

 private:
  friend class ContextEditor;

  static constexpr uint32_t kNone = UINT32_MAX;

  /// The links of the bit of the same slot: heads and tails of its two lists in `edges_`.
  struct LinkNode {
    uint32_t first_out = kNone;
    uint32_t last_out = kNone;
    uint32_t first_in = kNone;
    uint32_t last_in = kNone;
    uint32_t children = 0;
    uint32_t depth = 0;

    bool operator==(const LinkNode&) const = default;
  };

  struct EdgeRecord {
    uint32_t from = 0;
    uint32_t to = 0;
    uint32_t next_out = kNone;  // the next edge of the same source
    uint32_t next_in = kNone;   // the next edge of the same target
    Relation relation = Relation::kFeeds;
    bool first_of_pair = false;  // no edge before it joins the same two
    bool closes_cycle = false;

    bool operator==(const EdgeRecord&) const = default;
  };

  /// Which relations join two bits: slot of the source above slot of the target.
  struct PairHash {
    size_t operator()(uint64_t pair) const;
  };
  struct TextHash {
    size_t operator()(std::string_view text) const;
    size_t operator()(const SharedText& text) const { return (*this)(text.view()); }
  };

  static uint64_t pair_key(uint32_t from, uint32_t to) { return uint64_t{from} << 32 | to; }
  bool names_a_bit(BitRef ref) const {
    return ref.generation == generation_ && ref.slot < bits_.size();
  }
  Edge edge_value(const EdgeRecord& record) const;

  std::shared_ptr<const ContextOptions> options_;
  Bits bits_;
  ChunkedVector<LinkNode, 6> links_;
  ChunkedVector<EdgeRecord, 6> edges_;
  PersistentMap<Uuid, uint32_t> slots_;
  PersistentMap<uint64_t, EnumSet<Relation>, PairHash> pairs_;
  PersistentMap<SharedText, bool, TextHash> texts_;  // kinds, owners and zones that bits share
  ChunkedVector<ContextEvent> log_;                  // a ring
  uint64_t event_count_ = 0;
  int64_t tick_ = 0;
  int64_t energy_units_ = 0;  // of active bits, in 2^-32
  std::array<uint32_t, kBitStatusCount> counts_{};
  uint32_t generation_ = 0;
};

/// Reads many bits of one context, fast when refs rise. Lifetime: the context must outlive it.
/// Thread-safety: one thread.
class Context::Reader {
 public:
  explicit Reader(const Context& context)
      : context_(&context),
        bits_(context.bits_),
        links_(context.links_),
        sources_(context.links_),
        edges_(context.edges_),
        bits_ahead_(context.bits_),
        links_ahead_(context.links_) {}

  /// Asks the memory for a bit that will be read some calls later. A ref that names nothing is
  /// ignored.
  void prefetch(BitRef ref) {
    if (!context_->names_a_bit(ref)) return;
    bits_ahead_.prefetch(ref.slot);
    links_ahead_.prefetch(ref.slot);
  }

  /// Null where `ref` names nothing.
  const Bit* bit(BitRef ref) {
    return context_->names_a_bit(ref) ? &bits_.at(ref.slot) : nullptr;
  }

  /// As Context::link_counts. Counting siblings stops at `sibling_limit` or somewhat above.
  LinkCounts link_counts(BitRef ref, uint32_t sibling_limit = UINT32_MAX) {
    const LinkNode& node = links_.at(ref.slot);
    return {node.depth, siblings(ref.slot, node, sibling_limit), node.children};
  }

 private:
  uint32_t siblings(uint32_t slot, const LinkNode& node, uint32_t limit);

  const Context* context_;
  Bits::Reader bits_;
  ChunkedVector<LinkNode, 6>::Reader links_;
  ChunkedVector<LinkNode, 6>::Reader sources_;
  ChunkedVector<EdgeRecord, 6>::Reader edges_;
  Bits::Reader bits_ahead_;
  ChunkedVector<LinkNode, 6>::Reader links_ahead_;
};

/// The same context at another time: `ticks` later.
Context advance_tick(Context context, uint32_t ticks = 1);

/// The same context with other options. Errors: as Context::create; kRefused for another log
/// capacity.
Result<Context> with_options(Context context, ContextOptions options);
Result<Context> with_policy(Context context, Policy policy);

/// A context after a compaction, and what that dropped.
struct Compacted {
  Context context;
  size_t dropped_bits = 0;
  size_t dropped_edges = 0;
};

/// The same context without its retired bits and their links. Features of the bits that stay do not
/// change; refs from before name nothing. O(bits), hence amortised O(1) a verb when it is done once
/// more than half of the bits are retired (`worth_compacting`).
Compacted compact(const Context& context);

/// Whether more than half of the bits are retired, and enough of them to be worth the pass.
bool worth_compacting(const Context& context);

}  // namespace thunderline::thunderbit
