#include "thunderline/thunderbit/context.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "thunderline/base/random.h"
#include "thunderline/thunderbit/context_editor.h"
#include "thunderline/thunderbit/enum_names.h"

namespace thunderline::thunderbit {
namespace {

constexpr std::string_view kVerbNames[kVerbCount] = {"spawn",  "bind",  "link",  "step",
                                                     "retire", "query", "mutate"};
constexpr uint32_t kMaxEventLog = 65536;
/// Fewer retired bits than this are not worth a pass.
constexpr size_t kMinRetiredToCompact = 1024;

bool in_unit_range(float value) { return value >= 0 && value <= 1; }

Status check_channel_names(const std::vector<std::string>& names) {
  if (names.size() > kMaxChannels) {
    return fail(ErrorCode::kInvalidArgument,
                std::to_string(names.size()) + " channel names, where 16 are allowed",
                "channel_names");
  }
  if (std::set<std::string>(names.begin(), names.end()).size() != names.size()) {
    return fail(ErrorCode::kInvalidArgument, "a channel name stands twice", "channel_names");
  }
  return {};
}

Status check_options(const ContextOptions& options) {
  TL_RETURN_IF_ERROR(check_channel_names(options.channel_names));
  if (!in_unit_range(options.policy.warn_risk) || !in_unit_range(options.policy.veto_risk)) {
    return fail(ErrorCode::kInvalidArgument, "a risk threshold is outside [0, 1]",
                "policy.warn_risk, policy.veto_risk");
  }
  if (options.event_log_capacity < 1 || options.event_log_capacity > kMaxEventLog) {
    return fail(ErrorCode::kInvalidArgument,
                "the log's capacity is outside 1 to " + std::to_string(kMaxEventLog),
                "event_log_capacity");
  }
  return {};
}

}  // namespace

std::string_view name_of(Verb verb) { return kVerbNames[static_cast<size_t>(verb)]; }
Result<Verb> parse_verb(std::string_view name) {
  return parse_enum<Verb>(kVerbNames, name, "verb");
}

size_t Context::PairHash::operator()(uint64_t pair) const { return derive_seed(pair, 0); }

size_t Context::TextHash::operator()(std::string_view text) const {
  return std::hash<std::string_view>{}(text);
}

Context::Context() : options_(std::make_shared<const ContextOptions>()) {}

Result<Context> Context::create(ContextOptions options) {
  return with_options(Context(), std::move(options));
}

const Bit* Context::find(const Uuid& id) const {
  const uint32_t* slot = slots_.find(id);
  return slot == nullptr ? nullptr : &bits_.at(*slot);
}

const Bit* Context::find(BitRef ref) const {
  return names_a_bit(ref) ? &bits_.at(ref.slot) : nullptr;
}

Result<BitRef> Context::resolve(const BitKey& key) const {
  if (key.ref()) {
    if (names_a_bit(*key.ref())) return *key.ref();
    return fail(ErrorCode::kNotFound, "the ref names no bit here",
                "slot " + std::to_string(key.ref()->slot) + ", generation " +
                    std::to_string(key.ref()->generation),
                "refs end with a compaction: look the bit up by its id");
  }
  if (const uint32_t* slot = slots_.find(key.id())) return BitRef{*slot, generation_};
  return fail(ErrorCode::kNotFound, "no such bit", "bit " + key.id().to_string());
}

double Context::total_energy() const { return std::ldexp(static_cast<double>(energy_units_), -32); }

double Context::mean_energy() const {
  return active_count() == 0 ? 0 : total_energy() / static_cast<double>(active_count());
}

Edge Context::edge_value(const EdgeRecord& record) const {
  return {bits_.at(record.from).id, bits_.at(record.to).id, record.relation,
          info(record.relation).strength, record.closes_cycle};
}

std::vector<Edge> Context::edges_from(BitRef ref) const {
  std::vector<Edge> found;
  for (uint32_t i = links_.at(ref.slot).first_out; i != kNone; i = edges_.at(i).next_out) {
    found.push_back(edge_value(edges_.at(i)));
  }
  return found;
}

std::vector<Edge> Context::edges_to(BitRef ref) const {
  std::vector<Edge> found;
  for (uint32_t i = links_.at(ref.slot).first_in; i != kNone; i = edges_.at(i).next_in) {
    found.push_back(edge_value(edges_.at(i)));
  }
  return found;
}

std::vector<BitRef> Context::targets(BitRef ref, Relation relation) const {
  std::vector<BitRef> found;
  for (uint32_t i = links_.at(ref.slot).first_out; i != kNone; i = edges_.at(i).next_out) {
    if (edges_.at(i).relation == relation) found.push_back(ref_at(edges_.at(i).to));
  }
  return found;
}

std::vector<BitRef> Context::sources(BitRef ref, Relation relation) const {
  std::vector<BitRef> found;
  for (uint32_t i = links_.at(ref.slot).first_in; i != kNone; i = edges_.at(i).next_in) {
    if (edges_.at(i).relation == relation) found.push_back(ref_at(edges_.at(i).from));
  }
  return found;
}

std::vector<Edge> Context::edges() const {
  std::vector<Edge> all;
  all.reserve(edges_.size());
  for (const EdgeRecord& record : edges_) all.push_back(edge_value(record));
  return all;
}

bool Context::linked(BitRef from, BitRef to, Relation relation) const {
  if (!names_a_bit(from) || !names_a_bit(to)) return false;
  const EnumSet<Relation>* relations = pairs_.find(pair_key(from.slot, to.slot));
  return relations != nullptr && relations->contains(relation);
}

LinkCounts Context::link_counts(BitRef ref) const { return Reader(*this).link_counts(ref); }

std::vector<ContextEvent> Context::events() const {
  std::vector<ContextEvent> newest;
  newest.reserve(log_.size());
  for (uint64_t sequence = event_count_ - log_.size(); sequence < event_count_; ++sequence) {
    newest.push_back(log_.at(sequence % options_->event_log_capacity));
  }
  return newest;
}

bool Context::operator==(const Context& other) const {
  const bool same_options = options_ == other.options_ || *options_ == *other.options_;
  return same_options && tick_ == other.tick_ && generation_ == other.generation_ &&
         event_count_ == other.event_count_ && energy_units_ == other.energy_units_ &&
         counts_ == other.counts_ && bits_ == other.bits_ && links_ == other.links_ &&
         edges_ == other.edges_ && log_ == other.log_;
}

uint32_t Context::Reader::siblings(uint32_t slot, const LinkNode& node, uint32_t limit) {
  if (node.first_in == kNone || bits_.at(slot).status == BitStatus::kRetired) return 0;
  uint32_t siblings = 0;
  for (uint32_t index = node.first_in; index != kNone && siblings < limit;) {
    const EdgeRecord& edge = edges_.at(index);
    // A retired source has no children left; a live one has at least this bit.
    const uint32_t children = sources_.at(edge.from).children;
    if (edge.first_of_pair && children > 1) siblings += children - 1;
    index = edge.next_in;
  }
  return siblings;
}

Context advance_tick(Context context, uint32_t ticks) {
  ContextEditor(context).advance_tick(ticks);
  return context;
}

Result<Context> with_options(Context context, ContextOptions options) {
  TL_RETURN_IF_ERROR(check_options(options));
  if (context.event_count() != 0 &&
      options.event_log_capacity != context.options().event_log_capacity) {
    return fail(ErrorCode::kRefused, "the log's capacity is fixed once there are events",
                "event_log_capacity");
  }
  ContextEditor(context).set_options(std::move(options));
  return context;
}

Result<Context> with_policy(Context context, Policy policy) {
  ContextOptions options = context.options();
  options.policy = std::move(policy);
  return with_options(std::move(context), std::move(options));
}

Compacted compact(const Context& context) { return ContextEditor::compacted(context); }

bool worth_compacting(const Context& context) {
  const size_t retired = context.count(BitStatus::kRetired);
  return retired >= kMinRetiredToCompact && retired > context.size() / 2;
}

}  // namespace thunderline::thunderbit
